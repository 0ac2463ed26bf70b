package import EventLoop
package import HTTPClient
import JSONLD
package import Log
package import Postgres
import Storage

extension Broker {
  /// The broker of one loop, over its connections.
  package convenience init(
    on loop: EventLoop, connections: BrokerConnections, tables: BrokerTables,
    contexts: ContextService, notifications: NotificationService, log: Log
  ) {
    let library = contexts.library(
      pool: connections.readers,
      remote: HTTPContextLoader(client: connections.client, timeout: connections.contextTimeout))
    let queries = QueryStore(
      names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
      collations: tables.collations, pool: connections.queries, readers: connections.readers)
    let history = HistoryStore(
      names: tables.names, typesets: tables.typesets, queries: connections.queries,
      pool: connections.history, limits: connections.historyLimits)
    self.init(
      loop: loop, source: tables.source, contextLibrary: library, contextService: contexts,
      tenants: tables.tenants,
      entities: EntityStore(
        names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
        keys: tables.keys, writers: connections.writers, readers: connections.readers),
      queries: queries, history: history,
      census: CensusStore(
        names: tables.names, typesets: tables.typesets, pool: connections.queries),
      subscriptions: SubscriptionStore(pool: connections.readers),
      subscriptionTable: notifications.table, registrations: notifications.registrations,
      registrationStore: RegistrationStore(
        names: tables.names, readers: connections.readers, queries: connections.queries),
      delivery: notifications.delivery,
      sources: SourceClient(connections, tables, notifications),
      snapshots: SnapshotService(
        queries: queries, history: history,
        contexts: ContextResolver(loader: library, cache: contexts.cache),
        readers: connections.readers, pool: connections.snapshots,
        limits: connections.snapshotLifetime,
        client: connections.client, on: loop, log: log),
      events: notifications.eventHub(on: loop, pool: connections.readers),
      notifier: notifications.notifier(pool: connections.readers), copies: connections.copies,
      log: log)
    notifications.gatherPeriodic(by: self)
  }
}

extension SourceClient {
  fileprivate init(
    _ connections: BrokerConnections, _ tables: BrokerTables, _ notifications: NotificationService
  ) {
    self.init(
      client: connections.client, registrations: notifications.registrations,
      health: tables.sourceHealth, memory: tables.answerMemory, answers: tables.answerCache,
      credentials: connections.sourceCredentials, tokens: tables.accessTokens,
      timeout: connections.sourceTimeout)
  }
}

extension ContextService {
  /// The contexts of a process, followed on one of its loops.
  package static func start(
    _ configuration: BrokerConfiguration, tables: BrokerTables, on loop: EventLoop, log: Log
  ) async -> ContextService {
    var service = Configuration()
    service.publicURL = configuration.publicURL
    return await start(
      service, database: configuration.connection(), cache: tables.contexts, on: loop, log: log)
  }
}

extension NotificationService {
  /// The notifications of a process, run on the loop of its contexts.
  package static func start(
    _ configuration: BrokerConfiguration, tables: BrokerTables, contexts: ContextService,
    client: HTTPClient, on loop: EventLoop, log: Log
  ) async throws(PostgresError) -> NotificationService {
    let planned = configuration.connection(settings: EntityStore.sessionSettings)
    let pools = [
      configuration.queryPool(max: 1, on: loop), configuration.pool(planned, max: 1, on: loop),
    ]
    let queries = QueryStore(
      names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
      collations: tables.collations, pool: pools[0], readers: pools[1])
    var service = Configuration()
    service.delivery = configuration.delivery
    service.events = configuration.events
    service.mqtt.allowsAddress = { [policy = configuration.allowedAddresses] address in
      IPAddress(parsing: address).map(policy.allows) ?? false
    }
    let loader = HTTPContextLoader(client: client, timeout: configuration.contextTimeout)
    let started = try await start(
      service, database: planned, on: loop, client: client, queries: queries,
      contexts: contexts.resolver(remote: loader), log: log)
    started.ownPools += pools
    return started
  }
}
