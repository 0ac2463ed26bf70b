package import NGSILD
package import Postgres

/// Fills a Snapshot with data, in one transaction: all is as it was at one instant.
///
/// The connection is used by nothing else meanwhile.
package struct SnapshotFilling {
  let snapshot: StoredSnapshot
  let queries: QueryStore
  let history: HistoryStore
  let connection: Connection

  package init(
    _ snapshot: StoredSnapshot, queries: QueryStore, history: HistoryStore,
    on connection: Connection
  ) {
    self.snapshot = snapshot
    self.queries = queries
    self.history = history
    self.connection = connection
  }

  /// Entities that are copied at once.
  private static let entitiesAtOnce = 2000

  // MARK: The transaction

  /// Begins; false, and no transaction, if another process is at it or has been.
  package func begin() async throws(PostgresError) -> Bool {
    let results = try await connection.flight([
      "BEGIN ISOLATION LEVEL REPEATABLE READ",
      "SELECT pg_try_advisory_xact_lock(\(Self.lockSpace ^ Int64(snapshot.data)))",
    ])
    if results[1][0][0].bool, try await connection.query(isPreparing).count == 1 { return true }
    try await connection.rollback()
    return false
  }

  private static let lockSpace: Int64 = 0x736e_6170_0000_0000

  private var isPreparing: SQL {
    """
    SELECT FROM snapshot
    WHERE tenant = \(snapshot.tenant) AND id = \(snapshot.id) AND data = \(snapshot.data)
      AND status = 'preparing'
    """
  }

  /// Makes the Snapshot what came of it, and all of it visible.
  package func commit(
    status: String, results: [UInt8], at now: DateTime
  ) async throws(PostgresError) {
    try await connection.flight([
      """
      UPDATE snapshot
      SET status = \(status), results = \(results), modified = \(now.timestamp), source = NULL
      WHERE tenant = \(snapshot.tenant) AND id = \(snapshot.id) AND data = \(snapshot.data)
      """,
      "COMMIT",
    ])
  }

  package func rollback() async throws(PostgresError) { try await connection.rollback() }

  /// Does `work`, of which nothing stays if the database refuses it.
  package func attempt<Result>(
    _ work: () async throws(PostgresError) -> Result
  ) async throws(PostgresError) -> Result {
    try await connection.query("SAVEPOINT attempt")
    do throws(PostgresError) {
      let result = try await work()
      try await connection.query("RELEASE attempt")
      return result
    } catch {
      if !error.isConnectionLoss { try await connection.query("ROLLBACK TO attempt") }
      throw error
    }
  }

  // MARK: Copies

  /// Copies the Entities that `query` selects, whole; returns how many they are.
  ///
  /// Choice: what of them is shown is for who reads the Snapshot to say.
  ///
  /// - Parameter ids: of Entities that are left out.
  package func copy(
    _ query: EntityQuery, except ids: [String], at now: DateTime
  ) async throws(PostgresError) -> Int {
    let excluded = try await keys(of: ids)
    var range = try await queries.keys()
    var count = 0
    while true {
      let found = try await queries.run(
        query, at: now, tenant: snapshot.tenant, on: connection
      ) { [range] in QueryFlight([$0.references(in: range, limit: Self.entitiesAtOnce)]) }[0]
      guard let last = found.last else { return count }
      let keys = found.map { $0[0].int64 }.filter { !excluded.contains($0) }
      try await copyEntities(keys)
      count += keys.count
      range = range.after(last[0].int64)
    }
  }

  /// Copies the history that `query` selects, as it is, and the Entities that it is of; returns how
  /// many they are.
  ///
  /// Choice: the history and the current state of an Entity are one, as everywhere.
  ///
  /// - Parameters:
  ///   - sources: what Context Sources make of it.
  package func copy(
    _ query: HistoryQuery, beside sources: HistoryAtSources, at now: DateTime
  ) async throws(PostgresError) -> Int {
    let foreign =
      sources.claims.isEmpty
      ? nil : ForeignHistory([], claims: sources.claims, areSelected: false)
    let selection = try await history.selection(
      query, beside: foreign, at: now, tenant: snapshot.tenant)
    let included = try await keys(of: sources.included)
    let known = try await keys(of: sources.excluded).union(included)
    try await copyHistory(included.sorted(), selection)
    var count = included.count
    var last: Int64 = 0
    while true {
      let found = try await connection.query(
        selection.scope.reading(selection.filter.keys(after: last, limit: Self.entitiesAtOnce))
      ).map { $0[0].int64 }
      guard let end = found.last else { return count }
      let keys = found.filter { !known.contains($0) }
      try await copyHistory(keys, selection)
      count += keys.count
      last = end
    }
  }

  private func copyHistory(
    _ keys: [Int64], _ selection: HistoryStore.Selection
  ) async throws(PostgresError) {
    guard !keys.isEmpty else { return }
    try await copyEntities(keys)
    try await connection.query(
      selection.plan.copy(of: .keys(keys), to: snapshot.data, in: selection.scope))
  }

  private func keys(of ids: [String]) async throws(PostgresError) -> Set<Int64> {
    guard !ids.isEmpty else { return [] }
    let rows = try await connection.query(
      "SELECT key FROM entity WHERE tenant = \(snapshot.tenant) AND id = ANY (\(ids))")
    return Set(rows.map { $0[0].int64 })
  }

  private func copyEntities(_ keys: [Int64]) async throws(PostgresError) {
    try await connection.flight(
      ["entity", "entity_value", "entity_geo"].map { copy($0, from: snapshot.tenant, keys) })
  }

  /// Copies what goes with the Entities that were copied: their types, and the census of them.
  package func complete() async throws(PostgresError) {
    try await connection.flight([
      """
      INSERT INTO typeset (tenant, id, types) OVERRIDING SYSTEM VALUE
      SELECT \(snapshot.data), id, types FROM typeset
      WHERE tenant = \(snapshot.tenant) AND id IN (
        SELECT typeset FROM entity WHERE tenant = \(snapshot.data)
        UNION ALL
        SELECT past_typeset FROM entity WHERE tenant = \(snapshot.data))
      ON CONFLICT DO NOTHING
      """,
      """
      INSERT INTO census (tenant, typeset, attribute, type, count)
      SELECT tenant, typeset, 0, 0, count(*) FROM entity
      WHERE tenant = \(snapshot.data) AND typeset IS NOT NULL
      GROUP BY 1, 2
      UNION ALL
      SELECT e.tenant, e.typeset, i.attribute, i.type, count(*)
      FROM entity AS e, census_instances(e.document) AS i
      WHERE e.tenant = \(snapshot.data) AND e.typeset IS NOT NULL
      GROUP BY 1, 2, 3, 4
      """,
    ])
  }

  /// What there is to copy of another Snapshot.
  package enum SourceState: Sendable {
    case preparing, complete, gone
  }

  package func state(of source: TenantNumber) async throws(PostgresError) -> SourceState {
    let rows = try await connection.query(
      """
      SELECT coalesce(s.status = 'preparing', false)
      FROM tenant AS t LEFT JOIN snapshot AS s ON s.data = t.id
      WHERE t.id = \(source)
      """)
    guard let row = rows.first else { return .gone }
    return row[0].bool ? .preparing : .complete
  }

  /// Copies all that another Snapshot has.
  package func copyAll(of source: TenantNumber) async throws(PostgresError) {
    try await connection.flight(
      [
        "typeset", "entity", "entity_value", "entity_geo", "attribute_instance", "attribute_hour",
        "census", "census_change",
      ].map { copy($0, from: source, nil) })
  }

  private func copy(_ table: String, from tenant: TenantNumber, _ keys: [Int64]?) -> SQL {
    "SELECT tenant_copy(\(table), \(tenant), \(snapshot.data), \(keys as [Int64]?))"
  }
}

