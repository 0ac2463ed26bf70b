import JSON
import TestSupport
import Testing

@Suite("Snapshots over Context Sources (5.16.1.4)")
struct DistributedSnapshotTests {
  private static let rooms = #""entities": [{"type": "Room"}]"#
  private static let operations =
    #", "operations": ["federationOps", "retrieveTemporal", "queryTemporal"]"#

  private func selecting(_ id: String) -> [(name: String, value: String)] {
    [("NGSILD-Snapshot", id)]
  }

  @Test("a Snapshot keeps what sources had, put together with what is here")
  func entities() async throws {
    try await Federation.run { federation in
      try await federation.source("a", Self.rooms, Self.operations) { source in
        let hub = federation.hub
        for (number, size) in [(1, 1), (2, 20)] {
          _ = try await hub.send(
            "POST", "entities?local=true", entity("urn:x:\(number)", "Room", #""size":\#(size)"#))
        }
        let point = #""at":{"type":"GeoProperty","value":{"type":"Point","coordinates":[13,52]}}"#
        try await source.create(
          entity("urn:x:2", "Room", #""size":20,"name":"y""#),
          entity("urn:x:3", "Room", #""size":30,\#(point)"#),
          entity("urn:x:4", "Room", #""size":4"#))
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotQueries":[
          {"type":"Query","entities":[{"type":"Room"}],"q":"size>5"},
          {"type":"Query","entities":[{"type":"Bus"}]}]}
          """)
        let shown = try await hub.send("GET", "snapshots/\(id)").json
        #expect(shown["snapshotStatus"]?.string == "partial")
        _ = try await source.send("PATCH", "entities/urn:x:3/attrs", #"{"size":1}"#)
        _ = try await source.send("DELETE", "entities/urn:x:2")
        let found = try await hub.send(
          "GET", "entities?type=Room&format=simplified&pick=id,size,name", headers: selecting(id))
        #expect(
          found.json
            == json(
              #"[{"id":"urn:x:2","size":20,"name":"y"},{"id":"urn:x:3","size":30}]"#))
        for (query, ids) in [
          ("q=size>25", ["urn:x:3"]), ("q=name==%22y%22", ["urn:x:2"]),
          (
            "georel=near;maxDistance==10&geometry=Point&coordinates=[13,52]&geoproperty=at",
            ["urn:x:3"]
          ),
        ] {
          let found = try await hub.send("GET", "entities?\(query)", headers: selecting(id))
          #expect(found.ids == ids, "\(query)")
        }
        let types = try await hub.send("GET", "types/Room", headers: selecting(id))
        #expect(types.json["entityCount"]?.integer == 2)
        let written = try await hub.send(
          "PATCH", "entities/urn:x:3/attrs", #"{"size":31}"#, headers: selecting(id))
        #expect(written.status == 204)
      }
    }
  }

  @Test("a temporal query brings the history of sources")
  func history() async throws {
    try await Federation.run { federation in
      try await federation.source("a", Self.rooms, Self.operations) { source in
        let hub = federation.hub
        try await hub.record(
          TestHistory.of("urn:x:1", [instance("1", 1), instance("2", 2)]), at: "?local=true")
        _ = try await hub.send(
          "POST", "entities/urn:x:1/attrs?local=true", #"{"name":"mine"}"#)
        try await source.record(
          TestHistory.of("urn:x:1", [instance("3", 3)]),
          TestHistory.of("urn:x:2", [instance("4", 4), instance("5", 5)]))
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotTemporalQueries":[
          {"type":"Query","entities":[{"type":"Room"}],
           "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}]}
          """)
        _ = try await source.send("DELETE", "temporal/entities/urn:x:2")
        for (entity, values, now) in [
          ("urn:x:1", ["1", "2", "3"], 3), ("urn:x:2", ["4", "5"], 5),
        ] {
          let found = try await hub.send(
            "GET", "temporal/entities/\(entity)", headers: selecting(id))
          #expect(found.json.values(of: "size") == values)
          let state = try await hub.send("GET", "entities/\(entity)", headers: selecting(id))
          #expect(state.json["size"]?["value"]?.integer == now)
          #expect(state.json["name"]?["value"]?.string == (entity == "urn:x:1" ? "mine" : nil))
        }
      }
    }
  }

  /// Some Entities of `urn:x:` here, of which sources claim what the information says.
  private func withClaims(
    _ mode: String, _ information: String,
    _ body: (_ hub: TestClient, _ source: TestClient) async throws -> Void
  ) async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: mode, information, Self.operations) { source in
        for number in 1...3 {
          let response = try await federation.hub.send(
            "POST", "entities?local=true",
            entity("urn:x:\(number)", "Room", #""size":\#(number)0,"name":"n\#(number)""#))
          try #require(response.status == 201, "\(response.text)")
        }
        try await body(federation.hub, source)
      }
    }
  }

  /// How Context Sources are registered; which of the Entities 1 to 3 are then found.
  private static let claims = [
    ("redirect", rooms, ["2"]), ("redirect", #"\#(rooms), "propertyNames": ["size"]"#, ["2"]),
    (
      "exclusive", #""entities": [{"type": "Room", "id": "urn:x:1"}], "propertyNames": ["size"]"#,
      ["2", "3"]
    ),
    (
      "exclusive", #""entities": [{"type": "Room", "id": "urn:x:2"}], "propertyNames": ["size"]"#,
      ["1", "2", "3"]
    ),
  ]

  @Test(
    "what a source claims for itself is not taken from here, by Snapshots as by queries",
    arguments: claims)
  func claimedStates(mode: String, information: String, numbers: [String]) async throws {
    try await withClaims(mode, information) { hub, source in
      try await source.create(entity("urn:x:2", "Room", #""size":25"#))
      for splits in [false, true] {
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotQueries":[{"type":"Query","entities":[{"type":"Room"}],
          "q":"size>5","splitEntities":\(splits)}]}
          """)
        let path = "entities?type=Room"
        let kept = try await hub.send("GET", path, headers: selecting(id)).json
        let queried = try await hub.send("GET", "\(path)&q=size>5&splitEntities=\(splits)").json
        #expect(queried.sortedByID.map(\.id) == numbers.map { "urn:x:\($0)" })
        #expect(kept.sortedByID == queried.sortedByID)
      }
    }
  }

  @Test("nor is the history of it", arguments: claims)
  func claimedHistory(mode: String, information: String, numbers: [String]) async throws {
    try await withClaims(mode, information) { hub, source in
      try await source.create(entity("urn:x:2", "Room", #""size":25"#))
      for splits in [false, true] {
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotTemporalQueries":[
          {"type":"Query","entities":[{"type":"Room"}],"q":"size>5","splitEntities":\(splits),
           "temporalQ":{"timerel":"after","timeAt":"2020-01-01T00:00:00Z",
           "timeproperty":"modifiedAt"}}]}
          """)
        let path =
          "temporal/entities?type=Room&timerel=after&timeAt=2020-01-01T00:00:00Z"
          + "&timeproperty=modifiedAt&format=temporalValues"
        let kept = try await hub.send("GET", path, headers: selecting(id)).json
        let queried = try await hub.send("GET", "\(path)&q=size>5&splitEntities=\(splits)").json
        #expect(queried.sortedByID.map(\.id) == numbers.map { "urn:x:\($0)" })
        #expect(kept.sortedByID == queried.sortedByID)
        let states = try await hub.send(
          "GET", "entities?type=Room&format=simplified", headers: selecting(id)
        ).json
        for (state, history) in zip(states.sortedByID, queried.sortedByID) {
          for name in ["size", "name"] {
            let latest = history[named: name]?["values"]?.elements.first { _ in true }
            #expect(state[named: name] == latest?.elements.first { _ in true }, "\(name)")
          }
        }
        #expect(states.sortedByID.map(\.id) == queried.sortedByID.map(\.id))
      }
    }
  }

  @Test("of split Entities, those are kept that fit when put together")
  func splitEntities() async throws {
    try await Federation.run { federation in
      try await federation.source("a", Self.rooms, Self.operations) { source in
        let hub = federation.hub
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
        func size(_ size: Int, _ time: String) -> String {
          #""size":{"type":"Property","value":\#(size),"observedAt":"\#(time)"}"#
        }
        for (number, size) in [(1, size(10, old)), (2, size(10, new)), (3, size(1, old))] {
          _ = try await hub.send(
            "POST", "entities?local=true", entity("urn:x:\(number)", "Room", size))
        }
        try await source.create(
          entity("urn:x:1", "Room", size(1, new)), entity("urn:x:2", "Room", size(1, old)),
          entity("urn:x:3", "Room", size(10, new)))
        let id = try await hub.snapshot(
          """
          {"type":"Snapshot","snapshotQueries":[
          {"type":"Query","entities":[{"type":"Room"}],"q":"size>5","splitEntities":true}]}
          """)
        let found = try await hub.send("GET", "entities?type=Room", headers: selecting(id))
        #expect(found.ids == ["urn:x:2", "urn:x:3"])
      }
    }
  }

  @Test("what a source did wrong is told with the query")
  func failures() async throws {
    let rooms = "[\(entity("urn:x:2", "Room", #""size":20"#))]"
    for (answer, warning, isFound) in [
      (httpAnswer(rooms), nil, true),
      (httpAnswer("{}", status: "500 Internal Server Error"), "299 ", true),
      (httpAnswer("{}", status: "500 Internal Server Error"), "299 ", false),
      (httpAnswer("no JSON"), "111 ", false),
    ] as [([UInt8], String?, Bool)] {
      try await Federation.run { federation in
        let hub = federation.hub
        if isFound { try await hub.create(entity("urn:x:1", "Room", #""size":10"#)) }
        try await RawSource.run { source in
          source.behave { _ in .answer(answer) }
          try await federation.register("a", endpoint: "http://127.0.0.1:\(source.port)")
          let id = try await hub.snapshot(
            """
            {"type":"Snapshot","snapshotQueries":[
            {"type":"Query","entities":[{"type":"Room"}],"q":"size>5"}]}
            """)
          let shown = try await hub.send("GET", "snapshots/\(id)").json
          let status = warning == nil ? "success" : isFound ? "partial" : "failure"
          #expect(shown["snapshotStatus"]?.string == status)
          let details = shown["snapshotQueriesDetails"]?.elements.first { _ in true }
          #expect(details?["resultStatus"]?.string == (isFound ? "success" : "failure"))
          let problem = details?["problemDetails"]?["detail"]?.string
          #expect(problem?.hasPrefix(warning ?? "") ?? (warning == nil), "\(problem ?? "")")
          let found = try await hub.send("GET", "entities?type=Room", headers: selecting(id))
          #expect(
            found.ids == (isFound ? ["urn:x:1"] : []) + (warning == nil ? ["urn:x:2"] : []))
        }
      }
    }
  }

  @Test("times that a source does not tell are not made up")
  func untoldTimes() async throws {
    try await Federation.run { federation in
      try await RawSource.run { source in
        source.behave { request in
          .answer(
            httpAnswer(
              request.target.contains("/temporal/")
                ? #"[{"id":"urn:x:2","type":"Room","size":[\#(instance("1", 1))]}]"#
                : "[\(entity("urn:x:1", "Room", #""size":20"#))]"))
        }
        try await federation.register(
          "a", endpoint: "http://127.0.0.1:\(source.port)", Self.operations)
        let id = try await federation.hub.snapshot(
          """
          {"type":"Snapshot",
           "snapshotQueries": [{"type":"Query","entities":[{"type":"Room"}]}],
           "snapshotTemporalQueries":[
          {"type":"Query","entities":[{"type":"Room"}],
           "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}]}
          """)
        for path in [
          "entities?type=Room",
          "temporal/entities?type=Room&timerel=after&timeAt=2026-01-01T00:00:00Z",
        ] {
          let found = try await federation.hub.send(
            "GET", "\(path)&options=sysAttrs", headers: selecting(id))
          #expect(!found.text.contains(#"At":"0"#), "\(found.text)")
          #expect(found.text.contains("urn:x:"))
        }
      }
    }
  }
}

extension JSONValue {
  fileprivate var id: String { self["id"]?.string ?? "" }

  fileprivate var sortedByID: [JSONValue] { elements.sorted { $0.id < $1.id } }
}

private enum TestHistory {
  static func of(_ id: String, _ instances: [String]) -> String {
    history(id, "Room", "size", instances)
  }
}
