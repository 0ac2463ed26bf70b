import JSONLD
import NGSILD
package import NGSILDQuery
package import Postgres

/// Writes Entities with their history as lines of an archive, in the order in which they were
/// created.
///
/// Brokers may go on writing: of an Entity that changes meanwhile, the history may be newer than
/// the state.
package struct ArchiveExport {
  let history: HistoryStore
  let tenant: TenantNumber
  /// Of Entities that have or had such types; nil for all.
  let types: TypeSelection?

  /// What has been written.
  package struct Progress: Sendable, Hashable {
    package var entities = 0
    package var instances = 0
    package var hours = 0

    package init() {}
  }

  /// Where an export goes on.
  package struct Start: Sendable {
    let key: Int64
    package static let beginning = Start(key: 0)
  }

  private static let entitiesAtOnce = 100
  private static let hoursAtOnce = 1000

  package init(history: HistoryStore, tenant: TenantNumber, types: TypeSelection?) {
    self.history = history
    self.tenant = tenant
    self.types = types
  }

  /// From an Entity on; nil if there is no such.
  package func start(at id: String) async throws(PostgresError) -> Start? {
    try await history.pool.query(
      "SELECT key FROM entity WHERE tenant = \(tenant) AND id = \(id)"
    ).first.map { Start(key: $0[0].int64) }
  }

  /// Calls `write` with lines, one or more Entities or a part of one at a time, until it returns
  /// false.
  package func run(
    from start: Start, _ write: ([UInt8], Progress) -> Bool
  ) async throws(PostgresError) {
    try await history.typesets.load(tenant, from: history.pool)
    try await history.findNames(HistoryPart(.all))
    var progress = Progress()
    var key = start.key
    while true {
      let page = try await entities(from: key)
      guard let last = page.last else { return }
      let withHours = try await entitiesWithHours(among: page)
      for entity in page {
        var writer = ArchiveLineWriter(entity.history)
        writer.writeState()
        progress.entities += 1
        guard try await writeInstances(of: entity, &writer, &progress, write) else { return }
        if withHours.contains(entity.key) {
          guard try await writeHours(of: entity, &writer, &progress, write) else { return }
        }
        guard write(writer.takeLines(), progress) else { return }
      }
      key = last.key + 1
    }
  }

  private func entities(
    from key: Int64
  ) async throws(PostgresError) -> [HistoryStore.FoundEntity] {
    var ofTypes: SQL = "true"
    if let types {
      let numbers = history.typesets.typesets(of: tenant)
        .filter { types.matches(types: $0.types) }.map(\.number)
      ofTypes = "coalesce(e.past_typeset, e.typeset) = ANY (\(numbers))"
    }
    return try await history.entities(
      history.pool.query(
        """
        SELECT \(entityColumns) FROM entity AS e
        WHERE e.tenant = \(tenant) AND e.key >= \(key) AND \(ofTypes)
        ORDER BY e.key
        LIMIT \(Self.entitiesAtOnce)
        """), tenant: tenant)
  }

  // MARK: Instances

  private func writeInstances(
    of entity: HistoryStore.FoundEntity, _ writer: inout ArchiveLineWriter,
    _ progress: inout Progress, _ write: ([UInt8], Progress) -> Bool
  ) async throws(PostgresError) -> Bool {
    let scope = history.queryScope(at: .earliest, tenant: tenant)
    let plan = HistoryPlan(HistoryPart(.all), limits: history.limits, in: scope)
    let series = try await history.series(of: [entity.key], plan, in: scope)
    var pieces = SeriesPieces(series, plan, in: scope)
    while true {
      let read = try await pieces.next(from: history.pool)
      guard !read.isEmpty else { break }
      for piece in read {
        let member = history.names.name(of: piece.series.attribute) ?? ""
        for instance in piece.instances { writer.write(instance, of: member) }
        progress.instances += piece.instances.count
      }
      guard write(writer.takeLines(), progress) else { return false }
    }
    writer.endInstances()
    return true
  }

  // MARK: Hours

  private func entitiesWithHours(
    among entities: [HistoryStore.FoundEntity]
  ) async throws(PostgresError) -> Set<Int64> {
    let rows = try await history.pool.query(
      """
      SELECT e.key FROM unnest(\(entities.map(\.key))) AS e (key)
      WHERE EXISTS (
        SELECT FROM attribute_hour AS h WHERE h.tenant = \(tenant) AND h.entity = e.key)
      """)
    return Set(rows.map { $0[0].int64 })
  }

  private func writeHours(
    of entity: HistoryStore.FoundEntity, _ writer: inout ArchiveLineWriter,
    _ progress: inout Progress, _ write: ([UInt8], Progress) -> Bool
  ) async throws(PostgresError) -> Bool {
    let rows = try await history.pool.query(
      """
      SELECT DISTINCT attribute, dataset FROM attribute_hour
      WHERE tenant = \(tenant) AND entity = \(entity.key)
      """)
    try await history.names.find(
      numbers: Set(
        rows.flatMap { [NameNumber($0[0].int), NameNumber($0[1].int)] }.filter { $0 > 0 }),
      in: history.pool)
    let series = rows.map { row in
      InstanceKey(attribute: NameNumber(row[0].int), dataset: NameNumber(row[1].int))
    }
    for key in series.sorted(by: history.names.areAscending) {
      var last: Timestamp?
      repeat {
        let hours = try await hours(of: entity.key, key, after: last)
        guard !hours.isEmpty else { break }
        writer.write(
          hours, of: history.names.name(of: key.attribute) ?? "",
          dataset: history.names.name(of: key.dataset))
        progress.hours += hours.count
        guard write(writer.takeLines(), progress) else { return false }
        last = hours.last?.hour.timestamp
      } while true
    }
    return true
  }

  private func hours(
    of entity: Int64, _ key: InstanceKey, after last: Timestamp?
  ) async throws(PostgresError) -> [ArchivedHour] {
    let isLater: SQL = last.map { "hour > \($0)" } ?? "true"
    return try await history.pool.query(
      """
      SELECT hour, minimum, maximum, average, count FROM attribute_hour
      WHERE tenant = \(tenant) AND entity = \(entity) AND attribute = \(key.attribute)
        AND dataset = \(key.dataset) AND \(isLater)
      ORDER BY hour
      LIMIT \(Self.hoursAtOnce)
      """
    ).map { row in
      ArchivedHour(
        hour: DateTime(row[0].timestamp), minimum: row[1].double, maximum: row[2].double,
        average: row[3].double, count: row[4].int64)
    }
  }
}

extension NameTable {
  /// By the names, whose numbers differ from database to database.
  fileprivate func areAscending(_ one: InstanceKey, _ other: InstanceKey) -> Bool {
    let (mine, others) = (
      [one.attribute, one.dataset].map { name(of: $0) ?? "" },
      [other.attribute, other.dataset].map { name(of: $0) ?? "" }
    )
    return mine.lexicographicallyPrecedes(others)
  }
}

extension TemporalQuery {
  /// All of the past.
  fileprivate static var all: TemporalQuery {
    TemporalQuery(interval: nil)
  }
}
