import Postgres
import TestSupport
import Testing

@Suite("Transactions")
struct TransactionTests {
  /// A table of this session with the rows 1 and 2.
  private func withTable(_ body: @Sendable @escaping (Connection) async throws -> Void) async throws
  {
    try await TestDatabase.withConnection { connection async throws in
      try await connection.query("CREATE TEMP TABLE t (a int8 PRIMARY KEY, b int8)")
      try await connection.query("INSERT INTO t VALUES (1, 10), (2, 20)")
      try await body(connection)
    }
  }

  private func contents(_ connection: Connection) async throws -> [[Int]] {
    try await connection.query("SELECT a, b FROM t ORDER BY a").map { [$0[0].int, $0[1].int] }
  }

  @Test("two flights make one transaction")
  func flights() async throws {
    try await withTable { connection async throws in
      let locked = try await connection.flight([
        "BEGIN", "SELECT b FROM t WHERE a = \(1) FOR UPDATE",
      ])
      #expect(connection.isInTransaction)
      let old = locked[1][0][0].int
      let written = try await connection.flight([
        "UPDATE t SET b = \(old + 1) WHERE a = \(1)", "INSERT INTO t VALUES (\(3), \(30))",
        "COMMIT",
      ])
      #expect(written.map(\.affected) == [1, 1, 0])
      #expect(!connection.isInTransaction)
      #expect(try await contents(connection) == [[1, 11], [2, 20], [3, 30]])
    }
  }

  @Test(
    "a flight that fails rolls its transaction back and throws the first error",
    arguments: [
      ["INSERT INTO t VALUES (1, 0)", "SELECT 1 / 0", "COMMIT"],
      ["UPDATE t SET b = 0", "INSERT INTO t VALUES (2, 0)", "COMMIT"],
    ] as [[SQL]])
  func failure(second: [SQL]) async throws {
    try await withTable { connection async throws in
      try await connection.flight(["BEGIN", "SELECT b FROM t FOR UPDATE"])
      let error = await #expect(throws: PostgresError.self) {
        try await connection.flight(second)
      }
      #expect(error?.isUniqueViolation == true)
      #expect(!connection.isInTransaction)
      #expect(try await contents(connection) == [[1, 10], [2, 20]])
    }
  }

  @Test("a first flight that fails leaves no transaction behind")
  func failingBegin() async throws {
    try await withTable { connection async throws in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.flight(["BEGIN", "SELECT nothing FROM t", "SELECT 1"])
      }
      #expect(error?.sqlState == SQLState("42703"))
      #expect(!connection.isInTransaction)
    }
  }

  @Test("a flight without BEGIN is a transaction of its own")
  func implicit() async throws {
    try await withTable { connection async throws in
      await #expect(throws: PostgresError.self) {
        try await connection.flight(["INSERT INTO t VALUES (3, 30)", "SELECT 1 / 0"])
      }
      #expect(try await contents(connection) == [[1, 10], [2, 20]])
    }
  }

  @Test("a caller may roll back")
  func rollback() async throws {
    try await withTable { connection async throws in
      try await connection.flight(["BEGIN", "DELETE FROM t"])
      try await connection.rollback()
      #expect(!connection.isInTransaction)
      #expect(try await contents(connection) == [[1, 10], [2, 20]])
    }
  }

  @Test("a statement that was not prepared because of an earlier error works later")
  func preparationAborted() async throws {
    try await withTable { connection async throws in
      let sum = Statement("SELECT sum(b)::int8 FROM t WHERE a <= $1")
      await #expect(throws: PostgresError.self) {
        try await connection.flight(["SELECT 1 / 0", sum(2)])
      }
      #expect(try await connection.query(sum(2))[0][0].int == 30)
      #expect(try await connection.flight([sum(1), sum(2)]).map { $0[0][0].int } == [10, 30])
    }
  }
}
