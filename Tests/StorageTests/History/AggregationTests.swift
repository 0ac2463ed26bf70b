import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Aggregation of the history")
struct AggregationTests {
  private struct Sample {
    let time: DateTime
    let value: Double
  }

  /// Around changes to and from daylight-saving time, leap days and ends of months and years.
  private static let days = [
    "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-30", "2024-03-31", "2024-10-26",
    "2024-10-27", "2024-12-31", "2025-01-01", "2025-01-31", "2025-02-28", "2025-03-30",
  ]

  private static let periods = [
    "PT15M", "PT1H", "PT7H", "P1D", "P1W", "P1M", "P2M", "P1Y", "P1M10DT3H", "P1DT1S", "PT0S",
  ]

  @Test(
    "results are those of an independent computation, whatever the time zone of the session",
    arguments: ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
  func property(zone: String) async throws {
    var random = SeededGenerator(printingSeedOf: "aggregation in \(zone)")
    var samples: [Sample] = []
    var times: Set<DateTime> = []
    for _ in 0..<150 {
      let day = try #require(DateTime("\(random.pick(Self.days))T00:00:00Z"))
      let time = DateTime(
        microseconds: day.microseconds + Int64(random.number(0...86_399)) * 1_000_000)
      guard times.insert(time).inserted else { continue }
      samples.append(Sample(time: time, value: Double(random.number(-1000...1000)) / 8))
    }
    let instances = samples.map {
      #"{"type":"Property","value":\#($0.value),"observedAt":"\#($0.time)"}"#
    }
    let entity = #"{"id":"urn:x:1","type":"T","a":[\#(instances.joined(separator: ","))]}"#
    let all = samples
    let cutoff = try #require(DateTime("2024-11-01T00:00:00Z"))
    var cases: [(TemporalInterval?, String)] = []
    for period in Self.periods {
      let (one, other) = (random.pick(all).time, random.pick(all).time)
      cases.append((nil, period))
      cases.append((.after(one), period))
      cases.append((.before(one), period))
      cases.append((.between(min(one, other), max(one, other)), period))
    }
    let asked = cases
    try await withHistory(entity) { client, scope in
      for (interval, period) in asked {
        try await check(all, interval, period, zone, client, scope)
      }
      try await letGo(before: cutoff, client, scope)
      // Of an hour that is gone, all counts at its first instant.
      let left = all.map { $0.time < cutoff ? Sample(time: $0.time.hour, value: $0.value) : $0 }
      for (interval, period) in asked {
        try await check(
          left, interval, period, zone, client, scope, [.totalCount, .min, .max, .sum, .avg])
      }
    }
  }

  private func letGo(
    before cutoff: DateTime, _ client: TestClient, _ scope: QueryScope
  ) async throws {
    let key = try await client.query(
      "SELECT key FROM entity WHERE tenant = \(scope.tenant) AND id = 'urn:x:1'")[0][0].int64
    let chunk = RetentionSweep.Chunk(
      tenant: scope.tenant, keys: [key],
      rule: RetentionSweep.Rule(cutoff: cutoff.timestamp, rollsUp: true))
    let partitions = try await client.query(
      """
      SELECT inhrelid::regclass::text FROM pg_inherits
      WHERE inhparent = 'attribute_instance'::regclass
      """)
    var rows = 0
    for partition in partitions {
      let deletion = RetentionSweep.deletion(of: chunk, from: partition[0].string)
      rows += try await client.query(deletion)[0][0].int
    }
    #expect(rows > 0)
  }

  private func check(
    _ samples: [Sample], _ interval: TemporalInterval?, _ text: String, _ zone: String,
    _ client: TestClient, _ scope: QueryScope,
    _ methods: [Aggregation.Method] = Aggregation.Method.allCases
  ) async throws {
    let duration = try CalendarDuration(parsing: text, of: "period")
    let aggregation = Aggregation(methods: methods, period: duration.isZero ? nil : duration)
    var part = HistoryPart(TemporalQuery(interval: interval))
    part.countsHours = aggregation.isOfHours
    let plan = HistoryPlan(part, limits: HistoryLimits(), in: scope)
    let rows = try await client.readHistory([
      "SELECT set_config('TimeZone', \(zone), true)",
      plan.aggregates(aggregation, of: .id("urn:x:1"), in: scope),
    ])[1]
    let reader = AggregateRows(aggregation: aggregation, window: plan.window, lastN: nil)
    let series = reader.series(Array(rows)[...], of: expanded("a"))
    let expected = expectation(samples, interval, duration)
    for (method, periods) in series.results {
      #expect(
        periods.map(\.start) == expected.map(\.start), "\(text) \(String(describing: interval))")
      #expect(periods.map(\.end) == expected.map(\.end), "\(text) \(String(describing: interval))")
      for (period, values) in zip(periods, expected) {
        let difference = abs(number(period.value) - values.result(of: method))
        #expect(difference <= 1e-6 * max(1, abs(values.result(of: method))), "\(method) \(text)")
      }
    }
    #expect(series.results.isEmpty == expected.isEmpty)
  }

  private func number(_ value: AggregatedSeries.Value) -> Double {
    switch value {
    case .number(let number): number
    case .count(let count): Double(count)
    case .text: .nan
    }
  }

  private struct Expected {
    let start: DateTime
    let end: DateTime
    let values: [Double]

    func result(of method: Aggregation.Method) -> Double {
      let count = Double(values.count)
      let sum = values.reduce(0, +)
      switch method {
      case .avg: return sum / count
      case .sum: return sum
      case .sumsq: return values.reduce(0) { $0 + $1 * $1 }
      case .min: return values.min() ?? .nan
      case .max: return values.max() ?? .nan
      case .stddev:
        return (values.reduce(0) { $0 + ($1 - sum / count) * ($1 - sum / count) } / count)
          .squareRoot()
      case .distinctCount: return Double(Set(values).count)
      case .totalCount: return count
      }
    }
  }

  /// Period after period, counted by the calendar of `DateTime`, not by the database's.
  private func expectation(
    _ samples: [Sample], _ interval: TemporalInterval?, _ duration: CalendarDuration
  ) -> [Expected] {
    let inside = samples.filter { interval?.contains($0.time) ?? true }
    guard let first = inside.map(\.time).min(), let last = inside.map(\.time).max() else {
      return []
    }
    let origin = interval?.start ?? first
    guard !duration.isZero else {
      return [
        Expected(start: origin, end: interval?.end ?? last, values: inside.map(\.value))
      ]
    }
    var periods: [Int: [Double]] = [:]
    for sample in inside {
      // Halves the range in which the period lies.
      var (low, high) = (0, 100_000)
      while low + 1 < high {
        let middle = (low + high) / 2
        if origin.advanced(by: duration, times: middle) <= sample.time {
          low = middle
        } else {
          high = middle
        }
      }
      periods[low, default: []].append(sample.value)
    }
    return periods.sorted { $0.key < $1.key }.map { place, values in
      Expected(
        start: origin.advanced(by: duration, times: place),
        end: origin.advanced(by: duration, times: place + 1), values: values)
    }
  }
}

extension DateTime {
  fileprivate var hour: DateTime {
    DateTime(microseconds: microseconds - microseconds % 3_600_000_000)
  }
}
