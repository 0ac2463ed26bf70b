import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Plans of the history")
struct HistoryPlanTests {
  private static let entity = """
    {"id":"urn:x:1","type":"T","a":[{"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00Z"},
    {"type":"Property","value":2,"observedAt":"2026-01-02T00:00:00Z"}],"b":{"type":"Property","value":3}}
    """
  private static let start = DateTime("2026-01-01T00:00:00Z")!
  private static let end = DateTime("2026-01-02T00:00:00Z")!

  private static var parts: [HistoryPart] {
    var parts: [HistoryPart] = []
    let intervals: [TemporalInterval?] = [
      nil, .before(end), .after(start), .between(start, end),
    ]
    for interval in intervals {
      for property in TemporalQuery.TimeProperty.allCases {
        for lastN in [nil, 1, 100] {
          var part = HistoryPart(
            TemporalQuery(interval: interval, timeproperty: property, lastN: lastN))
          parts.append(part)
          part.attributes = .only([expanded("a"), expanded("b")])
          part.datasets = DatasetSelection(ids: [], includesDefault: true)
          parts.append(part)
          guard property == .observedAt else { continue }
          part.countsHours = true
          parts.append(part)
        }
      }
    }
    return parts
  }

  @Test("no plan of retrieve, lastN or aggregation scans a table")
  func indexes() async throws {
    try await withHistory(Self.entity) { client, scope in
      for part in Self.parts {
        let plan = HistoryPlan(part, limits: HistoryLimits(), in: scope)
        var statements = [plan.instances(of: .id("urn:x:1"), in: scope)]
        statements.append(plan.instances(of: .keys([1, 2]), in: scope))
        for period in [
          nil, CalendarDuration(microseconds: 1), CalendarDuration(months: 1, microseconds: 0),
        ] {
          let aggregation = Aggregation(methods: Aggregation.Method.allCases, period: period)
          statements.append(plan.aggregates(aggregation, of: .id("urn:x:1"), in: scope))
        }
        for statement in statements {
          let lines = try await client.readHistory(["EXPLAIN (COSTS OFF) " + statement])[0]
            .map { $0[0].string }
          #expect(
            !lines.contains { $0.contains("Seq Scan") }, "\(lines.joined(separator: "\n"))")
        }
      }
    }
  }

  @Test("plans are equal for what means the same, and for nothing else")
  func equality() async throws {
    try await withHistory(Self.entity) { _, scope in
      let plans = Self.parts.map { HistoryPlan($0, limits: HistoryLimits(), in: scope) }
      #expect(Set(plans).count == plans.count)
      #expect(plans == Self.parts.map { HistoryPlan($0, limits: HistoryLimits(), in: scope) })
    }
  }
}
