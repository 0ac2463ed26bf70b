import JSON
import TestSupport
import Testing

@Suite("Writes over Context Sources (5.6)")
struct DistributedWriteTests {
  private static let room = #""entities": [{"id": "urn:x:1", "type": "Room"}]"#
  private static let size = #"\#(room), "propertyNames": ["size"]"#
  private static let whole = entity("urn:x:1", "Room", #""size":3,"name":"x""#)

  private func own(_ client: TestClient) async throws -> JSONValue? {
    let response = try await client.send("GET", "entities/urn:x:1?local=true&format=simplified")
    return response.status == 200 ? response.json : nil
  }

  @Test(
    "a new Entity is shared as its registrations say",
    arguments: [
      (
        "exclusive", size, #"{"id":"urn:x:1","type":"Room","name":"x"}"#,
        #"{"id":"urn:x:1","type":"Room","size":3}"#
      ),
      ("redirect", room, nil, #"{"id":"urn:x:1","type":"Room","size":3,"name":"x"}"#),
      (
        "inclusive", size, #"{"id":"urn:x:1","type":"Room","size":3,"name":"x"}"#,
        #"{"id":"urn:x:1","type":"Room","size":3}"#
      ),
    ] as [(String, String, String?, String)])
  func creation(mode: String, information: String, here: String?, there: String) async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: mode, information) { source in
        let response = try await federation.hub.send("POST", "entities", Self.whole)
        #expect(response.status == 201)
        #expect(try await own(federation.hub) == here.map(json))
        #expect(try await own(source) == json(there))
      }
    }
  }

  @Test(
    "every operation reaches the source that holds the Attribute",
    arguments: [
      ("PATCH", "entities/urn:x:1/attrs", #"{"size":4}"#, #"{"size":4,"name":"x"}"#),
      (
        "POST", "entities/urn:x:1/attrs", #"{"size":4,"more":1}"#,
        #"{"size":4,"name":"x","more":1}"#
      ),
      ("PATCH", "entities/urn:x:1/attrs/size", #"{"value":4}"#, #"{"size":4,"name":"x"}"#),
      (
        "PUT", "entities/urn:x:1/attrs/size", #"{"type":"Property","value":4}"#,
        #"{"size":4,"name":"x"}"#
      ),
      ("DELETE", "entities/urn:x:1/attrs/size", nil, #"{"name":"x"}"#),
      ("PATCH", "entities/urn:x:1", #"{"size":4,"name":"y"}"#, #"{"size":4,"name":"y"}"#),
      (
        "PUT", "entities/urn:x:1", #"{"id":"urn:x:1","type":"Room","size":4,"name":"z"}"#,
        #"{"size":4,"name":"z"}"#
      ),
    ] as [(String, String, String?, String)])
  func operations(method: String, path: String, body: String?, expected: String) async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: "exclusive", Self.size) { source in
        try await federation.hub.create(Self.whole)
        let response = try await federation.hub.send(method, path, body)
        #expect(response.status == 204, "\(response.text)")
        let whole = try await federation.hub.simplified("entities/urn:x:1")
        #expect(whole == json(#"{"id":"urn:x:1","type":"Room",\#(expected.dropFirst())"#))
        #expect(try await own(federation.hub)?["size"] == nil)
      }
    }
  }

  @Test("a deletion takes all parts")
  func deletion() async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: "exclusive", Self.size) { source in
        try await federation.hub.create(Self.whole)
        #expect(try await federation.hub.send("DELETE", "entities/urn:x:1").status == 204)
        #expect(try await own(federation.hub) == nil)
        #expect(try await own(source) == nil)
      }
    }
  }

  @Test("what one of several does not do is told, with the registration at fault")
  func partialFailure() async throws {
    try await Federation.run { federation in
      try await federation.register("a", Self.room, endpoint: "http://127.0.0.1:1")
      let created = try await federation.hub.send("POST", "entities", Self.whole)
      #expect(created.status == 207)
      #expect(created.json["success"] == json(#"["urn:x:1"]"#))
      let error = try #require(created.json["errors"]?.elements.map(\.self).first)
      #expect(error["registrationId"]?.string == "urn:r:a")
      #expect(error["error"]?["status"]?.integer == 502)
      let updated = try await federation.hub.send(
        "PATCH", "entities/urn:x:1/attrs", #"{"size":4}"#)
      #expect(updated.status == 207)
      #expect(updated.json["updated"]?.count == 1)
      let left = try #require(updated.json["notUpdated"]?.elements.map(\.self).first)
      #expect(left["registrationId"]?.string == "urn:r:a")
    }
  }

  @Test(
    "the one source that holds everything answers through this broker",
    arguments: [
      ("http://127.0.0.1:1", 502), ("missing", 404), ("refusal", 502), ("loop", 508),
    ])
  func gateway(endpoint: String, status: Int) async throws {
    try await ContextServer.run { server, address in
      let endpoint = endpoint.hasPrefix("http") ? endpoint : "\(address)/\(endpoint)"
      server.set("/refusal/ngsi-ld/v1/entities/urn:x:1", "{}", status: 403)
      server.set("/loop/ngsi-ld/v1/entities/urn:x:1", "{}", status: 508)
      try await Federation.run { federation in
        try await federation.register("a", mode: "redirect", Self.room, endpoint: endpoint)
        let response = try await federation.hub.send(
          "PATCH", "entities/urn:x:1", #"{"size":4}"#)
        #expect(response.status == status)
      }
    }
  }

  @Test(
    "a source that does not support an operation is never asked",
    arguments: [("exclusive", size, 207), ("redirect", room, 409), ("inclusive", room, 201)])
  func unsupported(mode: String, information: String, status: Int) async throws {
    try await Federation.run { federation in
      try await federation.source(
        "a", mode: mode, information, #", "operations": ["retrieveOps"]"#
      ) { source in
        let response = try await federation.hub.send("POST", "entities", Self.whole)
        #expect(response.status == status)
        #expect(try await own(source) == nil)
      }
    }
  }

  @Test(
    "a batch goes to sources as a batch, or piece by piece",
    arguments: ["redirectionOps", "createBatch\", \"upsertBatch\", \"deleteBatch\", \"retrieveOps"])
  func batches(operations: String) async throws {
    try await Federation.run { federation in
      try await federation.source(
        "a", mode: "redirect", #""entities": [{"type": "Room"}]"#,
        #", "operations": ["\#(operations)"]"#
      ) { source in
        let batch = "[\(Self.whole),\(entity("urn:x:2", "Car", #""size":1"#))]"
        let created = try await federation.hub.send("POST", "entityOperations/upsert", batch)
        #expect(created.status == 201)
        #expect(Set(created.json.elements.compactMap(\.string)) == ["urn:x:1", "urn:x:2"])
        let again = try await federation.hub.send("POST", "entityOperations/upsert", batch)
        #expect(again.status == 204, "\(again.text)")
        #expect(try await own(federation.hub) == nil)
        #expect(try await own(source) == json(Self.whole))
        let deleted = try await federation.hub.send(
          "POST", "entityOperations/delete", #"["urn:x:1","urn:x:2"]"#)
        #expect(deleted.status == 204)
        #expect(try await own(source) == nil)
      }
    }
  }

  @Test("a purge reaches sources")
  func purge() async throws {
    try await Federation.run { federation in
      try await federation.source("a") { source in
        try await source.create(Self.whole)
        _ = try await federation.hub.send(
          "POST", "entities?local=true", entity("urn:x:2", "Room"))
        #expect(try await federation.hub.send("DELETE", "entities?type=Room").status == 204)
        #expect(try await federation.hub.send("GET", "entities?type=Room").ids == [])
        #expect(try await own(source) == nil)
      }
    }
  }
}
