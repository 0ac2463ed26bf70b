import JSONLD
package import NGSILD
package import Postgres

/// The census in the database: the writes of the write path, their folding, and reads.
package struct CensusStore {
  let names: NameTable
  let typesets: TypesetTable
  let pool: Pool

  package init(names: NameTable, typesets: TypesetTable, pool: Pool) {
    self.names = names
    self.typesets = typesets
    self.pool = pool
  }
}

// MARK: Writing

extension CensusStore {
  /// One row for each typeset that the writes of a transaction touch; nothing for values.
  static func insert(_ writes: [EntityWrite]) -> [SQL] {
    var rows: [TypesetKey: CensusRow] = [:]
    for write in writes {
      for (cell, count) in write.census.counts {
        let key = TypesetKey(tenant: write.tenant, typeset: cell.typeset)
        rows[key, default: CensusRow()].counts[cell, default: 0] += count
      }
    }
    let changes = rows.filter { $0.value.counts.contains { $0.value != 0 } }
    guard !changes.isEmpty else { return [] }
    return [
      """
      INSERT INTO census_change (tenant, typeset, attributes, types, counts)
      SELECT tenant, typeset, attributes::int[], types::smallint[], counts::int[]
      FROM unnest(
        \(changes.map(\.key.tenant)), \(changes.map(\.key.typeset)),
        \(changes.map { $0.value.literal(\.key.attribute) }),
        \(changes.map { $0.value.literal(\.key.type) }),
        \(changes.map { $0.value.literal(\.value) })
      ) AS new (tenant, typeset, attributes, types, counts)
      """
    ]
  }
}

private struct TypesetKey: Hashable {
  let tenant: TenantNumber
  let typeset: TypesetNumber
}

private struct CensusRow {
  var counts: [CensusCell: Int32] = [:]

  /// A column that has an array in each row, for which there is no binary form: in text.
  func literal(_ value: (Dictionary<CensusCell, Int32>.Element) -> some Any) -> String {
    "{" + counts.map { "\(value($0))" }.joined(separator: ",") + "}"
  }
}

// MARK: Folding

extension CensusStore {
  /// Adds changes that were committed to the census; returns whether more may be waiting.
  ///
  /// Several processes may do so at once: each takes rows that no other has, and all write in one
  /// order.
  package static func fold(in pool: Pool) async throws(PostgresError) -> Bool {
    try await pool.query(folding)[0][0].int == rowsPerFold
  }

  private static let rowsPerFold = 2000

  private static let folding: SQL =
    """
    WITH taken AS (
      DELETE FROM census_change
      WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM census_change LIMIT \(rowsPerFold) FOR UPDATE SKIP LOCKED))
      RETURNING *
    ), folded AS (
      INSERT INTO census (tenant, typeset, attribute, type, count)
      SELECT t.tenant, t.typeset, c.attribute, c.type, sum(c.count)
      FROM taken AS t, unnest(t.attributes, t.types, t.counts) AS c (attribute, type, count)
      GROUP BY 1, 2, 3, 4
      HAVING sum(c.count) <> 0
      ORDER BY 1, 2, 3, 4
      ON CONFLICT (tenant, typeset, attribute, type)
      DO UPDATE SET count = census.count + excluded.count
    )
    SELECT count(*) FROM taken
    """

  /// Forgets what there is none of any more, but for what is being written.
  package static func prune(in pool: Pool) async throws(PostgresError) {
    try await pool.query(
      """
      DELETE FROM census
      WHERE ctid = ANY (ARRAY(SELECT ctid FROM census WHERE count = 0 FOR UPDATE SKIP LOCKED))
      """)
  }
}

// MARK: Reading

extension CensusStore {
  package func census(
    _ part: Census.Part, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> Census {
    try await names.find(names.unknown(among: part.names), in: pool)
    guard let condition = condition(part, tenant: tenant) else { return Census() }
    let rows = try await pool.query(Self.count(condition, at: now, tenant: tenant))
    try await names.find(numbers: Set(rows.map { NameNumber($0[1].int) }), in: pool)
    let types = try await types(of: Set(rows.map { TypesetNumber($0[0].int) }), tenant: tenant)
    var census = Census()
    for row in rows {
      let (types, count) = (types[TypesetNumber(row[0].int)] ?? [], row[3].int)
      guard let type = AttributeType(rawValue: UInt8(row[2].int)) else {
        census.entities.append(Census.Entities(types: types, count: count))
        continue
      }
      let name = IRI(names.name(of: NameNumber(row[1].int)) ?? "")
      census.attributes.append(
        Census.Attributes(types: types, name: name, type: type, count: count))
    }
    return census
  }

  /// A condition on `c`; nil if a name was never stored, so that nothing is counted.
  private func condition(_ part: Census.Part, tenant: TenantNumber) -> SQL? {
    switch part {
    case .all: return "true"
    case .entities: return "c.attribute = 0"
    case .attribute(let name):
      return names.number(of: name).map { "c.attribute = \($0)" }
    case .type(let type):
      return names.number(of: type).map { number in
        """
        c.typeset IN (SELECT id FROM typeset WHERE tenant = \(tenant) AND \(number) = ANY (types))
        """
      }
    }
  }

  /// The census with what is not folded yet, and without what has expired and is not reaped yet.
  static func count(_ condition: SQL, at now: DateTime, tenant: TenantNumber) -> SQL {
    """
    WITH due AS MATERIALIZED (
      SELECT typeset, expires, document FROM entity
      WHERE first_expiry <= \(now.timestamp) AND tenant = \(tenant) AND typeset IS NOT NULL
    )
    SELECT c.typeset, c.attribute, c.type, sum(c.count)::bigint
    FROM (
      SELECT typeset, attribute, type, count FROM census WHERE tenant = \(tenant)
      UNION ALL
      SELECT n.typeset, c.attribute, c.type, c.count
      FROM census_change AS n,
        unnest(n.attributes, n.types, n.counts) AS c (attribute, type, count)
      WHERE n.tenant = \(tenant)
      UNION ALL
      SELECT typeset, 0, 0::smallint, -1 FROM due WHERE expires <= \(now.timestamp)
      UNION ALL
      SELECT due.typeset, i.attribute, i.type, -1 FROM due, census_instances(due.document) AS i
      WHERE due.expires <= \(now.timestamp) OR i.expires <= \(now.timestamp)
    ) AS c
    WHERE \(condition)
    GROUP BY 1, 2, 3
    HAVING sum(c.count) > 0
    ORDER BY 1, 2, 3
    """
  }

  private func types(
    of numbers: Set<TypesetNumber>, tenant: TenantNumber
  ) async throws(PostgresError) -> [TypesetNumber: [IRI]] {
    var known = typesets.types(of: tenant)
    if !numbers.allSatisfy({ known[$0] != nil }) {
      try await typesets.load(tenant, from: pool)
      known = typesets.types(of: tenant)
    }
    return known
  }
}

extension TypesetTable {
  fileprivate func types(of tenant: TenantNumber) -> [TypesetNumber: [IRI]] {
    Dictionary(uniqueKeysWithValues: typesets(of: tenant).map { ($0.number, $0.types) })
  }
}

extension Census.Part {
  /// Names that the statement refers to by number.
  fileprivate var names: Set<IRI> {
    switch self {
    case .all, .entities: []
    case .type(let name), .attribute(let name): [name]
    }
  }
}
