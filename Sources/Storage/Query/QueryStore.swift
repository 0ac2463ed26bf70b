import JSONLD
package import NGSILD
package import NGSILDQuery
package import Postgres

/// Queries over Entities, each one SQL statement.
///
/// Shape of a page: the keys first, by an index of each typeset with the limit inside, then their
/// documents. Values outside of what is indexed are filtered in `entity_value`, which is narrow.
package final class QueryStore {
  /// Of sessions that run queries; what those of other kinds forbid the planner is allowed.
  package static let sessionSettings = [
    "plan_cache_mode": "force_custom_plan",
    // Compiling a statement costs more than most of them, whatever the planner expects.
    "jit": "off",
    "enable_seqscan": "on", "enable_hashjoin": "on", "enable_mergejoin": "on",
  ]

  package let names: NameTable
  let typesets: TypesetTable
  let indexed: IndexedAttributeTable
  private let collations: CollationTable
  /// Connections whose statements are planned for their values, and bounded in time.
  let pool: Pool
  /// Connections whose statements are planned once.
  let readers: Pool
  private let pages: PageFlights
  private let glances = GlanceMemory()

  package init(
    names: NameTable, typesets: TypesetTable, indexed: IndexedAttributeTable,
    collations: CollationTable, pool: Pool, readers: Pool
  ) {
    self.names = names
    self.typesets = typesets
    self.indexed = indexed
    self.collations = collations
    self.pool = pool
    self.readers = readers
    pages = PageFlights(readers: readers, versions: Self.versionsStatement)
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
      if let page = try await page(query, by: plan, at: now) { return page }
    }
  }

  /// One page, by looks at few rows if that will do; nil if the plan turns out to be old.
  private func page(
    _ query: EntityQuery, by plan: QueryPlan, at now: DateTime
  ) async throws(PostgresError) -> EntityPage? {
    let window = PageWindow(query)
    let existing = query.allowsGlance ? plan.glances(counts: query.wantsCount) : []
    let promising = glances.promising(among: existing, for: query, at: now, tenant: plan.tenant)
    for glance in promising {
      let statement = plan.statement(of: glance, window, counts: query.wantsCount)
      let flight = QueryFlight([statement], isShared: true)
      guard let results = try await run(plan, flight) else { return nil }
      if let page = EntityPage(glance: results[0], of: query) {
        if glance != promising[0] {
          glances.note(glance, for: query, at: now, tenant: plan.tenant)
        }
        return page
      }
    }
    if !promising.isEmpty { glances.note(nil, for: query, at: now, tenant: plan.tenant) }
    guard let results = try await run(plan, plan.flight(for: query, window)) else { return nil }
    return EntityPage(results, of: query)
  }

  /// Has what follows in a transaction planned and bounded as it is on the store's own connections.
  package func adoptSettings(on connection: Connection) async throws(PostgresError) {
    let settings = pool.configuration.connection.settings.sorted { $0.key < $1.key }
    try await connection.query(
      """
      SELECT set_config(name, setting, true)
      FROM unnest(\(settings.map(\.key)), \(settings.map(\.value))) AS s (name, setting)
      """)
  }

  /// Plans a query and runs what `flight` makes of the plan; again, if the plan turns out to be old.
  ///
  /// - Parameter connection: of a transaction; nil for one of the store's own.
  func run(
    _ query: EntityQuery, at now: DateTime, tenant: TenantNumber, on connection: Connection? = nil,
    _ flight: (QueryPlan) -> QueryFlight
  ) async throws(PostgresError) -> [Rows] {
    while true {
      let plan = try await plan(query, at: now, tenant: tenant)
      if let results = try await run(plan, flight(plan), on: connection) { return results }
    }
  }

  /// Nil if the plan turns out to be old; what it was made with is then read anew.
  private func run(
    _ plan: QueryPlan, _ flight: QueryFlight, on connection: Connection? = nil
  ) async throws(PostgresError) -> [Rows]? {
    let (versions, results) =
      if let connection {
        try await Self.fly(flight, of: plan.tenant, on: connection)
      } else {
        try await fly(flight, of: plan)
      }
    return try await refresh(to: versions[0], plan.tenant) ? nil : results
  }

  /// The versions travel with the rows: another process may have added a typeset meanwhile, or
  /// removed an index, which it only does once the transactions that know it have ended.
  ///
  /// The tenant is text, since a statement without parameters is planned once in any session; to
  /// plan this one takes five times as long as to run it.
  private static func versionsStatement(_ tenant: TenantNumber) -> SQL {
    SQL(
      stringLiteral: """
        SELECT (SELECT count(*) FROM typeset WHERE tenant = \(tenant)),
          (SELECT version FROM indexed_attribute_clock WHERE is_only)
        """)
  }

  /// Reads anew what the plan was made with; returns whether it was too old.
  private func refresh(to versions: Row, _ tenant: TenantNumber) async throws(PostgresError) -> Bool
  {
    let (typesetVersion, indexVersion) = (versions[0].int, versions[1].int64)
    if typesetVersion <= typesets.version(of: tenant), indexVersion <= indexed.version {
      return false
    }
    try await typesets.load(tenant, from: readers)
    try await indexed.load(upTo: indexVersion, from: readers)
    return true
  }

  /// What may take long has a connection of its own, so that nobody waits behind it, and cancelling
  /// it hits no other.
  private func fly(
    _ flight: QueryFlight, of plan: QueryPlan
  ) async throws(PostgresError) -> (versions: Rows, results: [Rows]) {
    if flight.isShared {
      let page = try await pages.page(flight.statements[0], of: plan.tenant)
      return (page.versions, [page.rows])
    }
    if plan.isPlannedOnce {
      let results = try await readers.flight(
        [Self.versionsStatement(plan.tenant)] + flight.statements)
      return (results[0], Array(results.dropFirst()))
    }
    return try await pool.withConnection { connection throws(PostgresError) in
      try await Self.fly(flight, of: plan.tenant, on: connection)
    }
  }

  private static func fly(
    _ flight: QueryFlight, of tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) -> (versions: Rows, results: [Rows]) {
    let results = try await connection.flight([versionsStatement(tenant)] + flight.statements)
    return (results[0], Array(results.dropFirst()))
  }

  private func plan(
    _ query: EntityQuery, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> QueryPlan {
    try await names.find(names.unknown(among: query.names), in: readers)
    if typesets.version(of: tenant) == 0 { try await typesets.load(tenant, from: readers) }
    let scope = QueryScope(
      tenant: tenant, now: now, names: names, typesets: typesets.typesets(of: tenant),
      indexed: indexed.attributes(of: tenant))
    return QueryPlan(query, in: scope)
  }
}

