import JSON
import JSONLD
import NGSILD
import Postgres

/// Enters the Entities that were there before an Attribute was declared, some hundred at a time.
///
/// The rows of `entity_value` are locked meanwhile: every write of an Entity needs its own, so it
/// comes either before, and what it wrote is read here, or after, and writes over it. Rows that a
/// write has locked are not waited for, since it may wait for others; they are tried again.
struct IndexFilling {
  private let row: DeclarationRow
  private let attribute: IndexedAttribute
  private let pool: Pool
  private let report: (IndexStore.Progress) -> Void

  private static let entitiesAtOnce = 500

  init(
    _ row: DeclarationRow, _ declaration: IndexStore.Declaration, pool: Pool,
    report: @escaping (IndexStore.Progress) -> Void
  ) {
    self.row = row
    var attribute = IndexedAttribute(declaration.attribute, number: row.attribute)
    attribute.add(declaration.type, isReady: false)
    self.attribute = attribute
    self.pool = pool
    self.report = report
  }

  func run() async throws(PostgresError) {
    var remaining = try await remaining()
    let total = try await pool.query(remaining.count)[0][0].int
    var entered = 0
    while true {
      report(.entered(entered, of: total))
      let keys = try await pool.query(remaining.keys(Self.entitiesAtOnce)).map { $0[0].int64 }
      guard let last = keys.last else { return }
      var left = keys
      while !left.isEmpty { left = try await enter(left) }
      try await pool.query(
        "UPDATE indexed_attribute SET filled = \(last) WHERE \(row.condition)")
      remaining.filled = last
      entered += keys.count
    }
  }

  private func remaining() async throws(PostgresError) -> Remaining {
    let range = try await pool.query(
      "SELECT filled, last FROM indexed_attribute WHERE \(row.condition)")[0]
    let typesets = try await pool.query(
      "SELECT id FROM typeset WHERE tenant = \(row.tenant) AND \(row.type) = ANY (types)")
    return Remaining(
      tenant: row.tenant, typesets: typesets.map { TypesetNumber($0[0].int) },
      filled: range[0].int64, last: range[1].int64)
  }

  /// Enters those of some Entities that nobody writes at present; returns the others.
  private func enter(_ keys: [Int64]) async throws(PostgresError) -> [Int64] {
    let left = try await pool.withConnection { connection throws(PostgresError) in
      try await enter(keys, on: connection)
    }
    if left.count == keys.count { await sleep(IndexStore.pause) }
    return left
  }

  private func enter(
    _ keys: [Int64], on connection: Connection
  ) async throws(PostgresError) -> [Int64] {
    let locked = try await connection.flight([
      "BEGIN",
      """
      SELECT key FROM entity_value WHERE tenant = \(row.tenant) AND key = ANY (\(keys))
      FOR UPDATE SKIP LOCKED
      """,
    ])[1].map { $0[0].int64 }
    // A statement of its own sees what was committed before the locks were had.
    let entities = try await connection.query(
      """
      SELECT e.key, e.typeset, e.document
      FROM entity_value AS v JOIN entity AS e USING (tenant, key)
      WHERE v.tenant = \(row.tenant) AND v.key = ANY (\(keys))
      """)
    let isLocked = Set(locked)
    try await connection.flight(
      replaceRows(of: entities.filter { isLocked.contains($0[0].int64) }) + ["COMMIT"])
    return entities.map { $0[0].int64 }.filter { !isLocked.contains($0) }
  }

  /// Of Entities that still have the type; whoever took it away has removed the rows.
  private func replaceRows(of entities: [Row]) -> [SQL] {
    var keys: [Int64] = []
    var rows: [PlacedIndexRow] = []
    for row in entities {
      let entity = Entity(stored: JSONValue(storedDocument: row[2].bytes))
      guard attribute.covers(entity.types) else { continue }
      keys.append(row[0].int64)
      rows += IndexRow.rows(of: entity, TypesetNumber(row[1].int), for: attribute)
        .map { PlacedIndexRow(tenant: self.row.tenant, key: row[0].int64, row: $0) }
    }
    return [
      """
      DELETE FROM attribute_index
      WHERE tenant = \(row.tenant) AND attribute = \(row.attribute) AND key = ANY (\(keys))
      """,
      PlacedIndexRow.upsert(rows),
    ]
  }
}

/// The Entities that are still to be entered. Typesets that come later need not be known: whoever
/// writes their Entities enters them.
private struct Remaining {
  let tenant: TenantNumber
  let typesets: [TypesetNumber]
  var filled: Int64
  let last: Int64

  var count: SQL {
    """
    SELECT count(*) FROM entity_value
    WHERE tenant = \(tenant) AND typeset = ANY (\(typesets))
      AND key > \(filled) AND key <= \(last)
    """
  }

  /// A range for each typeset, with the limit inside: otherwise all that remain are sorted each
  /// time.
  func keys(_ limit: Int) -> SQL {
    let ranges: [SQL] = typesets.map { typeset in
      """
      (SELECT key FROM entity_value
      WHERE tenant = \(tenant) AND typeset = \(typeset) AND key > \(filled) AND key <= \(last)
      ORDER BY key LIMIT \(limit))
      """
    }
    // Without any typeset there is no Entity either.
    let none: SQL = "SELECT NULL::bigint AS key WHERE false"
    return """
      SELECT key FROM (\(ranges.isEmpty ? none : SQL.joined(ranges, by: " UNION ALL "))) AS ranges
      ORDER BY key LIMIT \(limit)
      """
  }
}
