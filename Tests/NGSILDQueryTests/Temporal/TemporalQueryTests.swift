import JSON
import NGSILD
import NGSILDQuery
import Testing

private let noon = "2020-01-01T12:00:00Z"
private let evening = "2020-01-01T18:00:00Z"

@Suite("Temporal query")
struct TemporalQueryTests {
  @Test(
    "before excludes its end, after includes its start, between does both",
    arguments: [
      ("before", nil, ["11:59:59.999999"]),
      ("after", nil, ["12:00:00", "17:59:59.999999", "18:00:00"]),
      ("between", evening, ["12:00:00", "17:59:59.999999"]),
      ("after", evening, ["12:00:00", "17:59:59.999999", "18:00:00"]),
    ] as [(String, String?, [String])])
  func bounds(timerel: String, endTimeAt: String?, within: [String]) throws {
    let query = try TemporalQuery(
      timerel: timerel, timeAt: noon, endTimeAt: endTimeAt, timeproperty: nil, lastN: nil)
    let interval = try #require(query.interval)
    let times = ["11:59:59.999999", "12:00:00", "17:59:59.999999", "18:00:00"]
    #expect(times.filter { interval.contains(DateTime("2020-01-01T\($0)Z")!) } == within)
    #expect(query.timeproperty == .observedAt)
  }

  @Test("the other parameters are read; without any, all of the past is asked for")
  func parameters() throws {
    #expect(
      try TemporalQuery(
        timerel: "between", timeAt: noon, endTimeAt: evening, timeproperty: "deletedAt",
        lastN: "5")
        == TemporalQuery(
          interval: .between(DateTime(noon)!, DateTime(evening)!), timeproperty: .deletedAt,
          lastN: 5))
    #expect(
      try TemporalQuery(timerel: nil, timeAt: nil, endTimeAt: nil, timeproperty: nil, lastN: nil)
        == TemporalQuery(interval: nil))
  }

  @Test(
    "wrong parameters are refused",
    arguments: [
      ("since", noon, nil, nil, nil), ("before", nil, nil, nil, nil), (nil, noon, nil, nil, nil),
      ("between", noon, nil, nil, nil), ("before", "2020-01-01", nil, nil, nil),
      ("between", noon, "later", nil, nil), ("after", "2020-01-01T12:00:00+01:00", nil, nil, nil),
      ("after", noon, nil, "observed", nil), ("after", noon, nil, nil, "0"),
      ("after", noon, nil, nil, "-1"), ("after", noon, nil, nil, "1.5"),
      ("after", noon, nil, nil, ""),
      ("after", noon, nil, nil, "99999999999999999999"), ("", noon, nil, nil, nil),
      ("after", noon, nil, "", nil),
    ] as [(String?, String?, String?, String?, String?)])
  func refuse(
    timerel: String?, timeAt: String?, endTimeAt: String?, timeproperty: String?, lastN: String?
  ) {
    let error = #expect(throws: NGSILDError.self) {
      try TemporalQuery(
        timerel: timerel, timeAt: timeAt, endTimeAt: endTimeAt, timeproperty: timeproperty,
        lastN: lastN)
    }
    #expect(error?.kind == .badRequestData)
  }

  @Test(
    "temporalQ is read from a body",
    arguments: [
      (#"{"timerel":"before","timeAt":"\#(noon)"}"#, TemporalQuery.TimeProperty.observedAt, nil),
      (
        #"{"timerel":"before","timeAt":"\#(noon)","timeproperty":"createdAt","lastN":3,"aggrMethods":"min"}"#,
        .createdAt, 3
      ),
    ] as [(String, TemporalQuery.TimeProperty, Int?)])
  func body(text: String, timeproperty: TemporalQuery.TimeProperty, lastN: Int?) throws {
    #expect(
      try TemporalQuery(JSONValue(parsing: text))
        == TemporalQuery(
          interval: .before(DateTime(noon)!), timeproperty: timeproperty, lastN: lastN))
  }

  @Test(
    "a broken temporalQ is refused",
    arguments: [
      "[]", "{}", #"{"timeAt":"\#(noon)"}"#, #"{"timerel":"before"}"#,
      #"{"timerel":1,"timeAt":"\#(noon)"}"#,
      #"{"timerel":"before","timeAt":1}"#, #"{"timerel":"before","timeAt":"\#(noon)","lastN":"3"}"#,
      #"{"timerel":"before","timeAt":"\#(noon)","lastN":0}"#,
      #"{"timerel":"before","timeAt":"\#(noon)","lastN":1.5}"#,
      #"{"timerel":"before","timeAt":"\#(noon)","timeProperty":"createdAt"}"#,
      #"{"timerel":"before","timeAt":"\#(noon)","timeproperty":5}"#,
      #"{"timerel":"between","timeAt":"\#(noon)","endTimeAt":5}"#,
    ])
  func refuseBody(text: String) {
    let error = #expect(throws: NGSILDError.self) { try TemporalQuery(JSONValue(parsing: text)) }
    #expect(error?.kind == .badRequestData)
  }
}
