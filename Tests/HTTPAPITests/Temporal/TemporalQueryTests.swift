import JSON
import Storage
import TestSupport
import Testing

@Suite("Temporal queries")
struct TemporalQueryTests {
  /// Cars A to E with what they were in the first days of 2026; E was deleted since.
  private func withCars(
    _ transport: Transport = .inProcess, _ body: (TestClient) async throws -> Void
  ) async throws {
    try await withTestTenant(transport) { client in
      let far = #"{"type":"Point","coordinates":[20,50]}"#
      let near = #"{"type":"Point","coordinates":[13.4,52.5]}"#
      let geo = { (value: String, day: Int) in
        instance(value, day).replacing(#""Property""#, with: #""GeoProperty""#)
      }
      try await client.record(
        history("urn:x:a", "Car", "speed", instance("10", 1), instance("80", 20)),
        history("urn:x:a", "Car", "location", geo(near, 2), geo(far, 20)),
        history("urn:x:a", "Car", "scope", instance(#""/A/B""#, 1), instance(#""/C""#, 3)),
        history("urn:x:b", "Car", "speed", instance("30", 2, #","unitCode":"KMH""#)),
        history("urn:x:b", "Car", "name", instance(#""m""#, 2)),
        history("urn:x:c", "Bus", "speed", instance("50", 3, #","datasetId":"urn:x:d""#)),
        history("urn:x:d", "Car", "tags", instance(#"["a","b"]"#, 4)),
        history(
          "urn:x:e", "Car", "speed", instance("20", 5, #","driver":{"type":"Property","value":7}"#))
      )
      try #require(try await client.send("DELETE", "entities/urn:x:e").status == 204)
      try await body(client)
    }
  }

  private static let window =
    "timerel=between&timeAt=2026-01-01T00:00:00Z&endTimeAt=2026-01-10T00:00:00Z"
  private static let point = "geometry=Point&coordinates=%5B13.4,52.5%5D"

  @Test(
    "conditions look at the past",
    arguments: [
      ("type=Car", "abde"), ("type=Bus", "c"), ("type=Car|Bus&id=urn:x:c,urn:x:e", "ce"),
      ("type=Car&idPattern=a$", "a"), ("attrs=speed", "abce"), ("attrs=name", "b"),
      ("attrs=nothing", ""), ("q=speed>25", "bc"), ("q=speed>60", ""), ("q=speed==10..30", "abe"),
      ("q=speed>5;name", "b"), ("q=name|tags", "bd"), ("type=Car&q=!name", "ade"),
      ("q=tags==%22a%22", "d"), ("q=name~=%22^m%22", "b"), ("q=speed!=30", "ace"),
      ("q=speed.unitCode==%22KMH%22", "b"), ("q=speed.driver==7", "e"),
      ("q=speed.datasetId==%22urn:x:d%22", "c"),
      ("q=speed.observedAt>=2026-01-03T00:00:00Z", "ce"),
      ("q=speed.createdAt>2000-01-01T00:00:00Z", "abce"),
      ("georel=near;maxDistance==1000&\(point)", "a"),
      ("georel=near;minDistance==1000&\(point)", ""),
      ("georel=disjoint&\(point)", ""), ("type=Car&scopeQ=/A/%23", "a"),
      ("type=Car&scopeQ=/C", "a"),
      ("type=Car&scopeQ=/D", ""), ("attrs=speed&datasetId=urn:x:d", "c"),
      ("attrs=speed&datasetId=@none", "abe"), ("type=Car&datasetId=urn:x:d", ""),
      ("local=true", "abcde"), ("local=true&orderBy=id;desc", "edcba"),
      ("local=true&orderBy=id&limit=2&offset=1", "bc"), ("local=true&limit=2&offset=4", "e"),
    ])
  func conditions(parameters: String, ids: String) async throws {
    try await withCars { client in
      let parameters = parameters.replacing(">", with: "%3E").replacing("^", with: "%5E")
        .replacing("|", with: "%7C").replacing("$", with: "%24")
      let response = try await client.send(
        "GET", "temporal/entities?\(parameters)&\(Self.window)&count=true")
      #expect(response.status == 200, "\(response.text)")
      let found = response.ids.map { String($0.suffix(1)) }
      let isOrdered = parameters.contains("orderBy")
      #expect((isOrdered ? found : found.sorted()).joined() == ids)
      if !parameters.contains("limit") {
        #expect(response["NGSILD-Results-Count"] == "\(ids.count)")
      }
    }
  }

  @Test("only instances in the window are shown, by POST too", arguments: Transport.allCases)
  func window(transport: Transport) async throws {
    try await withCars(transport) { client in
      let got = try await client.send("GET", "temporal/entities?id=urn:x:a&type=Car&\(Self.window)")
      let body = """
        {"type":"Query","entities":[{"type":"Car","id":"urn:x:a"}],"temporalQ":{
        "timerel":"between","timeAt":"2026-01-01T00:00:00Z","endTimeAt":"2026-01-10T00:00:00Z"}}
        """
      let posted = try await client.send("POST", "temporal/entityOperations/query", body)
      for response in [got, posted] {
        let car = response.json.elements.first { _ in true }
        #expect(car?.values(of: "speed") == ["10"])
        #expect(car?["location"]?.count == 1)
        #expect(car?.values(of: "scope") == [#""/A/B""#, #""/C""#])
      }
    }
  }

  @Test("scopeQ shows what was while the scope was valid, and the scope that was valid before")
  func scopes() async throws {
    try await withCars { client in
      let late = "timerel=between&timeAt=2026-01-02T00:00:00Z&endTimeAt=2026-01-30T00:00:00Z"
      let old = try await client.send("GET", "temporal/entities?type=Car&scopeQ=/A/B&\(late)").json
      let new = try await client.send("GET", "temporal/entities?type=Car&scopeQ=/C&\(late)").json
      let (first, second) = (old.elements.first { _ in true }, new.elements.first { _ in true })
      #expect(first?["location"]?.count == 1)
      #expect(first?["speed"] == nil)
      #expect(first?.values(of: "scope") == [#""/A/B""#])
      #expect(second?.values(of: "speed") == ["80"])
      #expect(second?["location"]?.count == 1)
    }
  }

  @Test(
    "members are picked and omitted",
    arguments: [
      ("pick=speed", ["speed"]), ("pick=id", ["id"]), ("pick=id,speed", ["id", "speed"]),
      ("omit=speed", ["id", "location", "scope", "type"]),
      ("omit=type,speed,scope", ["id", "location"]),
      ("attrs=speed", ["id", "scope", "speed", "type"]),
    ])
  func projection(parameters: String, members: [String]) async throws {
    try await withCars { client in
      for path in ["temporal/entities/urn:x:a?", "temporal/entities?type=Car&id=urn:x:a&"] {
        let json = try await client.send("GET", "\(path)\(parameters)&\(Self.window)").json
        let entity = json.isArray ? json.elements.first { _ in true } : json
        #expect(entity?.members.compactMap(\.name.string).sorted() == members)
      }
    }
  }

  @Test("pairs tell values and times, one object for each dataset")
  func pairs() async throws {
    try await withTestTenant { client in
      try await client.record(
        history(
          "urn:x:1", "A", "n", instance("1", 1), instance("2", 2, #","datasetId":"urn:x:d""#),
          instance("3", 3)))
      let path = "\(temporalPath)?format=temporalValues&options=sysAttrs"
      let n = try #require(try await client.send("GET", path).json["n"])
      #expect(
        n
          == json(
            """
            [{"type":"Property","values":[[1,"2026-01-01T00:00:00Z"],[3,"2026-01-03T00:00:00Z"]]},
            {"type":"Property","datasetId":"urn:x:d","values":[[2,"2026-01-02T00:00:00Z"]]}]
            """))
      let one = try await client.send("GET", "\(path)&datasetId=urn:x:d").json["n"]
      #expect(one?["datasetId"]?.string == "urn:x:d")
    }
  }

  @Test("a language is chosen in the past too")
  func language() async throws {
    try await withTestTenant { client in
      try await client.record(
        """
        {"id":"urn:x:1","type":"A","n":[{"type":"LanguageProperty",
        "languageMap":{"en":"x","de":"y"},"observedAt":"2026-01-01T00:00:00Z"}]}
        """)
      let full = try await client.send("GET", "\(temporalPath)?lang=de").json["n"]
      let instance = full?.elements.first { _ in true }
      #expect(instance?["value"]?.string == "y")
      #expect(instance?["lang"]?.string == "de")
      let pairs = try await client.send("GET", "\(temporalPath)?lang=de&format=temporalValues").json
      #expect(pairs["n"] == json(#"{"type":"Property","values":[["y","2026-01-01T00:00:00Z"]]}"#))
    }
  }
}

@Suite("Ranges of large temporal answers")
struct TemporalRangeTests {
  private func withLimit(_ body: (TestClient) async throws -> Void) async throws {
    var limits = HistoryLimits()
    limits.instancesPerAttribute = 5
    try await withTestBroker(history: limits) { broker in
      let client = TestClient(broker, .socket, tenant: newTenantName())
      try await client.record(
        history("urn:x:1", "A", "n", (1...9).map { instance("\($0)", $0) }),
        history("urn:x:1", "A", "m", (11...13).map { instance("\($0)", $0) }),
        history("urn:x:2", "A", "n", (3...4).map { instance("\($0)", $0) }))
      try await body(client)
      try await client.removeTenant()
    }
  }

  @Test(
    "all Attributes are cut at the same instant",
    arguments: [
      ("", "01", "05", "*", ["1", "2", "3", "4", "5"], []),
      (
        "timerel=after&timeAt=2025-12-31T00:00:00Z", "2025-12-31", "05", "*",
        ["1", "2", "3", "4", "5"], []
      ),
      (
        "timerel=before&timeAt=2026-01-09T00:00:00Z", "01", "05", "*", ["1", "2", "3", "4", "5"], []
      ),
      ("lastN=100", "13", "05", "100", ["5", "6", "7", "8", "9"], ["11", "12", "13"]),
      (
        "lastN=7&timerel=before&timeAt=2026-01-09T00:00:00Z", "09", "04", "7",
        ["4", "5", "6", "7", "8"], []
      ),
      ("lastN=5", nil, nil, nil, ["5", "6", "7", "8", "9"], ["11", "12", "13"]),
      ("timerel=before&timeAt=2026-01-06T00:00:00Z", nil, nil, nil, ["1", "2", "3", "4", "5"], []),
    ] as [(String, String?, String?, String?, [String], [String])])
  func range(
    parameters: String, start: String?, end: String?, size: String?, n: [String], m: [String]
  ) async throws {
    try await withLimit { client in
      let response = try await client.send("GET", "\(temporalPath)?\(parameters)")
      let json = response.json
      #expect(json.values(of: "n") == n)
      #expect(json.values(of: "m") == m)
      guard let start, let end, let size else {
        #expect(response.status == 200)
        #expect(response["Content-Range"] == nil)
        return
      }
      #expect(response.status == 206)
      #expect(json["m"] != nil || parameters.contains("before"))
      let date = { (text: String) in
        (text.count == 2 ? "2026-01-\(text)" : text) + "T00:00:00Z"
      }
      #expect(response["Content-Range"] == "date-time \(date(start))-\(date(end))/\(size)")
    }
  }

  @Test("Entities of one page are cut together; ranges go on where the last one ended")
  func pages() async throws {
    try await withLimit { client in
      let path = "temporal/entities?type=A&attrs=n&timerel=after&timeAt="
      let first = try await client.send("GET", "\(path)2026-01-01T00:00:00Z")
      #expect(first.status == 206)
      #expect(first.json.elements.map { $0.values(of: "n").count } == [5, 2])
      let second = try await client.send("GET", "\(path)2026-01-05T00:00:00Z")
      #expect(second.status == 200)
      #expect(second.json.elements.map { $0.values(of: "n") } == [["5", "6", "7", "8", "9"]])
    }
  }

  @Test("one instant is never divided")
  func instant() async throws {
    try await withLimit { client in
      let response = try await client.send(
        "GET",
        "\(temporalPath)?attrs=n&timeproperty=createdAt&timerel=after&timeAt=2000-01-01T00:00:00Z")
      #expect(response.status == 206)
      #expect(response.json.values(of: "n").count == 9)
    }
  }
}
