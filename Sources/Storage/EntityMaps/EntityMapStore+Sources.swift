import JSON
import NGSILD
package import NGSILDQuery
package import Postgres

/// EntityMaps of what is held here and at Context Sources.
extension EntityMapStore {
  /// What Context Sources have of the Entities of a map.
  package struct Holdings: Sendable {
    /// Registrations that were asked.
    package let sources: [String]
    /// Each Entity once, with the registrations of the sources that have it.
    package let entities: [(id: String, sources: [String])]
    /// The sources' own maps, by registration.
    package let linked: [(source: String, map: String)]

    package init(
      sources: [String], entities: [(id: String, sources: [String])],
      linked: [(source: String, map: String)]
    ) {
      self.sources = sources
      self.entities = entities
      self.linked = linked
    }
  }

  /// Adds to a new map what sources have: Entities that are not here come after those that are.
  package func add(
    _ holdings: Holdings, to map: EntityMapNumber, tenant: TenantNumber
  ) async throws(PostgresError) {
    var linked = JSONWriter()
    linked.beginObject()
    for (source, map) in holdings.linked {
      linked.name(source)
      linked.string(map)
    }
    linked.endObject()
    // One registration after the other, since arrays of arrays have to be rectangular.
    let pairs = holdings.entities.flatMap { entity in
      entity.sources.map { (id: entity.id, source: $0) }
    }
    try await pool.flight([
      """
      UPDATE entity_map SET sources = \(holdings.sources), linked = \(linked.bytes)
      WHERE tenant = \(tenant) AND key = \(map)
      """,
      """
      WITH found AS (
        SELECT id, array_agg(source ORDER BY place) AS sources, min(place) AS place
        FROM unnest(\(pairs.map(\.id)), \(pairs.map(\.source))) WITH ORDINALITY
          AS new (id, source, place)
        GROUP BY id
      ), updated AS (
        UPDATE entity_map_entry AS m SET sources = found.sources
        FROM found
        WHERE m.tenant = \(tenant) AND m.map = \(map) AND m.id = found.id
        RETURNING m.id
      )
      INSERT INTO entity_map_entry (tenant, map, position, id, sources)
      SELECT \(tenant), \(map), found.place + (
          SELECT coalesce(max(m.position), 0) FROM entity_map_entry AS m
          WHERE m.tenant = \(tenant) AND m.map = \(map)),
        found.id, found.sources
      FROM found WHERE found.id NOT IN (SELECT id FROM updated)
      """,
    ])
  }

  /// A new map without entries.
  package func create(
    _ map: NewEntityMap, id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> EntityMapNumber {
    try await pool.query(
      """
      INSERT INTO entity_map (tenant, id, conditions, expires)
      VALUES (\(tenant), \(id), \(map.conditions), \(map.expires.timestamp))
      RETURNING key
      """)[0][0].int64
  }

  /// Entries in their order, of Entities that one of `selectors` may select.
  package func entries(
    of map: EntityMapNumber, among selectors: [EntitySelector], offset: Int, limit: Int,
    tenant: TenantNumber
  ) async throws(PostgresError) -> [Entry] {
    try await pool.query(
      """
      SELECT e.position, e.id, coalesce(e.sources, '{}'), e.key IS NOT NULL
      FROM entity_map_entry AS e
      WHERE e.tenant = \(tenant) AND e.map = \(map) AND \(selectors.idCondition ?? "true")
      ORDER BY e.position OFFSET \(offset) LIMIT \(limit)
      """
    ).map { row in
      Entry(
        position: row[0].int64, id: row[1].string, sources: row[2].elements.map(\.string),
        isHeldHere: row[3].bool)
    }
  }

  /// Puts entries after all others.
  package func postpone(
    _ entries: [Entry], in map: EntityMapNumber, tenant: TenantNumber
  ) async throws(PostgresError) {
    guard !entries.isEmpty else { return }
    try await pool.query(
      """
      UPDATE entity_map_entry AS m SET position = new.place + (
        SELECT max(old.position) FROM entity_map_entry AS old
        WHERE old.tenant = \(tenant) AND old.map = \(map))
      FROM unnest(\(entries.map(\.position))) WITH ORDINALITY AS new (position, place)
      WHERE m.tenant = \(tenant) AND m.map = \(map) AND m.position = new.position
      """)
  }

  package func remove(
    _ entries: [Entry], from map: EntityMapNumber, tenant: TenantNumber
  ) async throws(PostgresError) {
    guard !entries.isEmpty else { return }
    try await pool.query(
      """
      DELETE FROM entity_map_entry
      WHERE tenant = \(tenant) AND map = \(map) AND position = ANY (\(entries.map(\.position)))
      """)
  }
}
