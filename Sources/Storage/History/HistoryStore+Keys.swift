import NGSILD
import Postgres

/// What goes through the history of all Entities that a query selects reads their keys a chunk at a
/// time.
extension HistoryStore {
  /// The first keys after `last` of the Entities that a query selects, and the plan that reads their
  /// history without bounds.
  func keys(
    _ query: HistoryQuery, after last: Int64, limit: Int, at now: DateTime, tenant: TenantNumber,
    on connection: Connection
  ) async throws(PostgresError) -> (plan: HistoryPlan, keys: [Int64], scope: QueryScope) {
    try await findNames(query.part, query)
    try await typesets.load(tenant, from: queries)
    let scope = queryScope(at: now, tenant: tenant)
    let plan = HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: scope)
    let rows = try await connection.query(
      HistoryFilter(query, plan, in: scope).keys(after: last, limit: limit))
    return (plan, rows.map { $0[0].int64 }, scope)
  }
}
