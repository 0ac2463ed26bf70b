import Broker
import EventLoop
import HTTPAPI
import HTTPServer
import Log
import Postgres

/// What all loops of the process share.
struct Shared: Sendable {
  let configuration: Configuration
  let log: Log
  let metrics = Metrics()
  let tables = BrokerTables()
}

/// One event loop with its own connections, broker and HTTP server.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Worker: @unchecked Sendable {
  private let loop: EventLoop
  private let shared: Shared
  private let connections: BrokerConnections
  private let notifications: NotificationService
  private let broker: Broker
  private var server: HTTPServer?

  init(
    _ shared: Shared, _ contexts: ContextService, _ notifications: NotificationService,
    on loop: EventLoop
  ) {
    self.loop = loop
    self.shared = shared
    self.notifications = notifications
    connections = BrokerConnections(shared.configuration.broker, on: loop)
    broker = Broker(
      on: loop, connections: connections, tables: shared.tables, contexts: contexts,
      notifications: notifications, log: shared.log)
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
      gauges: { [self] in await gauges() },
      databaseProblem: { [self] in await databaseProblem() })
    server = try HTTPServer(
      loop: loop, configuration: limits,
      responder: API(
        broker: broker, operations: operations, configuration: shared.configuration.api))
  }

  /// What one worker of a process does for all.
  func housekeeping() -> Housekeeping { Housekeeping(broker, pool: connections.background) }

  /// Stops accepting, lets requests under way end, and closes what is open.
  func drain() async {
    broker.events.close()
    await server?.drain(grace: shared.configuration.drainTime)
    await server?.shutDown()
    await connections.close()
  }

  private func databaseProblem() async -> String? {
    do throws(PostgresError) {
      _ = try await connections.readers.query("SELECT 1")
      return nil
    } catch {
      return "not available"
    }
  }

  private func gauges() async -> [Metrics.Gauge] {
    poolGauges() + notificationGauges(await notifications.statistics())
  }

  /// Of the process, not of this worker: without labels, and once in an answer.
  private func notificationGauges(
    _ statistics: NotificationService.Statistics
  ) -> [Metrics.Gauge] {
    var gauges = [
      Metrics.Gauge(
        "kontext_notifications_waiting", help: "Notifications in memory, those under way included.",
        value: Double(statistics.waiting)),
      Metrics.Gauge(
        "kontext_notification_attempts_under_way", help: "Notifications whose answer is awaited.",
        value: Double(statistics.underWay)),
    ]
    guard let outbox = statistics.outbox else { return gauges }
    gauges += [
      Metrics.Gauge(
        "kontext_outbox_notifications", help: "Notifications owed in the database, by any process.",
        value: Double(outbox.count)),
      Metrics.Gauge(
        "kontext_outbox_oldest_seconds", help: "Age of the oldest notification owed.",
        value: outbox.age / .seconds(1)),
      Metrics.Gauge(
        "kontext_dead_letters", help: "Notifications that were given up.",
        value: Double(outbox.dead)),
    ]
    return gauges
  }

  private func poolGauges() -> [Metrics.Gauge] {
    connections.pools.flatMap { name, pool in
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
  var api: APIConfiguration {
    var api = APIConfiguration()
    api.origins = corsOrigins
    api.takesTenantFromFIWAREService = takesTenantFromFIWAREService
    return api
  }

  var broker: BrokerConfiguration {
    var broker = BrokerConfiguration(databaseURL: databaseURL)
    broker.writeConnections = writeConnections
    broker.readConnections = readConnections
    broker.queryConnections = queryConnections
    broker.queryTimeout = queryTimeout
    broker.historyLimits.instancesPerAttribute = historyInstances
    broker.delivery.ageMax = deliveryTime
    broker.delivery.deadLettersMax = deadLettersMax
    broker.snapshotLifetime.longest = snapshotLifetime
    broker.events.keptFor = eventTime
    // The others are for requests that end.
    broker.events.streamsMax = connectionsMax - connectionsMax / 4
    broker.publicURL = publicURL
    broker.allowedAddresses = allowedAddresses
    broker.sourceAlias = sourceAlias
    broker.sourceTimeout = sourceTimeout
    broker.sourceCredentials = sourceCredentials
    return broker
  }
}
