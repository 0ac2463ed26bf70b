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

  /// Where the brokers of this process keep their tables: a schema of their own, as tests that
  /// migrate must find nothing in `public`.
  package static let brokerURL = Task {
    let schema = "test_broker"
    try await withConnection { connection in
      try await connection.query("DROP SCHEMA IF EXISTS \(identifier: schema) CASCADE")
      try await connection.query("CREATE SCHEMA \(identifier: schema)")
    }
    let url = try configuration().url
    return url + (url.contains("?") ? "&" : "?")
      + "options=-csearch_path%3D\(schema)%2Cpublic%20-cclient_min_messages%3Dwarning"
  }

  /// Runs `body` with a connection to the tables of this process's brokers.
  package static func withBrokerConnection<Result: Sendable>(
    _ body: @Sendable @escaping (Connection) async throws -> Result
  ) async throws -> Result {
    let url = try await brokerURL.value
    return try await withConnection(Connection.Configuration(url: url)) { connection, _ in
      try await body(connection)
    }
  }
}
