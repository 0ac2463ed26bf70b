import Broker
import EventLoop
import HTTPClient
import JSON
import JSONLD
import Log
import NGSILD
import Postgres
import Schemas
import Storage
import Subscriptions
import TestSupport
import Testing

/// Runs `body` on an event loop, with a database schema of its own that has all migrations.
func withDatabase(
  _ body: @escaping @Sendable (EventLoop, Connection.Configuration) async throws -> Void
) async throws {
  try await Gate.brokers.pass { try await withSchema(body) }
}

private func withSchema(
  _ body: @escaping @Sendable (EventLoop, Connection.Configuration) async throws -> Void
) async throws {
  let schema = "test_\(UInt64.random(in: 0...(.max)))"
  let configuration = Connection.Configuration(url: try TestDatabase.url(ofSchema: schema))
  try await TestDatabase.withConnection(configuration) { connection, loop async throws in
    try await connection.query("CREATE SCHEMA \(identifier: schema)")
    let migrations = Schemas.migrations.map { number, name, script in
      Migration(number: number, name: name, script: String(decoding: script, as: UTF8.self))
    }
    let outcome: Result<Void, any Error>
    do {
      try await Migrator(migrations, lock: .random(in: 1...(.max))).migrate(configuration, on: loop)
      outcome = .success(try await body(loop, configuration))
    } catch {
      outcome = .failure(error)
    }
    try await drop(schema, on: connection)
    try outcome.get()
  }
}

/// What a broker was doing in the background may end only now; it locks tables in another order.
private func drop(_ schema: String, on connection: Connection) async throws {
  while true {
    do throws(PostgresError) {
      try await connection.query("DROP SCHEMA \(identifier: schema) CASCADE")
      return
    } catch {
      guard error.sqlState?.code == "40P01" else { throw error }
    }
  }
}

/// A broker as a process has it, without its HTTP API.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class BareBroker: @unchecked Sendable {
  let loop: EventLoop
  let broker: Broker
  let service: NotificationService
  private let connections: BrokerConnections
  private let contexts: ContextService
  /// For what a test asks the database.
  var pool: Pool { connections.queries }

  static let tenant: TenantNumber = 1
  static let site = ContextSite(tenantName: "", brokerURL: "http://broker.example")

  static func start(
    on loop: EventLoop, _ database: Connection.Configuration,
    loader: any ContextLoader = NoLoader(),
    _ change: (inout NotificationService.Configuration) -> Void = { _ in }
  ) async throws -> BareBroker {
    var notifications = NotificationService.Configuration()
    notifications.delivery.endpoint.backOffMin = .milliseconds(20)
    notifications.delivery.endpoint.backOffMax = .milliseconds(100)
    notifications.sweepInterval = .milliseconds(50)
    change(&notifications)
    var configuration = BrokerConfiguration(databaseURL: database.url)
    configuration.allowedAddresses = try AddressPolicy(parsing: "loopback")
    let (tables, log) = (BrokerTables(), Log(level: .error))
    let connections = BrokerConnections(configuration, on: loop)
    let contexts = await ContextService.start(configuration, tables: tables, on: loop, log: log)
    let queries = QueryStore(
      names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
      collations: tables.collations, pool: connections.queries, readers: connections.readers)
    let service = try await NotificationService.start(
      notifications, database: database, on: loop, client: connections.client, queries: queries,
      contexts: contexts.resolver(remote: loader), log: log)
    let broker = Broker(
      on: loop, connections: connections, tables: tables, contexts: contexts,
      notifications: service, log: log)
    return BareBroker(broker, service, connections, contexts)
  }

  private init(
    _ broker: Broker, _ service: NotificationService, _ connections: BrokerConnections,
    _ contexts: ContextService
  ) {
    loop = broker.loop
    self.broker = broker
    self.service = service
    self.connections = connections
    self.contexts = contexts
    // A broker lives as long as its loop.
    loop.beforeSleep(.flush) { [broker] in
      withExtendedLifetime(broker) {}
      return nil
    }
  }

  func shutDown() async {
    await service.shutDown()
    await contexts.shutDown()
    await connections.close()
  }

  /// Ends as a crash does: requests break off, nothing is signed off or written down.
  func crash() async {
    service.abandon()
    await contexts.shutDown()
    await connections.close()
  }

  // MARK: Operations

  @discardableResult
  func subscribe(
    to receiver: some Endpoint, id: String = "urn:s:1", entities: String = #"[{"type": "Room"}]"#,
    members: String = "", notification: String = "", endpoint: String = ""
  ) async throws -> Subscription {
    try await broker.createSubscription(
      JSONValue(
        parsing: """
          {"id": "\(id)", "type": "Subscription", "entities": \(entities), \(members)
           "notification": {\(notification)"endpoint": {\(endpoint)"uri": "\(receiver.url)"}}}
          """), context: .core, in: Self.tenant, at: Self.site)
  }

  func updateSubscription(_ fragment: String, id: String = "urn:s:1") async throws {
    try await broker.updateSubscription(
      id, with: JSONValue(parsing: fragment), context: .core, in: Self.tenant,
      at: Self.site)
  }

  func create(_ id: String, _ value: Int, by request: RequestHeaders? = nil) async throws {
    let fragment = try FragmentParser(context: .core, rules: .complete).entity(
      JSONValue(parsing: #"{"type": "Room", "level": \#(value)}"#))
    _ = try await broker.perform(.create(fragment), on: id, in: Self.tenant, by: request)
  }

  func update(_ id: String, _ value: Int) async throws {
    let fragment = try FragmentParser(context: .core, rules: .update).entity(
      JSONValue(parsing: #"{"level": \#(value)}"#))
    _ = try await broker.perform(.updateAttributes(fragment), on: id, in: Self.tenant)
  }

  /// Creates Entities and updates each in turn; the values count up from 0 for each Entity.
  func write(_ ids: [String], times: Int) async throws {
    for value in 0..<times {
      try await withThrowingTaskGroup { group in
        for id in ids {
          group.addTask(executorPreference: self.loop) {
            if value == 0 { try await self.create(id, 0) } else { try await self.update(id, value) }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  // MARK: What the database says

  func count(_ table: String) async throws -> Int {
    try await pool.query("SELECT count(*) FROM \(identifier: table)")[0][0].int
  }

  func record(_ id: String = "urn:s:1") async throws -> DeliveryRecord {
    try await broker.retrieveSubscription(id, in: Self.tenant).record
  }

  /// Waits until nothing is owed any more.
  func outboxIsEmpty() async throws {
    try await until("the outbox is empty") { try await self.count("notification") == 0 }
  }
}

/// Runs `body` with a process and a receiver.
func withProcess(
  _ change: @escaping @Sendable (inout NotificationService.Configuration) -> Void = { _ in },
  _ body: @escaping @Sendable (BareBroker, Receiver) async throws -> Void
) async throws {
  try await withDatabase { loop, database in
    let process = try await BareBroker.start(on: loop, database, change)
    let receiver = try Receiver(on: loop)
    try await body(process, receiver)
    receiver.release()
    await process.shutDown()
    await receiver.close()
  }
}

struct NoLoader: ContextLoader {
  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    throw JSONLDError(.loadingDocumentFailed, "'\(url)' is not available")
  }
}
