import JSON
import TestSupport
import Testing

/// As `NormalFormTests`, where Context Sources have parts.
@Suite("Names in different Unicode normal forms, over Context Sources")
struct NormalFormSourceTests {
  private static let one = "\u{e9}"
  private static let two = "e\u{301}"
  private static let rooms = #""entities": [{"type": "Room"}]"#
  private static let operations =
    #", "operations": ["federationOps", "retrieveTemporal", "queryTemporal"]"#

  private func sizes(_ found: TestResponse) -> [[UInt8]: Int] {
    Dictionary(
      uniqueKeysWithValues: found.json.elements.map {
        (Array(($0["id"]?.string ?? "").utf8), $0["size"]?.integer ?? 0)
      })
  }

  @Test("a Snapshot has both Entities, each with its history")
  func snapshot() async throws {
    try await Federation.run { federation in
      try await federation.source("a", Self.rooms, Self.operations) { source in
        let hub = federation.hub
        let ids = [Self.one, Self.two].map { "urn:x:\($0)" }
        _ = try await hub.send(
          "POST", "entities?local=true", entity(ids[0], "Room", #""size":1"#))
        try await source.record(
          history(ids[0], "Room", "size", instance("2", 1), instance("3", 2)),
          history(ids[1], "Room", "size", instance("4", 1), instance("5", 2)))
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotQueries":[{"type":"Query","entities":[{"type":"Room"}]}],
          "snapshotTemporalQueries":[{"type":"Query","entities":[{"type":"Room"}],
          "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}]}
          """)
        let selecting = [(name: "NGSILD-Snapshot", value: id)]
        let found = try await hub.send(
          "GET", "entities?type=Room&format=simplified", headers: selecting)
        #expect(sizes(found) == [Array(ids[0].utf8): 3, Array(ids[1].utf8): 5], "\(found.text)")
        for (id, values) in [("%C3%A9", ["2", "3"]), ("e%CC%81", ["4", "5"])] {
          let history = try await hub.send(
            "GET", "temporal/entities/urn:x:\(id)", headers: selecting)
          #expect(history.json.values(of: "size") == values, "\(history.text)")
        }
      }
    }
  }

  @Test("an EntityMap names both registrations, and both sources are asked with it")
  func entityMap() async throws {
    try await Federation.run { federation in
      try await federation.source(Self.one, Self.rooms, Self.operations) { one in
        try await federation.source(Self.two, Self.rooms, Self.operations) { two in
          try await one.create(entity("urn:x:1", "Room", #""a":1"#))
          try await two.create(entity("urn:x:1", "Room", #""b":1"#))
          let hub = TestClient(federation.broker, .socket, tenant: federation.hub.tenant)
          let past = "timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=createdAt"
          for query in ["entities?type=Room", "temporal/entities?type=Room&\(past)"] {
            let made = try await hub.send("GET", "\(query)&entityMap=true")
            let reference = try #require(made["NGSILD-EntityMap"], "\(made.text)")
            let map = try await hub.send("GET", reference)
            #expect(map.json["entityMap"]?["urn:x:1"]?.count == 2, "\(map.text)")
            let answer = try await hub.send(
              "GET", query, headers: [("NGSILD-EntityMap", reference)])
            let room = answer.json.elements.first { _ in true }
            #expect(room?["a"] != nil && room?["b"] != nil, "\(query): \(answer.text)")
          }
        }
      }
    }
  }

  @Test("contexts in one answer are two")
  func contexts() async throws {
    try await RawSource.run { source in
      try await Federation.run { federation in
        let names = [Self.one, Self.two].map { "https://e.org/\($0)" }
        let entities = names.enumerated().map {
          #"{"id":"urn:x:\#($0)","type":"Room","@context":{"p":"\#($1)"},"p":\#($0)}"#
        }
        source.behave(.answer(httpAnswer("[\(entities.joined(separator: ","))]")))
        try await federation.register("raw", endpoint: source.url)
        let found = try await federation.hub.send("GET", "entities?type=Room&format=simplified")
        for (number, (name, room)) in zip(names, found.json.elements).enumerated() {
          #expect(room[named: name]?.integer == number, "\(found.text)")
        }
        #expect(found.ids.count == 2)
      }
    }
  }

  @Test("a source that answers for the other tenant is not believed")
  func tenant() async throws {
    try await RawSource.run { source in
      try await Federation.run { federation in
        source.behave(
          .answer(
            httpAnswer(#"[{"id":"urn:x:1","type":"Room"}]"#, "NGSILD-Tenant: \(Self.one)")))
        try await federation.register(
          "raw", endpoint: source.url, #", "tenant": "\#(Self.two)""#)
        let found = try await federation.hub.send("GET", "entities?type=Room")
        #expect(found.ids.isEmpty)
        #expect(found.all("NGSILD-Warning").count == 1)
      }
    }
  }
}
