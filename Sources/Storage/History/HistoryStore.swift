import JSON
package import JSONLD
package import NGSILD
import NGSILDQuery
package import Postgres

/// The history in the database.
package final class HistoryStore {
  let names: NameTable
  let typesets: TypesetTable
  /// Connections for queries, whose statements are planned for their values.
  let queries: Pool
  /// Connections for reads of series, whose statements are planned once.
  let pool: Pool
  package let limits: HistoryLimits

  package init(
    names: NameTable, typesets: TypesetTable, queries: Pool, pool: Pool,
    limits: HistoryLimits = HistoryLimits()
  ) {
    self.names = names
    self.typesets = typesets
    self.queries = queries
    self.pool = pool
    self.limits = limits
  }

  /// The history of one Entity; nil if it has none.
  ///
  /// - Parameter foreign: what Context Sources have of it.
  package func history(
    of id: String, _ part: HistoryPart, beside foreign: ForeignHistory? = nil, at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> HistoryPage? {
    try await findNames(part)
    let scope = try await queryScope(part, beside: foreign, at: now, tenant: tenant)
    let plan = HistoryPlan(part, limits: limits, in: scope)
    let results = try await pool(in: scope).flight([
      scope.reading(Self.entity(id, tenant: tenant)),
      scope.reading(plan.instances(of: .id(id), in: scope)),
    ])
    guard !results[0].isEmpty else { return nil }
    if results[1].isEmpty, try await !hasHistory(id, in: scope) { return nil }
    let entities = try await entities(results[0], tenant: tenant, beside: scope.foreign)
    return try await page(
      of: entities, SeriesRows(results[1], plan), plan, in: scope, hasMore: false, count: nil)
  }

  /// One page of the Entities whose history a query selects, with their history.
  ///
  /// - Parameter foreign: what Context Sources have of the Entities that they select.
  package func page(
    _ query: HistoryQuery, beside foreign: ForeignHistory? = nil, at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> HistoryPage {
    let found = try await select(query, beside: foreign, at: now, tenant: tenant)
    let scope = found.scope
    let plan = HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: scope)
    let keys = HistoryPlan.Entities.keys(found.entities.map(\.key))
    let pool = pool(in: scope)
    let statement = scope.reading(plan.instances(of: keys, in: scope))
    var rows = SeriesRows(try await pool.query(statement), plan)
    if let statement = plan.scopesAtStart(of: keys) {
      rows.scopesAtStart = try await pool.query(scope.reading(statement))
    }
    return try await page(
      of: found.entities, rows, plan, in: scope, hasMore: found.hasMore, count: found.count)
  }

  /// The ids of one page of the Entities whose history a query selects.
  package func ids(
    _ query: HistoryQuery, beside foreign: ForeignHistory?, at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> [String] {
    try await select(query, beside: foreign, at: now, tenant: tenant).entities
      .compactMap { $0.history.entity["id"]?.string }
  }

  // MARK: Entities

  struct FoundEntities {
    let scope: QueryScope
    let entities: [FoundEntity]
    let hasMore: Bool
    let count: Int?
    /// Whether the tenant has any hourly figures; false too where they do not count.
    var hasHours = false
  }

  struct FoundEntity {
    let key: Int64
    let history: EntityHistory
  }

  func select(
    _ query: HistoryQuery, beside foreign: ForeignHistory? = nil, at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> FoundEntities {
    try await findNames(query.part, query)
    while true {
      if typesets.version(of: tenant) == 0 { try await typesets.load(tenant, from: queries) }
      let scope = try await queryScope(query.part, beside: foreign, at: now, tenant: tenant)
      let plan = HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: scope)
      let filter = HistoryFilter(query, plan, in: scope)
      // The version travels with the page: another process may have added a typeset meanwhile.
      let hasHours: SQL =
        plan.countsHours
        ? "EXISTS (SELECT FROM attribute_hour WHERE tenant = \(tenant))" : "false"
      var statements: [SQL] = [
        "SELECT count(*), \(hasHours) FROM typeset WHERE tenant = \(tenant)",
        scope.reading(filter.page(limit: query.limit + 1, offset: query.offset)),
      ]
      if query.wantsCount { statements.append(scope.reading(filter.count)) }
      let results = try await queries.flight(statements)
      if results[0][0][0].int > typesets.version(of: tenant) {
        try await typesets.load(tenant, from: queries)
        continue
      }
      let entities = try await entities(results[1], tenant: tenant, beside: scope.foreign)
      return FoundEntities(
        scope: scope, entities: Array(entities.prefix(query.limit)),
        hasMore: entities.count > query.limit,
        count: query.wantsCount ? results[2][0][0].int : nil, hasHours: results[0][0][1].bool)
    }
  }

  static func entity(_ id: String, tenant: TenantNumber) -> SQL {
    "SELECT \(entityColumns) FROM entity AS e WHERE e.tenant = \(tenant) AND e.id = \(id)"
  }

  func entities(
    _ rows: Rows, tenant: TenantNumber, beside foreign: ForeignRows? = nil
  ) async throws(PostgresError) -> [FoundEntity] {
    var found: [FoundEntity] = []
    for row in rows {
      let document = JSONValue(storedDocument: row[1].bytes)
      var types = document.storedTypes
      if let typeset = row[2].present.map({ TypesetNumber($0.int) }) {
        if foreign?.types(of: typeset) == nil,
          typesets.types(of: typeset, tenant: tenant) == nil
        {
          try await typesets.load(tenant, from: queries)
        }
        types =
          foreign?.types(of: typeset) ?? typesets.types(of: typeset, tenant: tenant) ?? types
      }
      found.append(
        FoundEntity(
          key: row[0].int64,
          history: EntityHistory(
            entity: document, types: types,
            deletedAt: row[3].bool ? DateTime(row[4].timestamp) : nil)))
    }
    return found
  }

  func hasHistory(
    _ id: String, in scope: QueryScope
  ) async throws(PostgresError) -> Bool {
    if scope.foreign?.holds(id) ?? false { return true }
    return try await hasHistory(id, tenant: scope.tenant)
  }

  /// Whether the Entity has any history, of `attributes` if they are given; one without Attributes
  /// has it by existing.
  package func hasHistory(
    _ id: String, of attributes: Set<IRI> = [], tenant: TenantNumber
  ) async throws(PostgresError) -> Bool {
    try await names.find(names.unknown(among: attributes), in: pool)
    let numbers = attributes.compactMap { names.number(of: $0) }
    let ofAttributes: SQL = attributes.isEmpty ? "true" : "i.attribute = ANY (\(numbers))"
    let tables: [SQL] = ["attribute_instance", "attribute_hour"]
    let isRecorded = tables.map { table -> SQL in
      """
      EXISTS (
        SELECT FROM \(table) AS i
        WHERE i.tenant = e.tenant AND i.entity = e.key AND \(ofAttributes))
      """
    }
    let isBare: SQL =
      attributes.isEmpty
      ? """
      e.typeset IS NOT NULL AND NOT EXISTS (
        SELECT FROM entity_value AS v
        WHERE v.tenant = e.tenant AND v.key = e.key AND cardinality(v.attrs) > 0)
      """
      : "false"
    return try await pool.query(
      """
      SELECT FROM entity AS e
      WHERE e.tenant = \(tenant) AND e.id = \(id) AND (
        \(SQL.joined(isRecorded, by: " OR ")) OR \(isBare))
      """
    ).count > 0
  }

  /// Statements that hold what sources answered are planned for that.
  func pool(in scope: QueryScope) -> Pool { scope.foreign == nil ? pool : queries }

  // MARK: Names

  func queryScope(at now: DateTime, tenant: TenantNumber) -> QueryScope {
    QueryScope(
      tenant: tenant, now: now, names: names, typesets: typesets.typesets(of: tenant), indexed: [])
  }

  /// Looks up the names that statements refer to by number.
  func findNames(
    _ part: HistoryPart, _ query: HistoryQuery? = nil
  ) async throws(PostgresError) {
    var needed: Set = [NameTable.scope]
    needed.formUnion(part.attributes.names)
    needed.formUnion(part.datasets?.ids ?? [])
    needed.formUnion(query?.query?.names ?? [])
    if let geo = query?.geo { needed.insert(geo.geoproperty) }
    try await names.find(names.unknown(among: needed), in: pool)
  }
}
