package import EventLoop

/// A numbered change of the schema.
package struct Migration: Sendable, Hashable {
  package let number: Int
  package let name: String
  /// Statements without BEGIN and COMMIT.
  package let script: String
  /// Programs that do not know this migration cannot work with a database that has it.
  package let isBreaking: Bool

  package init(number: Int, name: String, script: String, isBreaking: Bool = false) {
    self.number = number
    self.name = name
    self.script = script
    self.isBreaking = isBreaking
  }
}

/// Brings a database to the schema of this program.
///
/// Processes that start together take turns by an advisory lock. Each migration is a transaction
/// that also records it in `schema_migration`. A database that a newer program has migrated is
/// used as it is, since old and new processes run side by side, unless a migration that this
/// program does not know is marked as breaking.
package struct Migrator: Sendable {
  private let migrations: [Migration]
  /// The key of the advisory lock.
  private let lock: Int64

  package init(_ migrations: [Migration], lock: Int64 = 0x6d69_6772_6174_6531) {
    self.migrations = migrations.sorted { $0.number < $1.number }
    self.lock = lock
    precondition(
      Set(migrations.map(\.number)).count == migrations.count, "Two migrations with one number")
  }

  /// Applies what is missing; one query if nothing is.
  ///
  /// Returns the migrations that it applied.
  ///
  /// - Throws: `incompatibleSchema`, or the error of the migration that failed, with its name.
  @discardableResult
  package func migrate(
    _ configuration: Connection.Configuration, on loop: EventLoop
  ) async throws(PostgresError) -> [Migration] {
    let connection = try await Connection.open(configuration, on: loop)
    defer { connection.close() }
    guard !(try await missing(in: connection).isEmpty) else { return [] }
    // The lock ends with the session.
    try await connection.query("SELECT pg_advisory_lock(\(lock))")
    try await connection.query(
      """
      CREATE TABLE IF NOT EXISTS schema_migration (
        number int PRIMARY KEY,
        name text NOT NULL,
        breaking boolean NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )
      """)
    let missing = try await missing(in: connection)
    for migration in missing { try await apply(migration, over: connection) }
    return missing
  }

  private func missing(in connection: Connection) async throws(PostgresError) -> [Migration] {
    let applied = try await applied(in: connection)
    var missing = Dictionary(uniqueKeysWithValues: migrations.map { ($0.number, $0) })
    for row in applied {
      let (number, name) = (row[0].int, row[1].string)
      if let known = missing.removeValue(forKey: number) {
        guard known.name != name else { continue }
        throw PostgresError(
          .incompatibleSchema,
          "Migration \(number) is \(known.name) here, and \(name) in the database")
      } else if row[2].bool {
        throw PostgresError(
          .incompatibleSchema,
          "The database has migration \(number) \(name), which needs a newer program")
      }
    }
    return missing.values.sorted { $0.number < $1.number }
  }

  private func applied(in connection: Connection) async throws(PostgresError) -> [Row] {
    do throws(PostgresError) {
      return Array(
        try await connection.query("SELECT number, name, breaking FROM schema_migration"))
    } catch  where error.sqlState == .undefinedTable {
      return []
    }
  }

  private func apply(
    _ migration: Migration, over connection: Connection
  ) async throws(PostgresError) {
    do throws(PostgresError) {
      try await connection.query("BEGIN")
      try await connection.script(migration.script)
      try await connection.flight([
        """
        INSERT INTO schema_migration (number, name, breaking)
        VALUES (\(migration.number), \(migration.name), \(migration.isBreaking))
        """, "COMMIT",
      ])
    } catch {
      throw PostgresError(
        error.kind, "Migration \(migration.number) \(migration.name): \(error.message)",
        sqlState: error.sqlState, detail: error.detail, constraint: error.constraint)
    }
  }
}
