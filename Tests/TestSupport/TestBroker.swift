package import Broker
package import DistributedOperations
package import EventLoop
package import HTTPAPI
package import HTTPClient
package import HTTPServer
import Log
import Postgres
package import Storage

/// A broker in the test process, on an event loop of its own, that also listens on loopback.
///
/// `shared` serves all tests that need no broker of their own; each has a tenant of its own.
package final class TestBroker: Sendable {
  package let loop: EventLoop
  package let tables: BrokerTables
  package let connections: BrokerConnections
  package let contexts: ContextService
  package let notifications: NotificationService
  package let broker: Broker
  package let api: API
  package let client: HTTPClient
  package let port: UInt16
  private let server: HTTPServer
  private let thread: EventLoop.Thread

  /// Lives as long as the process.
  package static func shared() async throws -> TestBroker { try await sharedTask.value }
  private static let sharedTask = Task { try await TestBroker() }

  private struct Parts: Sendable {
    let tables: BrokerTables
    let connections: BrokerConnections
    let contexts: ContextService
    let notifications: NotificationService
    let broker: Broker
    let api: API
    let server: HTTPServer
    let client: HTTPClient
  }

  /// A broker with tables and connections of its own, as another process would have them.
  package init(
    _ limits: HTTPServerConfiguration = HTTPServerConfiguration(),
    api: APIConfiguration = APIConfiguration(), queryTimeout: Duration = .seconds(30),
    history: HistoryLimits = HistoryLimits(), events: EventLimits = EventLimits(),
    credentials: SourceCredentials = SourceCredentials()
  ) async throws {
    let loop = EventLoop()
    thread = loop.start()
    self.loop = loop
    let parts = try await loop.task {
      try await Self.parts(limits, api, queryTimeout, history, events, credentials, on: loop)
    }.value
    tables = parts.tables
    connections = parts.connections
    contexts = parts.contexts
    notifications = parts.notifications
    broker = parts.broker
    self.api = parts.api
    server = parts.server
    client = parts.client
    port = parts.server.port
  }

  private static func parts(
    _ limits: HTTPServerConfiguration, _ apiConfiguration: APIConfiguration,
    _ queryTimeout: Duration, _ history: HistoryLimits, _ events: EventLimits,
    _ credentials: SourceCredentials, on loop: EventLoop
  ) async throws -> Parts {
    var configuration = BrokerConfiguration(databaseURL: try await TestDatabase.schemaURL())
    configuration.writeConnections = 2
    configuration.readConnections = 2
    configuration.queryConnections = 2
    // Tests are many, and clear away what they leave.
    configuration.connectionWait = .seconds(60)
    configuration.queryTimeout = queryTimeout
    configuration.historyLimits = history
    configuration.events = events
    // Sources and what serves contexts are on this very loop, which all tests share.
    configuration.contextTimeout = .seconds(60)
    configuration.sourceTimeout = .seconds(60)
    configuration.sourceConnections = 256
    configuration.sourceCredentials = credentials
    configuration.allowedAddresses = try AddressPolicy(parsing: "loopback")
    let tables = BrokerTables()
    _ = try await tables.prepare(configuration, on: loop)
    let log = Log(level: .error)
    let connections = BrokerConnections(configuration, on: loop)
    let contexts = await ContextService.start(configuration, tables: tables, on: loop, log: log)
    let notifications = try await NotificationService.start(
      configuration, tables: tables, contexts: contexts, client: connections.client, on: loop,
      log: log)
    let broker = Broker(
      on: loop, connections: connections, tables: tables, contexts: contexts,
      notifications: notifications, log: log)
    let operations = OperatorPages(
      metrics: Metrics(), version: "test", log: log, gauges: { [] }, databaseProblem: { nil })
    let api = API(broker: broker, operations: operations, configuration: apiConfiguration)
    var limits = limits
    limits.address = "127.0.0.1"
    let server = try HTTPServer(loop: loop, configuration: limits, responder: api)
    var outside = HTTPClientConfiguration()
    outside.addressPolicy = try AddressPolicy(parsing: "loopback")
    // All tests share it.
    outside.connectionsPerHostMax = 1024
    outside.connectionsMax = 1024
    let client = HTTPClient(loop: loop, configuration: outside)
    return Parts(
      tables: tables, connections: connections, contexts: contexts, notifications: notifications,
      broker: broker, api: api, server: server, client: client)
  }

  /// What a process does in the background, here by hand.
  private var housekeeping: Housekeeping { Housekeeping(broker, pool: connections.background) }

  /// A round of what the broker does in the background. It does so for all tests, and leaves what the
  /// brokers of others have locked to a later round.
  package func housekeep() async throws {
    try await loop.task { await self.housekeeping.round() }.value
  }

  /// Rounds until `condition` holds.
  package func housekeep(
    until what: String, _ condition: () async throws -> Bool
  ) async throws {
    try await until(what) {
      try await housekeep()
      return try await condition()
    }
  }

  /// Removes events and dead letters that are too many or too old.
  package func prune() async throws {
    try await loop.task { try await self.notifications.prune() }.value
  }

  /// Ends everything; the broker cannot be used afterwards.
  package func close() async throws {
    try await loop.task { [self] in
      await server.shutDown()
      await notifications.shutDown()
      await contexts.shutDown()
      await client.shutDown()
      await connections.close()
    }.value
    loop.stop()
    thread.join()
  }
}

/// Runs `body` with a broker of its own, beside the shared one: as two processes on one database.
package func withTestBroker<Result: Sendable>(
  _ limits: HTTPServerConfiguration = HTTPServerConfiguration(),
  api: APIConfiguration = APIConfiguration(), queryTimeout: Duration = .seconds(30),
  history: HistoryLimits = HistoryLimits(), events: EventLimits = EventLimits(),
  credentials: SourceCredentials = SourceCredentials(),
  _ body: (TestBroker) async throws -> Result
) async throws -> Result {
  try await Gate.brokers.pass {
    let broker = try await TestBroker(
      limits, api: api, queryTimeout: queryTimeout, history: history, events: events,
      credentials: credentials)
    do {
      let result = try await body(broker)
      try await broker.close()
      return result
    } catch {
      try await broker.close()
      throw error
    }
  }
}
