import Postgres

/// An advisory lock that one session holds, so that another waits for as long as the test needs.
struct BlockingLock {
  private let key: Int

  init(held connection: Connection) async throws {
    key = Int.random(in: 1...Int.max)
    try await connection.query("SELECT pg_advisory_lock(\(key))")
  }

  /// Blocks until the lock is released.
  var wait: SQL { "SELECT pg_advisory_lock(\(key))" }

  var release: SQL { "SELECT pg_advisory_unlock(\(key))" }
}
