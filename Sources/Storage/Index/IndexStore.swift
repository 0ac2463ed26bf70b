package import JSONLD
package import Postgres

/// Declares Attributes to be indexed, enters the Entities that there are, and takes both back.
///
/// Nothing that it does stops writes: it locks the rows of some hundred Entities at a time, for
/// milliseconds. What is interrupted is carried on by doing it again.
package struct IndexStore {
  /// An Attribute of the Entities that have a type.
  package struct Declaration: Hashable, Sendable {
    package let tenant: TenantNumber
    package let type: IRI
    package let attribute: IRI

    package init(tenant: TenantNumber, type: IRI, attribute: IRI) {
      self.tenant = tenant
      self.type = type
      self.attribute = attribute
    }
  }

  /// How far the work has come.
  package enum Progress: Hashable, Sendable {
    /// Someone else adds or removes the same Attribute.
    case waitingForOther
    /// So many transactions are open that may not know what was declared.
    case waitingForTransactions(Int)
    case entered(Int, of: Int)
    case analyzing
  }

  /// One connection, since the turn is the session's.
  let pool: Pool
  let names: NameTable
  let report: (Progress) -> Void

  package init(pool: Pool, names: NameTable, report: @escaping (Progress) -> Void = { _ in }) {
    precondition(pool.configuration.connectionsMax == 1, "The turn is one session's")
    self.pool = pool
    self.names = names
    self.report = report
  }

  static let pause = Duration.milliseconds(50)

  // MARK: Adding

  /// Declares an Attribute and enters all Entities; queries use the index once it returns.
  package func add(_ declaration: Declaration) async throws(PostgresError) {
    let row = try await row(of: declaration)
    try await takeTurn(row)
    if try await !isDeclared(row) {
      try await removeRest(row)
      try await declare(row)
    }
    if try await lastKey(row) == nil {
      try await waitForTransactions()
      try await setLastKey(row)
    }
    try await IndexFilling(row, declaration, pool: pool, report: report).run()
    try await IndexOrphans(row: row, pool: pool).remove()
    report(.analyzing)
    try await analyze(row)
    try await pool.flight([
      "UPDATE indexed_attribute SET is_ready = true WHERE \(row.condition)", Self.moveClock,
    ])
    try await endTurn(row)
  }

  private func declare(_ row: DeclarationRow) async throws(PostgresError) {
    // Before anyone can know the declaration and write rows.
    try await pool.query("SELECT attribute_index_create_partition(\(row.attribute))")
    try await pool.flight([
      """
      INSERT INTO indexed_attribute (tenant, type, attribute)
      VALUES (\(row.tenant), \(row.type), \(row.attribute))
      """,
      Self.moveClock,
    ])
  }

  private func isDeclared(_ row: DeclarationRow) async throws(PostgresError) -> Bool {
    try await !pool.query("SELECT FROM indexed_attribute WHERE \(row.condition)").isEmpty
  }

  private func lastKey(_ row: DeclarationRow) async throws(PostgresError) -> Int64? {
    try await pool.query("SELECT last FROM indexed_attribute WHERE \(row.condition)")
      .first?[0].present?.int64
  }

  /// Entities that come later are entered by those who write them.
  private func setLastKey(_ row: DeclarationRow) async throws(PostgresError) {
    try await pool.query(
      """
      UPDATE indexed_attribute
      SET last = coalesce((SELECT max(key) FROM entity_value WHERE tenant = \(row.tenant)), 0)
      WHERE \(row.condition)
      """)
  }

  /// Index-only scans need a vacuumed table, and the planner needs statistics.
  private func analyze(_ row: DeclarationRow) async throws(PostgresError) {
    try await pool.withConnection { connection throws(PostgresError) in
      try await connection.script("VACUUM (ANALYZE) attribute_index_\(row.attribute)")
    }
  }

  // MARK: Removing

  /// Takes a declaration back; false if there is none.
  package func remove(_ declaration: Declaration) async throws(PostgresError) -> Bool {
    let row = try await row(of: declaration)
    try await takeTurn(row)
    let deleted = try await pool.flight([
      "DELETE FROM indexed_attribute WHERE \(row.condition) RETURNING 1", Self.moveClock,
    ])
    try await removeRest(row)
    try await endTurn(row)
    return !deleted[0].isEmpty
  }

  /// Removes rows that no declaration wants, once nobody writes or reads them any more.
  private func removeRest(_ row: DeclarationRow) async throws(PostgresError) {
    let rest: SQL = """
      SELECT key, item FROM attribute_index
      WHERE tenant = \(row.tenant) AND attribute = \(row.attribute) AND typeset NOT IN (
        SELECT t.id FROM typeset AS t JOIN indexed_attribute AS d ON d.type = ANY (t.types)
        WHERE t.tenant = \(row.tenant) AND d.tenant = \(row.tenant)
          AND d.attribute = \(row.attribute))
      """
    try await waitForTransactions()
    var last: Int64? = 0
    while let key = last {
      let rows = try await pool.query(
        """
        WITH rest AS (\(rest) AND key >= \(key) ORDER BY key LIMIT 10000), deleted AS (
          DELETE FROM attribute_index AS old USING rest
          WHERE old.tenant = \(row.tenant) AND old.attribute = \(row.attribute)
            AND old.key = rest.key AND old.item = rest.item
        )
        SELECT max(key) FROM rest
        """)
      last = rows[0][0].present?.int64
    }
  }

  // MARK: Listing

  package struct Listed: Hashable, Sendable {
    package let tenant: String
    package let type: IRI
    package let attribute: IRI
    package let isReady: Bool
  }

  package func list(of tenant: TenantNumber?) async throws(PostgresError) -> [Listed] {
    let ofTenant: SQL = tenant.map { "declared.tenant = \($0)" } ?? "true"
    return try await pool.query(
      """
      SELECT tenant.name, type.iri, attribute.iri, declared.is_ready
      FROM indexed_attribute AS declared
      JOIN tenant ON tenant.id = declared.tenant
      JOIN name AS type ON type.id = declared.type
      JOIN name AS attribute ON attribute.id = declared.attribute
      WHERE \(ofTenant)
      ORDER BY tenant.name, type.iri, attribute.iri
      """
    ).map { row in
      Listed(
        tenant: row[0].string, type: IRI(row[1].string), attribute: IRI(row[2].string),
        isReady: row[3].bool)
    }
  }

  // MARK: Turns

  /// Asks again and again: who waits in a statement would be waited for as an old transaction.
  private func takeTurn(_ row: DeclarationRow) async throws(PostgresError) {
    while try await !pool.query("SELECT pg_try_advisory_lock(\(row.turn))")[0][0].bool {
      report(.waitingForOther)
      await sleep(Self.pause)
    }
  }

  private func endTurn(_ row: DeclarationRow) async throws(PostgresError) {
    try await pool.query("SELECT pg_advisory_unlock(\(row.turn))")
  }

  /// Waits until all transactions that are open now have ended: those that come later know what is
  /// committed now.
  private func waitForTransactions() async throws(PostgresError) {
    var open = try await openTransactions()
    while !open.isEmpty {
      report(.waitingForTransactions(open.count))
      await sleep(Self.pause)
      open.formIntersection(try await openTransactions())
    }
  }

  private func openTransactions() async throws(PostgresError) -> Set<String> {
    let rows = try await pool.query(
      """
      SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND datname = current_database()
        AND usesysid IS NOT NULL AND pid <> pg_backend_pid()
      """)
    return Set(rows.map { $0[0].string })
  }

  // MARK: Rows

  private static let moveClock: SQL = "UPDATE indexed_attribute_clock SET version = version + 1"

  private func row(of declaration: Declaration) async throws(PostgresError) -> DeclarationRow {
    let used = [declaration.type, declaration.attribute]
    try await names.create(names.unknown(among: used), in: pool)
    return DeclarationRow(
      tenant: declaration.tenant, type: names.required(declaration.type),
      attribute: names.required(declaration.attribute))
  }
}

/// A row of `indexed_attribute`.
struct DeclarationRow: Hashable {
  let tenant: TenantNumber
  let type: NameNumber
  let attribute: NameNumber

  var condition: SQL { "(tenant, type, attribute) = (\(tenant), \(type), \(attribute))" }

  /// The key of the advisory lock of those who change what is indexed of an Attribute.
  var turn: Int64 { Int64(tenant) << 32 | Int64(attribute) }
}

/// The caller goes on a little later; sooner if it is cancelled, which the next statement tells.
func sleep(_ duration: Duration) async { try? await Task.sleep(for: duration) }
