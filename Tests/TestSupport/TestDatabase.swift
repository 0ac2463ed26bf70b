package import EventLoop
import Glibc
package import Postgres

/// The PostgreSQL server that the tests run on.
package enum TestDatabase {
  /// The environment does not say where the server is.
  struct Missing: Error, CustomStringConvertible {
    let description =
      "KONTEXT_TEST_DATABASE_URL is not set; Scripts/test starts a server and sets it"
  }

  /// - Throws: `Missing`, since tests without a server fail.
  package static func configuration(
    settings: [String: String] = [:]
  ) throws -> Connection.Configuration {
    guard let url = getenv("KONTEXT_TEST_DATABASE_URL") else { throw Missing() }
    return Connection.Configuration(url: String(cString: url), settings: settings)
  }

  /// Runs `body` with a connection on an event loop of its own.
  package static func withConnection<Result: Sendable>(
    _ body: @Sendable @escaping (Connection) async throws -> Result
  ) async throws -> Result {
    try await withConnection(configuration()) { connection, _ in try await body(connection) }
  }

  /// Runs `body` with a connection of the given kind, and its event loop.
  package static func withConnection<Result: Sendable>(
    _ configuration: Connection.Configuration,
    _ body: @Sendable @escaping (Connection, EventLoop) async throws -> Result
  ) async throws -> Result {
    try await onEventLoop { loop in
      let connection = try await Connection.open(configuration, on: loop)
      defer { connection.close() }
      return try await body(connection, loop)
    }
  }

  /// The URL of a schema that all test brokers of this process share.
  ///
  /// The schema `public` stays without tables, so that tests which want a schema of their own find
  /// none by accident.
  package static func schemaURL() async throws -> String { try await sharedSchema.value }

  private static let sharedSchema = Task {
    let schema = "test_shared_\(UInt64.random(in: 0...(.max)))"
    try await withConnection { connection in
      _ = try await connection.query("CREATE SCHEMA \(identifier: schema)")
    }
    return try url(ofSchema: schema)
  }

  /// Where tables are looked for in a schema, and made there.
  package static func url(ofSchema schema: String) throws -> String {
    let url = try configuration().url
    let separator = url.contains("?") ? "&" : "?"
    return "\(url)\(separator)options=-csearch_path%3D\(schema),public"
  }

  /// Runs `body` with a connection to the tables of this process's brokers.
  package static func withBrokerConnection<Result: Sendable>(
    _ body: @Sendable @escaping (Connection) async throws -> Result
  ) async throws -> Result {
    let url = try await schemaURL()
    return try await withConnection(Connection.Configuration(url: url)) { connection, _ in
      try await body(connection)
    }
  }

  /// Runs a script that locks a table which brokers of other tests use.
  ///
  /// It never waits long for the lock: whoever comes after a waiting one has to wait as well, and a
  /// broker's writes wait for its reads.
  package static func changeTable(_ script: String) async throws {
    let patient = "BEGIN; SET LOCAL lock_timeout = '200ms'; \(script) COMMIT;"
    while true {
      do {
        return try await withBrokerConnection { try await $0.script(patient) }
      } catch let error as PostgresError where error.sqlState?.code == "55P03" {
        await Task.yield()
      }
    }
  }
}