/// What Context Sources make of the history here that a query of a Snapshot selects.
package struct HistoryAtSources: Sendable {
  /// Ids of Entities that are selected together with what sources have, whatever is here.
  let included: [String]
  /// Ids of Entities that are not, whatever is here.
  let excluded: [String]
  /// What sources alone have. It stays in the states of Entities: these are for
  /// `SnapshotAdditions`.
  let claims: [ForeignHistory.Claim]

  package init(included: [String], excluded: [String], claims: [ForeignHistory.Claim]) {
    self.included = included
    self.excluded = excluded
    self.claims = claims
  }
}

extension HistoryPlan {
  /// Copies the instances to another tenant, those that are not there yet.
  func copy(of entities: Entities, to target: TenantNumber, in scope: QueryScope) -> SQL {
    let direction: SQL = isBackward ? "DESC" : "ASC"
    return """
      WITH RECURSIVE \(series(of: entities, in: scope))
      INSERT INTO attribute_instance (id, tenant, \(HistoryStore.columnsOfInstances), value)
      SELECT found.*
      FROM series AS s CROSS JOIN LATERAL (
        SELECT i.id, \(target)::int AS tenant, \(HistoryStore.columnsOfInstances), i.value
        FROM attribute_instance AS i
        WHERE \(condition) AND \(scope.foreign?.isOwn ?? "true")
        ORDER BY \(window.time) \(direction), i.id \(direction)
        LIMIT \(lastN ?? .max)::bigint
      ) AS found
      WHERE NOT EXISTS (
        SELECT FROM attribute_instance AS old
        WHERE old.tenant = \(target) AND old.entity = found.entity
          AND old.attribute = found.attribute AND old.time = found.time AND old.id = found.id)
      """
  }
}
