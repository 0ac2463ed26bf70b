import JSON
import TestSupport
import Testing

@Suite("Aggregated temporal values")
struct TemporalAggregationTests {
  /// What each method yields of two values, on the first and second of January 2026.
  @Test(
    "methods by kind of values",
    arguments: [
      ("[2,4]", #"{"avg":3,"distinctCount":2,"max":4,"min":2,"stddev":1,"sum":6,"sumsq":20}"#),
      ("[true,false]", #"{"avg":0.5,"max":1,"min":0,"stddev":0.5,"sum":1,"sumsq":1}"#),
      (#"["b","a"]"#, #"{"avg":null,"distinctCount":2,"max":"b","min":"a","sum":null}"#),
      ("[[1,2],[1,2,3,4]]", #"{"avg":3,"max":4,"min":2,"stddev":null,"sum":6,"sumsq":null}"#),
      (#"[{"x":1},{"x":1}]"#, #"{"avg":null,"distinctCount":1,"max":null}"#),
      (
        #"["2026-01-01T00:00:00Z","2025-01-01T00:00:00Z"]"#,
        #"{"avg":null,"max":"2026-01-01T00:00:00Z","min":"2025-01-01T00:00:00Z","sum":null}"#
      ),
      (#"["2026-01-01","2025-01-01"]"#, #"{"avg":null,"max":"2026-01-01","min":"2025-01-01"}"#),
      (
        #"["10:00:00Z","12:00:00Z"]"#,
        #"{"avg":"11:00:00Z","max":"12:00:00Z","min":"10:00:00Z","sum":null}"#
      ),
    ])
  func methods(values: String, expected: String) async throws {
    try await withTestTenant { client in
      let values = json(values).elements.enumerated().map { day, value in
        instance(value.rawText, day + 1)
      }
      try await client.record(history("urn:x:1", "A", "n", values))
      let all = "avg,distinctCount,max,min,stddev,sum,sumsq,totalCount"
      let path = "\(temporalPath)?format=aggregatedValues&aggrMethods=\(all)"
      let n = try #require(try await client.send("GET", path).json["n"])
      for (name, value) in json(expected).members {
        let results = n[named: name.string ?? ""]
        guard !value.isNull else {
          #expect(results == nil, "\(name.rawText)")
          continue
        }
        let result = results?.elements.first { _ in true }?.elements.first { _ in true }
        #expect(result == value || result?.double == value.double && value.double != nil)
      }
      #expect(
        n["totalCount"] == json(#"[[2,"2026-01-01T00:00:00Z","2026-01-02T00:00:00Z"]]"#))
      #expect(n["type"]?.string == "Property")
    }
  }

  @Test(
    "periods begin with the range, last as long as asked, and are left out when empty",
    arguments: [
      ("aggrPeriodDuration=P1D", ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]),
      ("aggrPeriodDuration=P1D&lastN=1", ["2026-01-03T00:00:00Z"]),
      (
        "aggrPeriodDuration=PT36H&timerel=after&timeAt=2025-12-31T12:00:00Z",
        ["2025-12-31T12:00:00Z", "2026-01-02T00:00:00Z"]
      ),
      (
        "aggrPeriodDuration=P1M&timerel=after&timeAt=2025-12-31T00:00:00Z", ["2025-12-31T00:00:00Z"]
      ),
      (
        "aggrPeriodDuration=P1M&timerel=before&timeAt=2026-01-02T00:00:00Z",
        ["2026-01-01T00:00:00Z"]
      ),
      ("timerel=after&timeAt=2027-01-01T00:00:00Z", []),
    ])
  func periods(parameters: String, starts: [String]) async throws {
    try await withTestTenant { client in
      try await client.record(
        history("urn:x:1", "A", "n", instance("1", 1), instance("2", 3)),
        history("urn:x:1", "A", "r", instance(#""urn:ngsi-ld:null""#, 2)))
      for path in ["\(temporalPath)?", "temporal/entities?type=A&"] {
        let isQuery = path.contains("type=A")
        guard !isQuery || parameters.contains("timerel") && !starts.isEmpty else { continue }
        let response = try await client.send(
          "GET", "\(path)options=aggregatedValues&aggrMethods=avg&\(parameters)")
        #expect(response.status == 200, "\(response.text)")
        let entity = isQuery ? response.json.elements.first { _ in true } : response.json
        let periods = entity?["n"]?["avg"].map { Array($0.elements) } ?? []
        #expect(periods.compactMap { Array($0.elements)[1].string } == starts)
        #expect(entity?["r"] == nil)
      }
    }
  }

  @Test("what is not asked for by name may be eligible for nothing")
  func ineligible() async throws {
    try await withTestTenant { client in
      try await client.record(
        #"{"id":"urn:x:1","type":"A","r":{"type":"Relationship","object":"urn:x:2"}}"#)
      let path = "\(temporalPath)?options=aggregatedValues&aggrMethods="
      #expect(try await client.send("GET", "\(path)avg").status == 200)
      #expect(try await client.send("GET", "\(path)avg&attrs=r").status == 400)
      let counted = try await client.send("GET", "\(path)avg,totalCount&attrs=r").json
      #expect(counted["r"]?["type"]?.string == "Relationship")
      #expect(counted["r"]?["totalCount"] != nil)
    }
  }
}
