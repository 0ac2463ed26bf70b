package import JSON
package import NGSILD
package import Postgres

/// `entity_map.key`: a map's number in the database, never used again.
package typealias EntityMapNumber = Int64

/// A row of `entity_map`, as it was read.
package struct StoredEntityMap: Sendable {
  package let tenant: TenantNumber
  package let number: EntityMapNumber
  package let id: String
  /// Those of the query that made it, in a form that can be compared.
  package let conditions: String
  package let expires: DateTime
  /// The maps that Context Sources have made, by registration.
  package let linked: JSONValue
  /// Registrations whose sources were asked; empty where all is held here.
  package let sources: [String]
}

/// What is to be said of a new map, apart from its Entities.
package struct NewEntityMap: Sendable {
  package let conditions: String
  package let expires: DateTime

  package init(conditions: String, expires: DateTime) {
    self.conditions = conditions
    self.expires = expires
  }
}

/// EntityMaps in the database, whose entries stay there: there may be millions.
package struct EntityMapStore {
  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// nil if there is none, or no more.
  package func map(
    _ id: String, tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> StoredEntityMap? {
    try await pool.rows(
      """
      SELECT key, conditions, expires, linked, coalesce(sources, '{}') FROM entity_map
      WHERE tenant = \(tenant) AND id = \(id) AND expires > \(now.timestamp)
      """
    ).first.map { row in
      StoredEntityMap(
        tenant: tenant, number: row[0].int64, id: id, conditions: row[1].string,
        expires: DateTime(row[2].timestamp), linked: JSONValue(storedDocument: row[3].bytes),
        sources: row[4].elements.map(\.string))
    }
  }

  /// Returns whether it was there.
  package func setExpiry(
    of id: String, to expires: DateTime, tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      """
      UPDATE entity_map SET expires = \(expires.timestamp)
      WHERE tenant = \(tenant) AND id = \(id) AND expires > \(now.timestamp)
      """
    ).affected > 0
  }

  // MARK: Entries

  package struct Entry: Sendable {
    package let position: Int64
    package let id: String
    /// Registrations; empty for what is held here alone.
    package let sources: [String]
    package let isHeldHere: Bool
  }

  package func holds(_ entity: String, _ map: StoredEntityMap) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      """
      SELECT FROM entity_map_entry
      WHERE tenant = \(map.tenant) AND map = \(map.number) AND (
        key = (SELECT key FROM entity WHERE tenant = \(map.tenant) AND id = \(entity))
        OR key IS NULL AND id = \(entity))
      """
    ).count > 0
  }

  /// The first entries after a position.
  package func entries(
    of map: StoredEntityMap, after position: Int64, limit: Int
  ) async throws(PostgresError) -> [Entry] {
    try await pool.query(
      """
      SELECT position, id, coalesce(sources, '{}'), key IS NOT NULL FROM entity_map_entry
      WHERE tenant = \(map.tenant) AND map = \(map.number) AND position > \(position)
      ORDER BY position LIMIT \(limit)
      """
    ).map { row in
      Entry(
        position: row[0].int64, id: row[1].string, sources: row[2].elements.map(\.string),
        isHeldHere: row[3].bool)
    }
  }

  // MARK: In the background

  /// Entries that are removed at once.
  private static let entriesAtOnce = 20_000

  /// Removes a part of what has expired; returns whether more is left.
  package static func removeExpired(
    at now: DateTime, in pool: Pool
  ) async throws(PostgresError) -> Bool {
    let rows = try await pool.query(
      "SELECT tenant, key FROM entity_map WHERE expires <= \(now.timestamp) LIMIT 1")
    guard let row = rows.first else { return false }
    let (tenant, map) = (TenantNumber(row[0].int), row[1].int64)
    let removed = try await pool.query(
      """
      DELETE FROM entity_map_entry
      WHERE tenant = \(tenant) AND map = \(map) AND position = ANY (ARRAY(
        SELECT position FROM entity_map_entry WHERE tenant = \(tenant) AND map = \(map)
        ORDER BY position LIMIT \(entriesAtOnce)))
      """
    ).affected
    if removed < entriesAtOnce {
      try await pool.query("DELETE FROM entity_map WHERE tenant = \(tenant) AND key = \(map)")
    }
    return true
  }
}
