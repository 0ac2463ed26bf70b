package import NGSILD
import NGSILDQuery
package import Postgres

/// Maps of the Entities that queries find, made and kept without these leaving the database.
extension QueryStore {
  /// Makes a map of all Entities that `query` selects, in its order; returns its number.
  ///
  /// One that was made by a plan which turns out to be old is left to expire.
  ///
  /// - Parameter newID: makes an id for it.
  package func createMap(
    _ map: NewEntityMap, of query: EntityQuery, at now: DateTime, tenant: TenantNumber,
    newID: () -> String
  ) async throws(PostgresError) -> (id: String, number: EntityMapNumber) {
    var id = ""
    let rows = try await run(query, at: now, tenant: tenant) { plan in
      id = newID()
      return QueryFlight([map.insert(id, tenant, positions: plan.positions)])
    }
    return (id, rows[0][0][0].int64)
  }

  /// Removes from the map of a query what it no longer selects, up to the last Entity of a page.
  ///
  /// - Parameter last: its id; nil for all of the map.
  package func prune(
    _ query: EntityQuery, upTo last: String?, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) {
    guard let map = query.map else { return }
    _ = try await run(query, at: now, tenant: tenant) { plan in
      QueryFlight([
        map.prune(
          upTo: last, among: query.selectors, tenant: tenant, keeping: plan.isFound(key: "m.key"))
      ])
    }
  }
}

extension NewEntityMap {
  /// - Parameter positions: a query whose columns are `position`, `id` and `key`.
  func insert(_ id: String, _ tenant: TenantNumber, positions: SQL) -> SQL {
    """
    WITH new AS (
      INSERT INTO entity_map (tenant, id, conditions, expires)
      VALUES (\(tenant), \(id), \(conditions), \(expires.timestamp))
      RETURNING key
    ), entries AS (
      INSERT INTO entity_map_entry (tenant, map, position, id, key)
      SELECT \(tenant), new.key, found.position, found.id, found.key
      FROM new, (\(positions)) AS found
    )
    SELECT key FROM new
    """
  }
}

/// Entries of a map that are looked at after a page, so that small maps show all that is gone.
private let lookahead = 100

extension EntityMapNumber {
  /// - Parameters:
  ///   - last: the id of the last Entity of a page; nil for all of the map.
  ///   - selectors: whose ids narrow what is asked for; other Entities stay.
  ///   - condition: whether the Entity of the entry `m` is still selected.
  func prune(
    upTo last: String?, among selectors: [EntitySelector], tenant: TenantNumber,
    keeping condition: SQL
  ) -> SQL {
    let narrowed: SQL =
      selectors.idCondition.map { ofID in
        "AND m.key IN (SELECT e.key FROM entity AS e WHERE e.tenant = \(tenant) AND \(ofID))"
      } ?? ""
    let range: SQL =
      last.map { last in
        """
        AND m.position <= (
          SELECT max(position) + \(lookahead) FROM entity_map_entry
          WHERE tenant = \(tenant) AND map = \(self) AND key = (
            SELECT key FROM entity WHERE tenant = \(tenant) AND id = \(last)))
        """
      } ?? ""
    return """
      DELETE FROM entity_map_entry AS m
      WHERE m.tenant = \(tenant) AND m.map = \(self) AND m.key IS NOT NULL \(range) \(narrowed)
        AND NOT \(condition)
      """
  }

  /// Whether the Entity with a key is in the map.
  func contains(key: SQL, tenant: TenantNumber) -> SQL {
    """
    EXISTS (
      SELECT FROM entity_map_entry AS m
      WHERE m.tenant = \(tenant) AND m.map = \(self) AND m.key = \(key))
    """
  }
}
