import JSONLD
package import NGSILD
package import NGSILDQuery
package import Postgres

/// Queries over Entities, each one SQL statement.
///
/// Shape of a page: the keys first, by an index of each typeset with the limit inside, then their
/// documents. Values outside of what is indexed are filtered in `entity_value`, which is narrow.
package final class QueryStore {
  let names: NameTable
  let typesets: TypesetTable
  private let collations: CollationTable
  /// Connections whose statements are planned for their values, and bounded in time.
  let pool: Pool
  /// Connections whose statements are planned once.
  let readers: Pool

  package init(
    names: NameTable, typesets: TypesetTable, collations: CollationTable, pool: Pool, readers: Pool
  ) {
    self.names = names
    self.typesets = typesets
    self.collations = collations
    self.pool = pool
    self.readers = readers
  }

  /// Makes sure that the database has the collation that a query is ordered by.
  ///
  /// - Throws: `tooComplexQuery` if there are too many.
  package func create(_ collation: Collation) async throws(NGSILDError) {
    try await collations.create(collation, in: pool)
  }

  /// One page, in the order asked for, or else that of the Entities' creation.
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
    let scope = QueryScope(
      tenant: tenant, now: now, names: names, typesets: typesets.typesets(of: tenant))
    return QueryPlan(query, in: scope)
  }
}

extension EntityQuery {
  /// Names that the statement refers to by number.
  fileprivate var names: Set<String> {
    var names = Set(attributes.map(\.text))
    if let geo { names.insert(geo.geoproperty.text) }
    names.formUnion(query?.names.map(\.text) ?? [])
    for term in ordering?.terms ?? [] { names.formUnion(term.path.attributes.map(\.text)) }
    return names
  }
}
