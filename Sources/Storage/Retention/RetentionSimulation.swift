package import JSONLD
package import Postgres

/// What enforcing retention would free.
extension RetentionStore {
  /// What would go of the Entities of one combination of types.
  package struct Freed: Sendable, Hashable {
    package let tenant: String
    package let types: [IRI]
    package let rows: Int
    /// Of the rows, without their indexes.
    package let bytes: Int
  }

  /// What a sweep would free now; with `policy`, as if that were set.
  ///
  /// It reads all rows that would go. Nothing is changed: the policy is taken back.
  ///
  /// - Parameter tenant: nil for all.
  package func simulate(
    _ policy: RetentionPolicy?, of tenant: TenantNumber?
  ) async throws(PostgresError) -> [Freed] {
    var statements: [SQL] = ["BEGIN"]
    if let policy { statements.append(try await upsert(policy)) }
    let rows = try await pool.withConnection { connection throws(PostgresError) in
      for statement in statements { try await connection.query(statement) }
      let rows = try await connection.query(Self.figures(of: tenant))
      try await connection.query("ROLLBACK")
      return rows
    }
    let numbers = rows.flatMap { row in row[1].elements.map { NameNumber($0.int) } }
    try await names.find(numbers: Set(numbers), in: pool)
    return rows.map { row in
      Freed(
        tenant: row[0].string,
        types: row[1].elements.map { IRI(names.name(of: NameNumber($0.int)) ?? "") },
        rows: row[2].int, bytes: row[3].int)
    }
  }

  private static func figures(of tenant: TenantNumber?) -> SQL {
    let ofTenant: SQL = tenant.map { "e.tenant = \($0)" } ?? "true"
    return """
      SELECT tenant.name, e.types, count(*), sum(pg_column_size(i.*))::bigint
      FROM entity_retention AS e
      JOIN attribute_instance AS i
        ON i.tenant = e.tenant AND i.entity = e.key AND i.time < e.cutoff
      JOIN tenant ON tenant.id = e.tenant
      WHERE \(ofTenant)
      GROUP BY tenant.name, e.types
      ORDER BY tenant.name, e.types
      """
  }
}
