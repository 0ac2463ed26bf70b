import NGSILD
import Postgres

/// What goes through the history of all Entities that a query selects, and not page by page.
extension HistoryStore {
  struct Selection {
    let plan: HistoryPlan
    let filter: HistoryFilter
    let scope: QueryScope
  }

  /// How Entities are selected, with all types that there are by now.
  func selection(
    _ query: HistoryQuery, beside foreign: ForeignHistory? = nil, at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> Selection {
    try await findNames(query.part, query)
    try await typesets.load(tenant, from: queries)
    let scope = try await queryScope(query.part, beside: foreign, at: now, tenant: tenant)
    let plan = HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: scope)
    return Selection(plan: plan, filter: HistoryFilter(query, plan, in: scope), scope: scope)
  }
}
