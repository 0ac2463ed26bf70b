import Postgres
import TestSupport
import Testing

/// Runs `body` with a broker on a server of its own, and a connection to its database.
///
/// - Parameter settings: of the broker's sessions, as libpq's `options` have them.
func withBrokerOfItsOwn(
  settings: String = "",
  _ body: @Sendable @escaping (_ port: UInt16, _ url: String, Connection) async throws -> Void
) async throws {
  let cluster = try await onThread { try PrivateCluster() }
  let broker = try BrokerProcess(databaseURL: "\(cluster.url)&options=\(settings)")
  do {
    try await broker.start()
    let port = broker.port
    let database = Connection.Configuration(url: cluster.url)
    try await TestDatabase.withConnection(database) { connection, _ in
      try await body(port, cluster.url, connection)
    }
  } catch {
    Issue.record(error)
  }
  broker.kill()
  try await onThread { try cluster.remove() }
}

/// Runs `kontext retention` with the words of `line`.
func retention(_ line: String, _ url: String) async throws -> CommandProcess.Outcome {
  let words = line.split(separator: " ").map(String.init)
  return try await CommandProcess.run(["retention"] + words + ["--database-url", url])
}
