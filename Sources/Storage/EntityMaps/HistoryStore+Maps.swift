package import NGSILD
package import Postgres

/// Maps of the Entities that queries find by their past, made and kept as those of `QueryStore`.
extension HistoryStore {
  package func createMap(
    _ map: NewEntityMap, of query: HistoryQuery, at now: DateTime, tenant: TenantNumber,
    newID: () -> String
  ) async throws(PostgresError) -> (id: String, number: EntityMapNumber) {
    let id = newID()
    let filter = try await selection(query, at: now, tenant: tenant).filter
    let rows = try await queries.query(map.insert(id, tenant, positions: filter.positions))
    return (id, rows[0][0].int64)
  }

  package func prune(
    _ query: HistoryQuery, upTo last: String?, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) {
    guard let map = query.map else { return }
    var query = query
    query.map = nil
    let filter = try await selection(query, at: now, tenant: tenant).filter
    try await queries.query(
      map.prune(
        upTo: last, among: query.selectors, tenant: tenant,
        keeping: filter.isSelected(key: "m.key")))
  }
}

extension HistoryFilter {
  /// All Entities that are selected, numbered in their order.
  var positions: SQL {
    """
    SELECT row_number() OVER (ORDER BY \(order)) AS position, e.id, e.key
    FROM entity AS e\(joins) WHERE \(condition)
    """
  }

  /// Whether the Entity with a key is selected.
  func isSelected(key: SQL) -> SQL {
    "EXISTS (SELECT FROM entity AS e\(joins) WHERE \(condition) AND e.key = \(key))"
  }
}
