import JSON
import TestSupport
import Testing

@Suite("Temporal provision")
struct TemporalProvisionTests {
  @Test(
    "what is created is answered with its place, and what is there with no content",
    arguments: Transport.allCases)
  func upsert(transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let first = try await client.send(
        "POST", "temporal/entities", history("urn:x:1", "A", "n", instance("1", 1)))
      #expect(first.status == 201)
      #expect(first["Location"] == "/ngsi-ld/v1/temporal/entities/urn:x:1")
      let second = try await client.send(
        "POST", "temporal/entities", history("urn:x:1", "B", "n", instance("2", 2)))
      #expect(second.status == 204)
      let all = try await client.send("GET", temporalPath).json
      #expect(all.values(of: "n") == ["1", "2"])
      #expect(all["type"]?.elements.compactMap(\.string) == ["A", "B"])
      #expect(try await client.simplified("entities/urn:x:1")?["n"]?.integer == 2)
    }
  }

  @Test("an instance of the same dataset and time takes the place of the stored one")
  func replacement() async throws {
    try await withTestTenant { client in
      try await client.record(history("urn:x:1", "A", "n", instance("1", 1), instance("2", 2)))
      let path = "\(temporalPath)?options=sysAttrs"
      let before = try await client.send("GET", path).json["n"]
      try await client.record(
        history(
          "urn:x:1", "A", "n", instance("10", 1),
          instance("3", 1, #","datasetId":"urn:x:d""#)))
      let json = try await client.send("GET", path).json
      #expect(json.values(of: "n").sorted() == ["10", "2", "3"])
      let ids = before?.elements.compactMap { $0["instanceId"]?.string } ?? []
      let replaced = json["n"]?.elements.first { $0["value"]?.rawText == "10" }
      #expect(replaced?["instanceId"]?.string == ids[0])
      let created = before?.elements.compactMap { $0["createdAt"]?.string } ?? []
      #expect(replaced?["createdAt"]?.string == created[0])
    }
  }

  @Test("what was observed earlier leaves the current state alone")
  func lateArrival() async throws {
    try await withTestTenant { client in
      try await client.record(history("urn:x:1", "A", "n", instance("5", 5)))
      try await client.record(history("urn:x:1", "A", "n", instance("3", 3), instance("4", 4)))
      #expect(try await client.simplified("entities/urn:x:1")?["n"]?.integer == 5)
      #expect(
        try await client.send("GET", temporalPath).json.values(of: "n") == ["3", "4", "5"])
    }
  }

  @Test("Attributes are added to a history that is there")
  func append() async throws {
    try await withTestTenant { client in
      try await client.record(history("urn:x:1", "A", "n", instance("1", 1)))
      let body = #"{"type":"B","m":\#(instance("7", 3))}"#
      #expect(try await client.send("POST", "\(temporalPath)/attrs", body).status == 204)
      let json = try await client.send("GET", temporalPath).json
      #expect(json.values(of: "m") == ["7"])
      #expect(json["type"]?.count == 2)
    }
  }

  @Test(
    "deletion of an Attribute reaches the instances that are named",
    arguments: [
      ("", ["2"]), ("?datasetId=urn:x:d", ["1"]), ("?deleteAll=true", []),
      ("?deleteAll=true&datasetId=urn:x:d", []),
    ])
  func deleteAttribute(parameters: String, left: [String]) async throws {
    try await withTestTenant { client in
      try await client.record(
        history(
          "urn:x:1", "A", "n", instance("1", 1), instance("2", 1, #","datasetId":"urn:x:d""#)),
        history("urn:x:1", "A", "m", instance("1", 1)))
      let path = "\(temporalPath)/attrs/n\(parameters)"
      #expect(try await client.send("DELETE", path).status == 204)
      let json = try await client.send("GET", temporalPath).json
      #expect(json.values(of: "n") == left)
      #expect(json.values(of: "m") == ["1"])
      #expect(try await client.send("DELETE", path).status == 404)
    }
  }

  @Test(
    "an instance is modified, and keeps its id",
    arguments: [
      #"{"n":[{"type":"Property","value":9,"observedAt":"2026-02-01T00:00:00Z"}]}"#,
      #"{"n":{"type":"Property","value":9,"observedAt":"2026-02-01T00:00:00Z"}}"#,
      #"{"type":"Property","value":9,"observedAt":"2026-02-01T00:00:00Z"}"#,
      #"{"value":9,"observedAt":"2026-02-01T00:00:00Z"}"#,
      #"{"type":"LanguageProperty","languageMap":{"en":"x"},"observedAt":"2026-02-01T00:00:00Z"}"#,
    ])
  func modify(body: String) async throws {
    try await withTestTenant { client in
      try await client.record(history("urn:x:1", "A", "n", instance("1", 1), instance("2", 2)))
      let stored = try await client.send("GET", temporalPath).json["n"].map { Array($0.elements) }
      let id = try #require(stored?[0]["instanceId"]?.string)
      let path = "\(temporalPath)/attrs/n/\(id)"
      #expect(try await client.send("PATCH", path, body).status == 204)
      let instances = try #require(
        try await client.send("GET", temporalPath).json["n"].map { Array($0.elements) })
      #expect(instances.count == 2)
      #expect(instances[1]["instanceId"]?.string == id)
      #expect(instances[1]["observedAt"]?.string == "2026-02-01T00:00:00Z")
      #expect(instances[1]["value"]?.integer == 9 || instances[1]["languageMap"] != nil)
      #expect(try await client.send("DELETE", path).status == 204)
      #expect(try await client.send("DELETE", path).status == 404)
      #expect(try await client.send("GET", temporalPath).json.values(of: "n") == ["2"])
    }
  }

  @Test("deletion of the history leaves the current state, and it begins anew")
  func deleteHistory() async throws {
    try await withTestTenant { client in
      try await client.record(history("urn:x:1", "A", "n", instance("1", 1)))
      #expect(try await client.send("DELETE", temporalPath).status == 204)
      #expect(try await client.send("GET", temporalPath).status == 404)
      #expect(try await client.send("DELETE", temporalPath).status == 404)
      #expect(try await client.send("GET", "entities/urn:x:1").status == 200)
      let again = try await client.send(
        "POST", "temporal/entities", history("urn:x:1", "A", "n", instance("1", 1)))
      #expect(again.status == 201)
    }
  }

  @Test("a client records deletions")
  func recordedDeletion() async throws {
    try await withTestTenant { client in
      try await client.record(
        history("urn:x:1", "A", "n", instance("1", 1), instance(#""urn:ngsi-ld:null""#, 2)))
      let json = try await client.send("GET", "\(temporalPath)?timeproperty=deletedAt").json
      #expect(json.values(of: "n") == [#""urn:ngsi-ld:null""#])
      #expect(json["n"]?.elements.first { _ in true }?["deletedAt"] != nil)
      #expect(try await client.simplified("entities/urn:x:1")?["n"] == nil)
    }
  }

  @Test(
    "changes of the current state are recorded",
    arguments: [
      ("POST", "attrs", #"{"n":{"type":"Property","value":2}}"#, ["1", "2"], []),
      ("PATCH", "attrs", #"{"n":{"type":"Property","value":2}}"#, ["1", "2"], []),
      ("PATCH", "attrs/n", #"{"value":2}"#, ["1", "2"], []),
      ("PUT", "attrs/n", #"{"type":"Property","value":2}"#, ["1", "2"], []),
      ("PATCH", "", #"{"n":2}"#, ["1", "2"], []),
      ("PUT", "", #"{"id":"urn:x:1","type":"B","m":2}"#, ["1"], ["n", "scope"]),
      ("DELETE", "attrs/n", nil, ["1"], ["n"]),
      ("DELETE", "attrs/scope", nil, ["1"], ["scope"]),
      ("DELETE", "", nil, ["1"], ["n", "scope"]),
    ] as [(String, String, String?, [String], [String])])
  func implicit(
    method: String, path: String, body: String?, values: [String], deleted: [String]
  ) async throws {
    try await withTestTenant { client in
      try await client.create(
        #"{"id":"urn:x:1","type":"A","scope":"/S","n":{"type":"Property","value":1}}"#)
      let target = path.isEmpty ? "entities/urn:x:1" : "entities/urn:x:1/\(path)"
      #expect(try await client.send(method, target, body).status == 204)
      let all = try await client.send(
        "GET", "\(temporalPath)?timerel=after&timeAt=2000-01-01T00:00:00Z&timeproperty=modifiedAt"
      ).json
      #expect(all.values(of: "n").filter { $0 != #""urn:ngsi-ld:null""# } == values)
      let gone = try await client.send("GET", "\(temporalPath)?timeproperty=deletedAt").json
      let names = ["n", "scope"].filter { gone[named: $0] != nil }
      #expect(names == deleted)
      if deleted.contains("scope") { #expect(gone.values(of: "scope") == ["[]"]) }
      if method == "PUT" && path.isEmpty {
        #expect(all["type"]?.elements.compactMap(\.string) == ["A", "B"])
      }
    }
  }
}
