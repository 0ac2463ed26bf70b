import JSON
import TestSupport
import Testing

@Suite("Writes of history over Context Sources (5.6.11 to 5.6.16)")
struct DistributedTemporalWriteTests {
  private static let room = #""entities": [{"id": "urn:x:1", "type": "Room"}]"#
  private static let size = #"\#(room), "propertyNames": ["size"]"#
  private static let operations = """
    , "operations": ["upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal",
    "updateAttrInstanceTemporal", "deleteAttrInstanceTemporal", "deleteTemporal",
    "retrieveTemporal", "queryTemporal"]
    """

  /// A hub and a source, which share an Entity with two Attributes.
  private func withShares(
    _ mode: String, _ information: String = size,
    _ body: (_ hub: TestClient, _ source: TestClient) async throws -> Void
  ) async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: mode, information, Self.operations) { source in
        let given = history("urn:x:1", "Room", "size", instance("1", 1), instance("2", 2))
          .replacing("}]}", with: #"}],"name":[\#(instance("9", 1))]}"#)
        let created = try await federation.hub.send("POST", "temporal/entities", given)
        #expect(created.status == 201)
        #expect(created["Location"] == "/ngsi-ld/v1/temporal/entities/urn:x:1")
        try await body(federation.hub, source)
      }
    }
  }

  /// The values of both Attributes, as one broker alone has them; nil without history.
  private func own(_ client: TestClient) async throws -> [[String]]? {
    let response = try await client.send("GET", "\(temporalPath)?local=true")
    return response.status == 200 ? ["size", "name"].map { response.json.values(of: $0) } : nil
  }

  @Test(
    "new instances are shared as their registrations say",
    arguments: [
      ("exclusive", size, [[], ["9"]], [["1", "2"], []]),
      ("redirect", room, nil, [["1", "2"], ["9"]]),
      ("inclusive", size, [["1", "2"], ["9"]], [["1", "2"], []]),
    ] as [(String, String, [[String]]?, [[String]])])
  func creation(
    mode: String, information: String, here: [[String]]?, there: [[String]]
  ) async throws {
    try await withShares(mode, information) { hub, source in
      #expect(try await own(hub) == here)
      #expect(try await own(source) == there)
      let again = try await hub.send(
        "POST", "temporal/entities", history("urn:x:1", "Room", "size", instance("3", 3)))
      #expect(again.status == 204)
      #expect(try await own(source)?[0] == ["1", "2", "3"])
    }
  }

  @Test(
    "every operation reaches the source that holds the Attribute",
    arguments: [
      ("POST", "/attrs", #"{"size":[{"type":"Property","value":7}]}"#, ["1", "2", "7"]),
      ("DELETE", "/attrs/size", nil, []),
      ("PATCH", "/attrs/size/INSTANCE", #"{"type":"Property","value":7}"#, ["7", "2"]),
      ("PATCH", "/attrs/size/INSTANCE", #"{"size":[{"type":"Property","value":7}]}"#, ["7", "2"]),
      ("DELETE", "/attrs/size/INSTANCE", nil, ["2"]), ("DELETE", "", nil, nil),
    ] as [(String, String, String?, [String]?)])
  func operations(method: String, path: String, body: String?, sizes: [String]?) async throws {
    try await withShares("exclusive") { hub, source in
      let size = try await source.send("GET", "\(temporalPath)?attrs=size").json["size"]
      let first = size?.elements.first { $0["value"]?.integer == 1 }?["instanceId"]?.string
      let response = try await hub.send(
        method, temporalPath + path.replacing("INSTANCE", with: first ?? ""), body)
      #expect(response.status == 204, "\(response.text)")
      let values = try await own(source)?[0] ?? []
      #expect(Set(values) == Set(sizes ?? []))
      #expect(try await own(hub)?[1] == (sizes == nil ? nil : ["9"]))
    }
  }

  @Test("an instance is changed where it is, and is missing only where nobody has it")
  func instances() async throws {
    try await withShares("inclusive", Self.room) { hub, source in
      try await source.record(history("urn:x:1", "Room", "size", instance("5", 5)))
      let all = try await hub.send("GET", "\(temporalPath)?attrs=size")
      #expect(all.json.values(of: "size") == ["1", "2", "5"])
      for (place, value) in [(2, 5), (0, 1)] {
        let elements = all.json["size"]?.elements.map(\.self) ?? []
        let id = elements[place]["instanceId"]?.string ?? ""
        let path = "\(temporalPath)/attrs/size/\(id)"
        #expect(elements[place]["value"]?.integer == value)
        #expect(try await hub.send("DELETE", path).status == 204)
        #expect(try await hub.send("DELETE", path).status != 204)
      }
      #expect(try await own(hub)?[0].contains("5") == false)
      #expect(try await own(source)?[0].contains("5") == false)
    }
  }

  @Test("what one of several does not do is told, with the registration at fault")
  func partialFailure() async throws {
    try await Federation.run { federation in
      try await federation.register(
        "a", Self.room, endpoint: "http://127.0.0.1:1", Self.operations)
      let created = try await federation.hub.send(
        "POST", "temporal/entities", history("urn:x:1", "Room", "size", instance("1", 1)))
      #expect(created.status == 207)
      let error = try #require(created.json["errors"]?.elements.map(\.self).first)
      #expect(error["registrationId"]?.string == "urn:r:a")
      let deleted = try await federation.hub.send("DELETE", "\(temporalPath)/attrs/size")
      #expect(deleted.status == 207)
      #expect(deleted.json["updated"]?.count == 1 && deleted.json["notUpdated"]?.count == 1)
    }
  }

  @Test("a claim on history that a source does not keep is a conflict")
  func conflict() async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: "redirect", Self.room) { _ in
        let refused = try await federation.hub.send(
          "POST", "temporal/entities", history("urn:x:1", "Room", "size", instance("1", 1)))
        #expect(refused.status == 409)
      }
    }
  }
}
