import Postgres
import TestSupport
import Testing

@Suite("Cancellation")
struct CancellationTests {
  private func queryConfiguration() throws -> Connection.Configuration {
    var configuration = try TestDatabase.configuration()
    configuration.cancelsQueries = true
    return configuration
  }

  @Test("cancelling the task that waits cancels the query in the server")
  func cancel() async throws {
    let configuration = try queryConfiguration()
    try await TestDatabase.withConnection(configuration) { other, loop async throws in
      let lock = try await BlockingLock(held: other)
      for _ in 0..<20 {
        let connection = try await Connection.open(configuration, on: loop)
        let blocked = loop.task { try await connection.query(lock.wait) }
        while connection.flightCount == 0 { await Task.yield() }
        blocked.cancel()
        let error = await #expect(throws: PostgresError.self) { try await blocked.value }
        #expect(error?.isQueryCanceled == true)
        // The cancel request cannot hit another one.
        await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      }
    }
  }

  @Test("a cancelled query is found behind the statements that are deallocated before it")
  func behindDeallocation() async throws {
    var configuration = try queryConfiguration()
    configuration.statementsMax = 1
    try await TestDatabase.withConnection(configuration) { [configuration] connection, loop in
      let other = try await Connection.open(configuration, on: loop)
      defer { other.close() }
      let lock = try await BlockingLock(held: other)
      for text in ["SELECT 1", "SELECT 2"] as [StaticString] {
        try await connection.query(Statement(text)())
      }
      let blocked = loop.task { try await connection.query(lock.wait) }
      while connection.flightCount == 0 { await Task.yield() }
      while connection.flightCount > 1 { try await other.query("SELECT 1") }
      blocked.cancel()
      let error = await #expect(throws: PostgresError.self) { try await blocked.value }
      #expect(error?.isQueryCanceled == true)
    }
  }

  @Test("a cancelled transaction is rolled back")
  func transaction() async throws {
    let configuration = try queryConfiguration()
    try await TestDatabase.withConnection(configuration) { connection, loop async throws in
      let other = try await Connection.open(configuration, on: loop)
      defer { other.close() }
      let lock = try await BlockingLock(held: other)
      let blocked = loop.task {
        try await connection.flight(["BEGIN", lock.wait, "COMMIT"])
      }
      while connection.flightCount == 0 { await Task.yield() }
      blocked.cancel()
      await #expect(throws: PostgresError.self) { try await blocked.value }
      #expect(!connection.isInTransaction)
    }
  }

  @Test("a cancelled task sends nothing")
  func alreadyCancelled() async throws {
    try await TestDatabase.withConnection(queryConfiguration()) { connection, loop async throws in
      let task = loop.task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await connection.query("SELECT 1")
      }
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.isQueryCanceled == true)
      #expect(connection.flightCount == 0)
    }
  }

  @Test("other connections finish what a cancelled task has sent")
  func unflagged() async throws {
    try await TestDatabase.withConnection(TestDatabase.configuration()) {
      connection, loop async throws in
      let task = loop.task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await connection.query("SELECT 1")[0][0].int
      }
      #expect(try await task.value == 1)
    }
  }
}
