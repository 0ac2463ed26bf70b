import Broker
import EventLoop
import HTTPAPI
import HTTPClient
import HTTPServer
import JSONLD
import Log
import Postgres
import Storage

/// What all loops of the process share.
struct Shared: Sendable {
  let configuration: Configuration
  let log: Log
  let metrics: Metrics
  let names: NameTable
  let typesets: TypesetTable
  let tenants: TenantTable
  let contextCache: ContextCache
}

/// One event loop with its own connections, broker and HTTP server.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Worker: @unchecked Sendable {
  private let loop: EventLoop
  private let shared: Shared
  private let writers: Pool
  private let readers: Pool
  private let queries: Pool
  private let client: HTTPClient
  private let broker: Broker
  private var server: HTTPServer?

  init(_ shared: Shared, _ notifications: NotificationService, on loop: EventLoop) {
    self.loop = loop
    self.shared = shared
    let configuration = shared.configuration
    let planned = configuration.connection(settings: EntityStore.sessionSettings)
    writers = Pool(planned, max: configuration.writeConnections, on: loop)
    readers = Pool(planned, max: configuration.readConnections, on: loop)
    var filtering = configuration.connection(
      settings: [
        "plan_cache_mode": "force_custom_plan",
        "statement_timeout": "\(configuration.queryTimeout.components.seconds)s",
      ])
    filtering.cancelsQueries = true
    queries = Pool(filtering, max: configuration.queryConnections, on: loop)
    var limits = HTTPClientConfiguration()
    limits.addressPolicy = configuration.allowedAddresses
    client = HTTPClient(loop: loop, configuration: limits)
    broker = Broker(
      loop: loop,
      contexts: ContextResolver(
        loader: HTTPContextLoader(client: client), cache: shared.contextCache),
      tenants: shared.tenants,
      entities: EntityStore(
        names: shared.names, typesets: shared.typesets, writers: writers, readers: readers),
      queries: QueryStore(names: shared.names, typesets: shared.typesets, pool: queries),
      history: HistoryStore(names: shared.names, pool: queries),
      subscriptions: SubscriptionStore(pool: readers), subscriptionTable: notifications.table,
      notifier: notifications.notifier(pool: readers), log: shared.log)
    broker.writer.batchCommitted = { [metrics = shared.metrics] in
      metrics.batchCommitted(operations: $0)
    }
  }

  /// Listens; requests are answered from now on.
  func serve() throws(HTTPServerError) {
    var limits = HTTPServerConfiguration()
    limits.address = shared.configuration.address
    limits.port = shared.configuration.port
    limits.bodyBytesMax = shared.configuration.bodyBytesMax
    limits.connectionsMax = shared.configuration.connectionsMax
    let operations = OperatorPages(
      metrics: shared.metrics, version: Kontext.version, log: shared.log,
      gauges: { [self] in gauges() },
      databaseProblem: { [self] in await databaseProblem() })
    server = try HTTPServer(
      loop: loop, configuration: limits, responder: API(broker: broker, operations: operations))
  }

  /// Stops accepting, lets requests under way end, and closes what is open.
  func drain() async {
    await server?.drain(grace: shared.configuration.drainTime)
    await server?.shutDown()
    await client.shutDown()
    for pool in [writers, readers, queries] { pool.close() }
  }

  private func databaseProblem() async -> String? {
    do throws(PostgresError) {
      _ = try await readers.query("SELECT 1")
      return nil
    } catch {
      return "not available"
    }
  }

  private func gauges() -> [Metrics.Gauge] {
    [("write", writers), ("read", readers), ("query", queries)].flatMap { name, pool in
      let statistics = pool.statistics
      let labels = "pool=\"\(name)\""
      return [
        Metrics.Gauge(
          "kontext_pool_connections_open", help: "Database connections that are open.",
          labels: labels, value: Double(statistics.open)),
        Metrics.Gauge(
          "kontext_pool_connections_in_use", help: "Database connections with work under way.",
          labels: labels, value: Double(statistics.inUse)),
        Metrics.Gauge(
          "kontext_pool_waiting", help: "Callers that wait for a database connection.",
          labels: labels, value: Double(statistics.waiting)),
      ]
    }
  }
}

extension Configuration {
  /// Where the database is, with settings of a session.
  func connection(settings: [String: String] = [:]) -> Connection.Configuration {
    var connection = Connection.Configuration(url: databaseURL, settings: settings)
    connection.applicationName = "kontext"
    return connection
  }
}

extension Pool {
  fileprivate convenience init(
    _ connection: Connection.Configuration, max: Int, on loop: EventLoop
  ) {
    self.init(Configuration(connection, connectionsMax: max), on: loop)
  }
}
