import EventLoop
import Postgres
import TestSupport
import Testing

@Suite("Pool")
struct PoolTests {
  private func withPool(
    _ connectionsMax: Int, _ body: @Sendable @escaping (Pool, EventLoop) async throws -> Void
  ) async throws {
    try await withPool(
      Pool.Configuration(TestDatabase.configuration(), connectionsMax: connectionsMax), body)
  }

  private func withPool(
    _ configuration: Pool.Configuration,
    _ body: @Sendable @escaping (Pool, EventLoop) async throws -> Void
  ) async throws {
    try await onEventLoop { loop in
      let pool = Pool(configuration, on: loop)
      defer { pool.close() }
      try await body(pool, loop)
    }
  }

  @Test("connections are opened when needed, up to the bound, and shared by queries")
  func sharing() async throws {
    try await withPool(3) { pool, _ async throws in
      #expect(pool.statistics.open == 0)
      let pids = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<100 {
          group.addTask { try await pool.query("SELECT pg_backend_pid()")[0][0].int }
        }
        return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
      }
      #expect((1...3).contains(pids.count))
      #expect(pool.statistics.inUse == 0)
    }
  }

  @Test("a connection in exclusive use is nobody else's")
  func exclusive() async throws {
    try await withPool(1) { pool, loop async throws in
      let shared = try await pool.withConnection { connection throws(PostgresError) in
        #expect(pool.statistics.inUse == 1)
        let shared = loop.task {
          try await pool.query("SELECT current_setting('kontext.test', true)")[0][0].present?.string
        }
        try await connection.flight(["BEGIN", "SET LOCAL kontext.test = 'inside'"])
        while pool.statistics.waiting == 0 { await Task.yield() }
        try await connection.query("COMMIT")
        return shared
      }
      #expect(try await shared.value != "inside")
    }
  }

  @Test("who waited to share a connection does not run within the transaction of the next")
  func sharingAfterWaiting() async throws {
    try await withPool(1) { pool, loop async throws in
      let shared = try await pool.withConnection { connection throws(PostgresError) in
        let shared = loop.task {
          try await pool.query("SELECT current_setting('kontext.test', true)")[0][0].present?.string
        }
        while pool.statistics.waiting == 0 { await Task.yield() }
        return shared
      }
      // At once, before the one that waited has run.
      try await pool.withConnection { connection throws(PostgresError) in
        try await connection.flight(["BEGIN", "SET LOCAL kontext.test = 'inside'"])
        try await connection.flight(["SELECT 1", "COMMIT"])
      }
      #expect(try await shared.value != "inside")
    }
  }

  @Test("a transaction that is left open is rolled back")
  func abandoned() async throws {
    try await withPool(1) { pool, _ async throws in
      try await pool.withConnection { connection throws(PostgresError) in
        try await connection.flight(["BEGIN", "CREATE TEMP TABLE abandoned (a int8)"])
      }
      let found = try await pool.query("SELECT to_regclass('abandoned')::text")
      #expect(found[0][0].isNull)
    }
  }

  @Test("those who wait are served in order")
  func order() async throws {
    try await withPool(1) { pool, loop async throws in
      nonisolated(unsafe) var served: [Int] = []
      try await pool.withConnection { _ throws(PostgresError) in
        for number in 0..<10 {
          loop.task {
            try await pool.withConnection { _ throws(PostgresError) in served.append(number) }
          }
          while pool.statistics.waiting <= number { await Task.yield() }
        }
      }
      try await pool.withConnection { _ throws(PostgresError) in }
      #expect(served == Array(0..<10))
    }
  }

  @Test("a full queue is refused at once")
  func fullQueue() async throws {
    var configuration = Pool.Configuration(try TestDatabase.configuration(), connectionsMax: 1)
    configuration.waitersMax = 1
    try await withPool(configuration) { pool, loop async throws in
      let waiting = try await pool.withConnection { _ throws(PostgresError) in
        let waiting = loop.task { try await pool.query("SELECT 1")[0][0].int }
        while pool.statistics.waiting == 0 { await Task.yield() }
        let refused = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(refused?.kind == .poolExhausted)
        return waiting
      }
      #expect(try await waiting.value == 1)
      #expect(pool.statistics.refused == 1)
    }
  }

  @Test("who has waited too long is refused")
  func overdue() async throws {
    var configuration = Pool.Configuration(try TestDatabase.configuration(), connectionsMax: 1)
    configuration.waitTimeout = .milliseconds(1)
    try await withPool(configuration) { pool, loop async throws in
      // To open a connection may take longer, and goes on nevertheless.
      while pool.statistics.open == 0 { _ = try? await pool.query("SELECT 1") }
      try await pool.withConnection { _ throws(PostgresError) in
        let overdue = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(overdue?.kind == .poolExhausted)
      }
    }
  }

  @Test("a task that is cancelled leaves the queue")
  func cancelledWaiter() async throws {
    try await withPool(1) { pool, loop async throws in
      try await pool.withConnection { _ throws(PostgresError) in
        let waiting = loop.task { try await pool.query("SELECT 1") }
        while pool.statistics.waiting == 0 { await Task.yield() }
        waiting.cancel()
        let error = await #expect(throws: PostgresError.self) { try await waiting.value }
        #expect(error?.isQueryCanceled == true)
        #expect(pool.statistics.waiting == 0)
      }
    }
  }

  @Test("a connection that broke is replaced")
  func recovery() async throws {
    try await withPool(1) { pool, loop async throws in
      let killer = try await Connection.open(TestDatabase.configuration(), on: loop)
      defer { killer.close() }
      let lock = try await BlockingLock(held: killer)
      let pid = try await pool.query("SELECT pg_backend_pid()")[0][0].int
      let blocked = loop.task {
        try await pool.withConnection { connection throws(PostgresError) in
          try await connection.query(lock.wait)
        }
      }
      let behind = loop.task {
        try await pool.query("SELECT pg_backend_pid()")[0][0].int
      }
      while pool.statistics.waiting == 0 { await Task.yield() }
      try await killer.query("SELECT pg_terminate_backend(\(Int32(pid)))")
      let error = await #expect(throws: PostgresError.self) { try await blocked.value }
      #expect(error?.isConnectionLoss == true)
      #expect(try await behind.value != pid)
      #expect(pool.statistics.open == 1)
    }
  }

  @Test("without a server each caller gets the reason")
  func noServer() async throws {
    let nowhere = Connection.Configuration(url: "postgresql:///kontext?host=/nonexistent")
    try await withPool(Pool.Configuration(nowhere, connectionsMax: 2)) { pool, _ async throws in
      for _ in 0..<3 {
        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error?.isConnectionLoss == true)
      }
      #expect(pool.statistics.open == 0)
    }
  }
}
