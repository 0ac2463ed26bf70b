import JSON
import TestSupport
import Testing

@Suite("Temporal evolution of an Entity")
struct TemporalTests {
  /// Stores temperatures 1 to 5, observed on the first five days of 2026, and one without a time.
  private func withHistory(_ body: (TestClient) async throws -> Void) async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:ngsi-ld:Room:1", "Room", #""label":"x""#))
      for day in 1...5 {
        let body = """
          {"temperature":{"type":"Property","value":\(day),
          "observedAt":"2026-01-0\(day)T00:00:00Z"}}
          """
        let response = try await client.send("POST", "\(roomPath)/attrs", body)
        try #require(response.status == 204)
      }
      try await body(client)
    }
  }

  @Test(
    "timerel, attrs and lastN",
    arguments: [
      ("attrs=temperature", [1, 2, 3, 4, 5]),
      ("attrs=temperature&timerel=before&timeAt=2026-01-03T00:00:00Z", [1, 2]),
      ("attrs=temperature&timerel=after&timeAt=2026-01-03T00:00:00Z", [3, 4, 5]),
      (
        "timerel=between&timeAt=2026-01-02T00:00:00Z&endTimeAt=2026-01-04T00:00:00Z",
        [2, 3]
      ),
      ("attrs=temperature&lastN=2", [4, 5]), ("attrs=temperature&lastN=100", [1, 2, 3, 4, 5]),
      ("lastN=1&timerel=before&timeAt=2026-01-03T00:00:00Z", [2]),
      (
        "attrs=temperature&timerel=after&timeAt=2000-01-01T00:00:00Z&timeproperty=modifiedAt",
        [1, 2, 3, 4, 5]
      ),
      ("attrs=temperature&timerel=before&timeAt=2000-01-01T00:00:00Z&timeproperty=createdAt", []),
      ("attrs=temperature&timerel=before&timeAt=2000-01-01T00:00:00Z", []),
    ])
  func selection(parameters: String, values: [Int]) async throws {
    try await withHistory { client in
      let response = try await client.send("GET", "temporal/\(roomPath)?\(parameters)")
      #expect(response.status == 200, "\(response.text)")
      let instances = response.json["temperature"].map { Array($0.elements) } ?? []
      #expect(instances.compactMap { $0["value"]?.integer } == values)
      #expect(instances.allSatisfy { $0["instanceId"]?.string?.hasPrefix("urn:") == true })
      let pairs = try await client.send(
        "GET", "temporal/\(roomPath)?\(parameters)&format=temporalValues")
      let shown = pairs.json["temperature"]?["values"].map { Array($0.elements) } ?? []
      if !parameters.contains("timeproperty") {
        #expect(shown.compactMap { $0.elements.first { _ in true }?.integer } == values)
      }
    }
  }

  @Test("the evolution holds all Attributes, changed and deleted ones too")
  func evolution() async throws {
    try await withHistory { client in
      #expect(try await client.send("DELETE", "\(roomPath)/attrs/temperature").status == 204)
      _ = try await client.send("PATCH", "\(roomPath)/attrs", #"{"label":"y"}"#)
      let response = try await client.send("GET", "temporal/\(roomPath)")
      #expect(response.json["id"]?.string == "urn:ngsi-ld:Room:1")
      #expect(response.json["type"]?.string == "Room")
      #expect(response.json["temperature"]?.count == 6)
      #expect(response.json["label"]?.elements.compactMap { $0["value"]?.string } == ["x", "y"])
    }
  }

  @Test("the history of a deleted Entity stays")
  func deletion() async throws {
    try await withHistory { client in
      #expect(try await client.send("DELETE", roomPath).status == 204)
      let response = try await client.send("GET", "temporal/\(roomPath)?attrs=temperature")
      #expect(response.status == 200)
      #expect(response.json["temperature"]?.count == 6)
    }
  }

  @Test("an older version of the standard hears nothing of scopes, and of one type")
  func olderVersion() async throws {
    try await withTestTenant { client in
      try await client.record(
        #"{"id":"urn:x:1","type":["A","B"],"scope":"/S","a":[{"type":"Property","value":1,"#
          + #""observedAt":"2026-01-01T00:00:00Z","expiresAt":"2999-01-01T00:00:00Z"}]}"#)
      for (version, members, types) in [
        ("1.2", ["a", "id", "type"], #""A""#), ("1.3", ["a", "id", "type"], #"["A","B"]"#),
        ("1.5", ["a", "id", "scope", "type"], #"["A","B"]"#),
      ] {
        let response = try await client.send(
          "GET", "\(temporalPath)?options=sysAttrs",
          headers: [("Prefer", "ngsi-ld=\(version)")])
        #expect(response.status == 203)
        #expect(response["Preference-Applied"] == "ngsi-ld=\(version)")
        let shown = response.json.members.compactMap(\.name.string).filter { !$0.hasSuffix("At") }
        #expect(shown.sorted() == members)
        #expect(response.json["type"]?.rawText == types)
        let instance = response.json["a"]?.elements.first { _ in true }
        #expect(instance?["expiresAt"] == nil)
        #expect((instance?["observedAt"] == nil) == (version == "1.2"))
      }
    }
  }
}