/// Statements of one plan that are run together.
struct QueryFlight {
  let statements: [SQL]
  /// Whether it is one statement, planned once, that reads few rows, so that others may share its way.
  let isShared: Bool

  init(_ statements: [SQL], isShared: Bool = false) {
    self.statements = statements
    self.isShared = isShared
  }
}

extension QueryPlan {
  /// The count, if it is asked for, then the page.
  fileprivate func flight(for query: EntityQuery, _ window: PageWindow) -> QueryFlight {
    // To look for Entities of which none is shown can take as long as to count all.
    guard query.wantsCount else {
      return QueryFlight([page(window)], isShared: isPlannedOnce && query.isShort)
    }
    return QueryFlight(query.limit > 0 ? [count, page(window)] : [count])
  }
}

extension EntityQuery {
  /// Whether it is about few rows, if an index leads to them.
  fileprivate var isShort: Bool { (cursor == nil ? offset : 0) + limit <= 100 }

  /// Whether a look at few rows may do; what is counted is not what a cursor leaves.
  fileprivate var allowsGlance: Bool { isShort && !(wantsCount && cursor != nil) }

  /// Names that the statement refers to by number.
  fileprivate var names: Set<IRI> {
    var names = Set(attributes)
    if let geo { names.insert(geo.geoproperty) }
    names.formUnion(query?.names ?? [])
    for term in ordering?.terms ?? [] { names.formUnion(term.path.attributes) }
    return names
  }
}
