import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// The rows of `HistoryPlan.instances`, which come one series after the other.
struct SeriesRows {
  /// One Attribute of one Entity, and its rows from the end at which reading began.
  struct Series {
    let entity: Int64
    let attribute: NameNumber
    var rows: Range<Int>
    /// The first row, whatever is cut.
    let example: Int
  }

  let rows: Rows
  private(set) var series: [Series] = []
  /// How many instances of each series the answer holds at most.
  private let cap: Int
  private let isBackward: Bool
  /// What `HistoryPlan.scopesAtStart` found.
  var scopesAtStart: Rows?

  init(_ rows: Rows, _ plan: HistoryPlan) {
    self.rows = rows
    isBackward = plan.isBackward
    cap = rows.first.map { $0[HistoryPlan.Column.cap].int } ?? 0
    for (index, row) in rows.enumerated() {
      let (entity, attribute) = (
        row[HistoryPlan.Column.key].int64, row[HistoryPlan.Column.attribute]
      )
      let number = NameNumber(attribute.int)
      if let last = series.last, last.entity == entity, last.attribute == number {
        series[series.count - 1].rows = last.rows.lowerBound..<index + 1
      } else {
        series.append(
          Series(entity: entity, attribute: number, rows: index..<index + 1, example: index))
      }
    }
  }

  func time(_ row: Int) -> DateTime { DateTime(rows[row][HistoryPlan.Column.time].timestamp) }

  /// The instant at which the answer ends: that of the first instance for which there is no room;
  /// nil if there is room for all.
  ///
  /// All series are cut at the same instant, so that none has a gap (6.3.10).
  ///
  /// - Parameter end: the last instant of which Context Sources have given everything; nil if they
  ///   have given all.
  func bound(beside end: DateTime?) -> DateTime? {
    let next = end.map { DateTime(microseconds: $0.microseconds + (isBackward ? -1 : 1)) }
    let firstLeft =
      series.filter { $0.rows.count > cap }.map { time($0.rows.lowerBound + cap) }
      + [next].compactMap(\.self)
    return isBackward ? firstLeft.max() : firstLeft.min()
  }

  /// Cuts all series before `bound`; returns whether anything is left.
  mutating func cut(before bound: DateTime) -> Bool {
    for index in series.indices {
      let kept = series[index].rows.prefix { row in
        isBackward ? time(row) > bound : time(row) < bound
      }
      series[index].rows = kept
    }
    return series.contains { !$0.rows.isEmpty }
  }

  /// The instants between which all instances lie.
  var span: (first: DateTime, last: DateTime)? {
    let ends = series.filter { !$0.rows.isEmpty }.flatMap { series in
      [time(series.rows.lowerBound), time(series.rows.upperBound - 1)]
    }
    guard let first = ends.min(), let last = ends.max() else { return nil }
    return (first, last)
  }

  /// Rows of a series in the order of time.
  func ascending(_ series: Series) -> [Int] {
    isBackward ? series.rows.reversed() : Array(series.rows)
  }
}

extension HistoryStore {
  /// The page that rows make up, cut to what one answer holds.
  func page(
    of entities: [FoundEntity], _ all: SeriesRows, _ plan: HistoryPlan, in scope: QueryScope,
    hasMore: Bool, count: Int?
  ) async throws(PostgresError) -> HistoryPage {
    var rows = all
    var range: HistoryRange?
    if let bound = rows.bound(beside: scope.foreign?.end) {
      if !rows.cut(before: bound) {
        rows = try await rowsAt(bound, of: entities, plan, in: scope)
      }
      range = rows.span.map { HistoryRange($0, plan) }
    }
    try await scope.names.find(numbers: Set(rows.series.map(\.attribute)), in: pool)
    let histories = entities.map { entity in
      var history = entity.history
      history.series = series(of: entity.key, rows, in: scope)
      return history
    }
    return HistoryPage(histories: histories, range: range, hasMore: hasMore, count: count)
  }

  /// All rows of one instant, of which there are more than an answer usually holds: it cannot be
  /// divided.
  private func rowsAt(
    _ instant: DateTime, of entities: [FoundEntity], _ plan: HistoryPlan, in scope: QueryScope
  ) async throws(PostgresError) -> SeriesRows {
    var limits = limits
    limits.instancesPerAttribute = limits.instances
    let plan = plan.at(instant, limits: limits)
    let statement = scope.reading(plan.instances(of: .keys(entities.map(\.key)), in: scope))
    return SeriesRows(try await pool(in: scope).query(statement), plan)
  }

  private func series(
    of key: Int64, _ rows: SeriesRows, in scope: QueryScope
  ) -> [EntityHistory.Series] {
    let ids = scope.foreign?.instanceIDs
    var found = rows.series.filter { $0.entity == key }.map { series in
      EntityHistory.Series(
        attribute: scope.names.attribute(series.attribute),
        instances: rows.ascending(series).map { EntityHistory.Instance(rows.rows, $0, ids) },
        example: EntityHistory.Instance(rows.rows, series.example, ids))
    }
    guard let scopes = rows.scopesAtStart,
      let row = scopes.indices.first(where: { scopes[$0][0].int64 == key })
    else { return found }
    let instance = EntityHistory.Instance(scopes, row)
    if let place = found.firstIndex(where: { $0.attribute == nil }) {
      found[place].instances.insert(instance, at: 0)
    } else {
      found.append(EntityHistory.Series(attribute: nil, instances: [instance], example: instance))
    }
    return found
  }

}

extension NameTable {
  /// nil for the history of scopes.
  func attribute(_ number: NameNumber) -> IRI? {
    number == scope ? nil : name(of: number).map { IRI($0) }
  }
}

extension HistoryRange {
  /// From where reading began to how far it got (6.3.10).
  fileprivate init(_ span: (first: DateTime, last: DateTime), _ plan: HistoryPlan) {
    let interval = plan.window.interval
    if plan.isBackward {
      self.init(start: interval?.end ?? span.last, end: span.first, lastN: plan.lastN)
    } else {
      self.init(start: interval?.start ?? span.first, end: span.last, lastN: nil)
    }
  }
}
