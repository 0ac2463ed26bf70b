package import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres

/// What was computed of the values of one Attribute of an Entity.
package struct AggregatedSeries: Sendable {
  package let attribute: IRI
  package let type: AttributeType
  /// By method, in the order in which they were asked for; methods that no value is eligible for are
  /// missing.
  package internal(set) var results: [(method: Aggregation.Method, periods: [Period])]

  package struct Period: Sendable {
    package let value: Value
    package let start: DateTime
    package let end: DateTime
  }

  package enum Value: Hashable, Sendable {
    case number(Double)
    case count(Int)
    case text(String)
  }
}

extension InstanceKind {
  /// Whether a method means anything for values of this kind (GS CIM 009, table 4.5.19.1-1).
  func isEligible(for method: Aggregation.Method) -> Bool {
    switch method {
    case .distinctCount, .totalCount: true
    case .min, .max:
      switch self {
      case .number, .boolean, .string, .array, .list, .dateTime, .date, .time: true
      default: false
      }
    case .avg:
      switch self {
      case .number, .boolean, .array, .list, .time: true
      default: false
      }
    case .sum:
      switch self {
      case .number, .boolean, .array, .list: true
      default: false
      }
    case .stddev, .sumsq: self == .number || self == .boolean
    }
  }

  /// The value that `number` stands for.
  func value(_ number: Double) -> AggregatedSeries.Value {
    switch self {
    case .dateTime: .text(DateTime(microseconds: Int64(number)).description)
    case .date: .text(Date(days: Int(number)).description)
    case .time: .text(Time(microseconds: Int64(number.rounded())).description)
    default: .number(number)
    }
  }
}

/// The rows that `HistoryPlan.aggregates` gives for one series, period after period.
struct AggregateRows {
  private typealias Column = HistoryPlan.AggregateColumn

  let aggregation: Aggregation
  let window: HistoryWindow
  let lastN: Int?

  /// The series that rows make up.
  ///
  /// Choice: of values of several kinds in one period, methods that not all are eligible for take the
  /// numbers, or else the most frequent kind; counts are of all. lastN is that of periods.
  func series(_ rows: ArraySlice<Row>, of attribute: IRI) -> AggregatedSeries {
    var periods: [[Row]] = []
    for row in rows {
      if let last = periods.last?.first, isSamePeriod(last, row) {
        periods[periods.count - 1].append(row)
      } else {
        periods.append([row])
      }
    }
    if let lastN { periods = periods.suffix(lastN) }
    let type = periods.first?.first.map { kind(of: $0).attributeType } ?? .property
    var results: [(method: Aggregation.Method, periods: [AggregatedSeries.Period])] = []
    for (index, method) in aggregation.methods.enumerated() {
      let column = Column.methods + columns(before: index)
      let computed = periods.compactMap { kinds -> AggregatedSeries.Period? in
        guard let value = value(of: method, column, kinds) else { return nil }
        let (start, end) = span(of: kinds[0])
        return AggregatedSeries.Period(value: value, start: start, end: end)
      }
      if !computed.isEmpty { results.append((method, computed)) }
    }
    return AggregatedSeries(attribute: attribute, type: type, results: results)
  }

  /// `min` and `max` take two columns: of numbers and of texts.
  private func columns(before index: Int) -> Int {
    aggregation.methods[..<index].reduce(0) { $0 + ($1 == .min || $1 == .max ? 2 : 1) }
  }

  private func value(
    of method: Aggregation.Method, _ column: Int, _ kinds: [Row]
  ) -> AggregatedSeries.Value? {
    switch method {
    case .totalCount, .distinctCount:
      let counts = kinds.compactMap { $0[column].present?.int }
      return counts.isEmpty ? nil : .count(counts.reduce(0, +))
    default: break
    }
    let eligible = kinds.filter { kind(of: $0).isEligible(for: method) }
    let numbers = eligible.first { kind(of: $0) == .number }
    let mostFrequent = eligible.max { $0[Column.count].int < $1[Column.count].int }
    guard let chosen = numbers ?? mostFrequent else { return nil }
    guard kind(of: chosen) != .string else {
      return chosen[column + 1].present.map { AggregatedSeries.Value.text($0.string) }
    }
    return chosen[column].present.map { kind(of: chosen).value($0.double) }
  }

  private func kind(of row: Row) -> InstanceKind {
    InstanceKind(rawValue: Int16(row[Column.kind].int)) ?? .none
  }

  // MARK: Periods

  private func isSamePeriod(_ one: Row, _ other: Row) -> Bool {
    isByCalendar
      ? one[Column.period].int == other[Column.period].int
      : one[Column.period].timestamp == other[Column.period].timestamp
  }

  private var isByCalendar: Bool { aggregation.period.map { $0.months > 0 } ?? false }

  private func span(of row: Row) -> (start: DateTime, end: DateTime) {
    let first = DateTime(row[Column.first].timestamp)
    guard let period = aggregation.period else {
      let last = window.interval?.end ?? row[Column.last].present.map { DateTime($0.timestamp) }
      return (first, last ?? first)
    }
    guard isByCalendar else {
      let start = DateTime(row[Column.period].timestamp)
      return (start, start.advanced(by: period, times: 1))
    }
    let place = row[Column.period].int
    return (
      first.advanced(by: period, times: place), first.advanced(by: period, times: place + 1)
    )
  }
}
