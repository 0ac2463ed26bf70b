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
    notifications: NotificationService, log: Log
  ) {
    self.init(
      loop: loop, source: tables.source,
      contexts: ContextResolver(
        loader: HTTPContextLoader(client: connections.client), cache: tables.contexts),
      tenants: tables.tenants,
      entities: EntityStore(
        names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
        writers: connections.writers, readers: connections.readers),
      queries: QueryStore(
        names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
        collations: tables.collations, pool: connections.queries, readers: connections.readers),
      history: HistoryStore(names: tables.names, pool: connections.queries),
      census: CensusStore(
        names: tables.names, typesets: tables.typesets, pool: connections.queries),
      subscriptions: SubscriptionStore(pool: connections.readers),
      subscriptionTable: notifications.table, delivery: notifications.delivery,
      notifier: notifications.notifier(), log: log)
  }
}

extension NotificationService {
  /// The notifications of a process, run on one of its loops.
  package static func start(
    _ configuration: BrokerConfiguration, tables: BrokerTables, client: HTTPClient,
    on loop: EventLoop, log: Log
  ) async throws(PostgresError) -> NotificationService {
    try await start(
      database: configuration.connection(settings: EntityStore.sessionSettings), on: loop,
      client: client,
      contexts: ContextResolver(
        loader: HTTPContextLoader(client: client), cache: tables.contexts),
      log: log)
  }
}
