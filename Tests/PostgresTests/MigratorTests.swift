import EventLoop
import Postgres
import TestSupport
import Testing

@Suite("Migrator")
struct MigratorTests {
  private static let first = Migration(
    number: 1, name: "room", script: "CREATE TABLE room (a int8); INSERT INTO room VALUES (1);")
  private static let second = Migration(
    number: 2, name: "window", script: "ALTER TABLE room ADD b int8;\nUPDATE room SET b = a + 1;")
  private static let third = Migration(
    number: 3, name: "broken", script: "INSERT INTO room VALUES (9, 9); SELECT nonsense;")

  /// Runs `body` with a session whose tables lie in a schema of its own.
  private func withSchema(
    _ body:
      @Sendable @escaping (Connection, Connection.Configuration, EventLoop) async throws -> Void
  ) async throws {
    let schema = "test_\(UInt64.random(in: 0...(.max)))"
    let configuration = try TestDatabase.configuration(settings: ["search_path": schema])
    try await TestDatabase.withConnection(configuration) { connection, loop async throws in
      try await connection.query("CREATE SCHEMA \(identifier: schema)")
      let outcome: Result<Void, any Error>
      do {
        outcome = .success(try await body(connection, configuration, loop))
      } catch {
        outcome = .failure(error)
      }
      try await connection.query("DROP SCHEMA \(identifier: schema) CASCADE")
      try outcome.get()
    }
  }

  private func migrator(_ migrations: [Migration]) -> Migrator {
    Migrator(migrations, lock: .random(in: 1...(.max)))
  }

  @Test("what is missing is applied in order, once")
  func inOrder() async throws {
    try await withSchema { connection, configuration, loop async throws in
      let old = migrator([Self.first])
      #expect(try await old.migrate(configuration, on: loop) == [Self.first])
      #expect(try await old.migrate(configuration, on: loop) == [])
      let new = migrator([Self.second, Self.first])
      #expect(try await new.migrate(configuration, on: loop) == [Self.second])
      #expect(try await new.migrate(configuration, on: loop) == [])
      #expect(try await connection.query("SELECT b FROM room")[0][0].int == 2)
      let recorded = try await connection.query("SELECT name FROM schema_migration ORDER BY number")
      #expect(recorded.map(\.[0].string) == ["room", "window"])
    }
  }

  @Test("processes that start together take turns")
  func together() async throws {
    try await withSchema { connection, configuration, loop async throws in
      let migrator = migrator([Self.first, Self.second])
      let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
        for _ in 0..<4 { group.addTask { try await migrator.migrate(configuration, on: loop) } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied == [Self.first, Self.second])
      #expect(try await connection.query("SELECT count(*) FROM room")[0][0].int == 1)
    }
  }

  @Test("a migration that fails leaves nothing behind, and is named")
  func failure() async throws {
    try await withSchema { connection, configuration, loop async throws in
      let migrator = migrator([Self.first, Self.second, Self.third])
      let error = await #expect(throws: PostgresError.self) {
        try await migrator.migrate(configuration, on: loop)
      }
      #expect(error?.message.hasPrefix("Migration 3 broken: ") == true)
      #expect(error?.sqlState == SQLState("42703"))
      #expect(try await connection.query("SELECT count(*) FROM room")[0][0].int == 1)
      #expect(try await connection.query("SELECT count(*) FROM schema_migration")[0][0].int == 2)
    }
  }

  @Test("a newer database is used, unless it says that older programs cannot")
  func newer() async throws {
    try await withSchema { _, configuration, loop async throws in
      let breaking = Migration(number: 3, name: "new", script: "SELECT 1", isBreaking: true)
      let old = migrator([Self.first])
      try await migrator([Self.first, Self.second]).migrate(configuration, on: loop)
      #expect(try await old.migrate(configuration, on: loop) == [])
      try await migrator([Self.first, Self.second, breaking]).migrate(configuration, on: loop)
      let error = await #expect(throws: PostgresError.self) {
        try await old.migrate(configuration, on: loop)
      }
      #expect(error?.kind == .incompatibleSchema)
    }
  }

  @Test("a number that stands for another migration is refused")
  func renamed() async throws {
    try await withSchema { _, configuration, loop async throws in
      try await migrator([Self.first]).migrate(configuration, on: loop)
      let other = migrator([Migration(number: 1, name: "other", script: "SELECT 1")])
      let error = await #expect(throws: PostgresError.self) {
        try await other.migrate(configuration, on: loop)
      }
      #expect(error?.kind == .incompatibleSchema)
    }
  }
}
