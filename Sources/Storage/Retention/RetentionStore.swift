package import JSONLD
package import Postgres

/// How long the history of the Entities of a type is kept.
package struct RetentionPolicy: Sendable, Hashable {
  package let tenant: TenantNumber
  package let type: IRI
  package let hours: Int32
  /// Whether numbers leave their hourly minimum, maximum, average and count.
  package let rollsUp: Bool

  package init(tenant: TenantNumber, type: IRI, hours: Int32, rollsUp: Bool) {
    self.tenant = tenant
    self.type = type
    self.hours = hours
    self.rollsUp = rollsUp
  }
}

/// What an operator has said about how long history is kept.
package struct RetentionStore {
  let pool: Pool
  let names: NameTable

  package init(pool: Pool, names: NameTable) {
    self.pool = pool
    self.names = names
  }

  /// Brokers enforce it from their next sweep on; it replaces what held for the type before.
  package func set(_ policy: RetentionPolicy) async throws(PostgresError) {
    try await pool.query(try await upsert(policy))
  }

  /// Keeps the history of a type for ever again; false if that is so already.
  package func remove(
    _ type: IRI, tenant: TenantNumber
  ) async throws(PostgresError) -> Bool {
    try await names.find(names.unknown(among: [type]), in: pool)
    guard let number = names.number(of: type) else { return false }
    return try await !pool.query(
      "DELETE FROM retention WHERE tenant = \(tenant) AND type = \(number) RETURNING 1"
    ).isEmpty
  }

  func upsert(_ policy: RetentionPolicy) async throws(PostgresError) -> SQL {
    try await names.create(names.unknown(among: [policy.type]), in: pool)
    return """
      INSERT INTO retention (tenant, type, hours, rolls_up)
      VALUES (
        \(policy.tenant), \(names.required(policy.type)), \(policy.hours), \(policy.rollsUp))
      ON CONFLICT (tenant, type) DO UPDATE
      SET hours = excluded.hours, rolls_up = excluded.rolls_up
      """
  }

  // MARK: Listing

  package struct Listed: Sendable, Hashable {
    package let tenant: String
    package let type: IRI
    package let hours: Int
    package let rollsUp: Bool
  }

  /// - Parameter tenant: nil for all.
  package func list(of tenant: TenantNumber?) async throws(PostgresError) -> [Listed] {
    let ofTenant: SQL = tenant.map { "r.tenant = \($0)" } ?? "true"
    return try await pool.query(
      """
      SELECT tenant.name, name.iri, r.hours, r.rolls_up
      FROM retention AS r
      JOIN tenant ON tenant.id = r.tenant
      JOIN name ON name.id = r.type
      WHERE \(ofTenant)
      ORDER BY tenant.name, name.iri
      """
    ).map { row in
      Listed(
        tenant: row[0].string, type: IRI(row[1].string), hours: row[2].int, rollsUp: row[3].bool)
    }
  }
}
