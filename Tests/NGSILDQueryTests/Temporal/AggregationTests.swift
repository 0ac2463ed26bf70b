import JSON
import NGSILD
import NGSILDQuery
import Testing

@Suite("Aggregation")
struct AggregationTests {
  private static let second: Int64 = 1_000_000
  private static let day: Int64 = 86_400_000_000

  @Test(
    "durations",
    arguments: [
      ("PT1H", 0, 3600 * second), ("P1D", 0, day), ("P2W", 0, 14 * day), ("P1M", 1, 0),
      ("P1Y2M", 14, 0), ("P1Y2M10DT2H30M5S", 14, 10 * day + 9005 * second), ("PT0S", 0, 0),
      ("P0D", 0, 0), ("PT90M", 0, 5400 * second), ("P1DT12H", 0, day + day / 2),
    ])
  func duration(text: String, months: Int, microseconds: Int64) throws {
    let duration = try CalendarDuration(parsing: text, of: "d")
    #expect(duration == CalendarDuration(months: months, microseconds: microseconds))
  }

  @Test(
    "what is no duration",
    arguments: [
      "", "P", "PT", "1D", "P1", "PD", "P1H", "PT1D", "P1D1Y", "P1W1D", "P1.5D", "PT1.5S", "p1d",
      "P-1D", "hour", "P1DT", "P1111111111D", "P200000Y", "P0001-00-00",
    ])
  func noDuration(text: String) {
    #expect(throws: NGSILDError.self) { try CalendarDuration(parsing: text, of: "d") }
  }

  @Test(
    "months end where the calendar says",
    arguments: [
      ("2024-01-31T10:00:00Z", 1, "2024-02-29T10:00:00Z"),
      ("2023-01-31T10:00:00Z", 1, "2023-02-28T10:00:00Z"),
      ("2024-01-31T10:00:00Z", 2, "2024-03-31T10:00:00Z"),
      ("2024-02-29T00:00:00Z", 12, "2025-02-28T00:00:00Z"),
      ("2024-12-15T00:00:00.5Z", 1, "2025-01-15T00:00:00.5Z"),
      ("1969-12-31T23:59:59Z", 2, "1970-02-28T23:59:59Z"),
      ("9999-12-01T00:00:00Z", 1, "9999-12-31T23:59:59.999999Z"),
    ])
  func months(start: String, months: Int, end: String) throws {
    let start = try #require(DateTime(start))
    #expect(start.advanced(byMonths: months).description == end)
    let duration = CalendarDuration(months: 1, microseconds: 0)
    #expect(start.advanced(by: duration, times: months).description == end)
  }

  @Test("methods are kept in order, once each")
  func methods() throws {
    let aggregation = try Aggregation(aggrMethods: "max,avg,max", aggrPeriodDuration: "PT0S")
    #expect(aggregation == Aggregation(methods: [.max, .avg]))
    #expect(try Aggregation(aggrMethods: nil, aggrPeriodDuration: "P1D") == nil)
  }

  @Test(
    "bodies name methods by a string or an array",
    arguments: [
      #"{"aggrMethods":"avg,min","aggrPeriodDuration":"P1D"}"#,
      #"{"aggrMethods":["avg","min"],"aggrPeriodDuration":"P1D"}"#,
    ])
  func body(text: String) throws {
    let aggregation = try Aggregation(JSONValue(parsing: text))
    let day = CalendarDuration(microseconds: Self.day)
    #expect(aggregation == Aggregation(methods: [.avg, .min], period: day))
  }

  @Test(
    "what is no aggregation",
    arguments: [
      #"{"aggrMethods":"median"}"#, #"{"aggrMethods":""}"#, #"{"aggrMethods":[]}"#,
      #"{"aggrMethods":[1]}"#, #"{"aggrMethods":1}"#, #"{"aggrPeriodDuration":"x"}"#,
      #"{"aggrMethods":"avg","aggrPeriodDuration":1}"#, #"{"aggrMethods":"avg,"}"#,
    ])
  func noAggregation(text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(throws: NGSILDError.self) { try Aggregation(value) }
  }
}
