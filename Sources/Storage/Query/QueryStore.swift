import JSONLD
package import NGSILD
import NGSILDQuery
package import Postgres

/// Queries over Entities, each one SQL statement.
///
/// Shape of a page: the keys first, by an index of each typeset with the limit inside, then their
/// documents. Values outside of what is indexed are filtered in `entity_value`, which is narrow.
package final class QueryStore {
  let names: NameTable
  let typesets: TypesetTable
  /// Connections whose statements are planned for their values, and bounded in time.
  let pool: Pool
  /// Connections whose statements are planned once.
  let readers: Pool

  package init(names: NameTable, typesets: TypesetTable, pool: Pool, readers: Pool) {
    self.names = names
    self.typesets = typesets
    self.pool = pool
    self.readers = readers
  }

  /// One page, ordered by the Entities' creation.
  package func page(
    _ query: EntityQuery, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> EntityPage {
    while true {
      let plan = try await plan(query, at: now, tenant: tenant)
      // The version travels with the page: another process may have added a typeset meanwhile.
      var statements: [SQL] = [
        "SELECT count(*) FROM typeset WHERE tenant = \(tenant)",
        plan.page(limit: query.limit + 1, offset: query.offset),
      ]
      if query.wantsCount { statements.append(plan.count) }
      let results = try await (plan.isPlannedOnce ? readers : pool).flight(statements)
      if results[0][0][0].int > typesets.version(of: tenant) {
        try await typesets.load(tenant, from: pool)
        continue
      }
      let documents = results[1].map { $0[0].bytes }
      return EntityPage(
        documents: Array(documents.prefix(query.limit)), hasMore: documents.count > query.limit,
        count: query.wantsCount ? results[2][0][0].int : nil)
    }
  }

  func plan(
    _ query: EntityQuery, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> QueryPlan {
    try await names.find(names.unknown(among: query.names), in: pool)
    if typesets.version(of: tenant) == 0 { try await typesets.load(tenant, from: pool) }
    let matching = typesets.typesets(of: tenant).filter {
      query.selector.types?.matches(types: $0.types) ?? true
    }
    return QueryPlan(
      query, at: now, tenant: tenant, typesets: matching.map(\.number), names: names)
  }
}

extension EntityQuery {
  /// Names that the statement refers to by number.
  fileprivate var names: Set<String> {
    var names = Set(attributes.map(\.text))
    if let geo { names.insert(geo.geoproperty.text) }
    for term in query?.terms ?? [] {
      if case .value(let path) = term.path { names.formUnion(path.attributes.map(\.text)) }
    }
    return names
  }
}
