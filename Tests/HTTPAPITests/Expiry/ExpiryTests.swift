import Broker
import JSON
import NGSILD
import TestSupport
import Testing

@Suite("Transient Entities and Attributes")
struct ExpiryTests {
  private static let past = "2020-01-01T00:00:00Z"
  private static let future = "2099-01-01T00:00:00Z"

  /// An instant that is about to come.
  private static func soon() -> String {
    DateTime(microseconds: DateTime.now.microseconds + 1_000_000).description
  }

  private func passes(_ instant: String) async throws {
    while try DateTime.now < DateTime(parsing: instant, of: "a test") {
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private func transient(_ id: String, _ expiresAt: String, _ attributes: String = "") -> String {
    entity(id, "Room", #""expiresAt":"\#(expiresAt)""# + attributes)
  }

  @Test("an expired Entity is nowhere to be found, reaped or not")
  func boundary() async throws {
    try await withTestTenant { client in
      let instant = Self.soon()
      try await client.create(
        transient("urn:x:1", Self.future, #","level":1"#), entity("urn:x:2", "Room", #""level":1"#))
      #expect(try await client.send("GET", "types/Room").json["entityCount"]?.integer == 2)
      let merged = try await client.send(
        "PATCH", "entities/urn:x:1", #"{"expiresAt":"\#(instant)"}"#)
      #expect(merged.status == 204)
      try await passes(instant)
      for _ in 1...2 {
        #expect(try await client.send("GET", "entities/urn:x:1").status == 404)
        for parameters in [
          "type=Room", "q=level==1", "attrs=level", "type=Room&id=urn:x:1,urn:x:2",
        ] {
          let found = try await client.send("GET", "entities?\(parameters)&count=true")
          #expect(found.ids == ["urn:x:2"], "\(parameters)")
          #expect(found["NGSILD-Results-Count"] == "1")
        }
        #expect(try await client.send("PATCH", "entities/urn:x:1", "{}").status == 404)
        #expect(try await client.send("GET", "types/Room").json["entityCount"]?.integer == 1)
        let attribute = try await client.send("GET", "attributes/level")
        #expect(attribute.json["attributeCount"]?.integer == 1)
        try await client.broker.housekeep(until: "it is reaped") {
          try await kept(client) == ["urn:x:2"]
        }
      }
      let history = try await client.send("GET", "temporal/entities/urn:x:1?attrs=level")
      #expect(history.json["level"]?.count == 1)
      try await client.create(transient("urn:x:1", Self.future))
      #expect(try await client.send("GET", "entities/urn:x:1").status == 200)
    }
  }

  /// Ids of Entities that have more than a tombstone.
  private func kept(_ client: TestClient) async throws -> [String] {
    let tenant = client.tenant ?? ""
    return try await client.query(
      """
      SELECT id FROM entity WHERE typeset IS NOT NULL
        AND tenant = (SELECT id FROM tenant WHERE name = \(tenant))
      ORDER BY id
      """
    ).map { $0[0].string }
  }

  @Test("an id is free again at the instant, without waiting for reaping")
  func recreation() async throws {
    try await withTestTenant { client in
      try await client.create(transient("urn:x:1", Self.past, #","level":1"#))
      #expect(try await client.send("GET", "entities/urn:x:1").status == 404)
      try await client.create(entity("urn:x:1", "Hall"))
      #expect(try await client.send("GET", "types/Room").status == 404)
      #expect(try await client.send("GET", "attributes/level").status == 404)
      try await client.broker.housekeep()
      #expect(try await client.send("GET", "entities/urn:x:1").status == 200)
      #expect(try await client.send("GET", "types").json["typeList"]?.count == 1)
    }
  }

  @Test("an expired Attribute goes with its history, the others stay")
  func attribute() async throws {
    try await withTestTenant { client in
      let instant = Self.soon()
      try await client.create(
        entity(
          "urn:x:1", "Room",
          #"""
          "flash":{"type":"Property","value":1,"expiresAt":"\#(instant)"},
          "level":[{"type":"Property","value":1},
          {"type":"Property","value":2,"datasetId":"urn:d:1","expiresAt":"\#(instant)"}],
          "place":{"type":"GeoProperty","expiresAt":"\#(instant)",
          "value":{"type":"Point","coordinates":[1,2]}}
          """#))
      let path = "entities/urn:x:1"
      #expect(try await client.historyCount() == 4)
      try await passes(instant)
      for _ in 1...2 {
        let left = try await client.simplified(path)
        #expect(left == json(#"{"id":"urn:x:1","type":"Room","level":1}"#))
        let history = try await client.send("GET", "temporal/\(path)").json
        #expect(history["flash"] == nil)
        #expect(history["level"]?["value"]?.integer ?? history["level"]?.count == 1)
        #expect(try await client.send("GET", "attributes/flash").status == 404)
        #expect(
          try await client.send("GET", "attributes/level").json["attributeCount"]?.integer == 1)
        try await client.broker.housekeep(until: "they are reaped") {
          try await client.historyCount() == 1
        }
      }
      #expect(try await client.send("GET", "attributes").json["attributeList"]?.count == 1)
    }
  }

  @Test("reaping leaves alone what was given more time")
  func extended() async throws {
    try await withTestTenant { client in
      try await client.create(
        transient("urn:x:1", Self.future), transient("urn:x:2", Self.future))
      let cleared = try await client.send(
        "PATCH", "entities/urn:x:2", #"{"expiresAt":"urn:ngsi-ld:null"}"#)
      #expect(cleared.status == 204)
      // As if they were found before their Entities were changed.
      let tenant = client.tenant ?? ""
      _ = try await client.query(
        """
        UPDATE entity SET first_expiry = now()
        WHERE tenant = (SELECT id FROM tenant WHERE name = \(tenant))
        """)
      try await client.broker.housekeep()
      #expect(try await client.send("GET", "entities?type=Room").ids == ["urn:x:1", "urn:x:2"])
    }
  }

  @Test("two processes reap many Entities once")
  func many() async throws {
    try await withTestTenant { client in
      try await withTestBroker { other in
        let entities = (1...700).map { transient("urn:x:\($0)", Self.past, #","a":1"#) }
        let batch = "[" + entities.joined(separator: ",") + "]"
        _ = try await client.send("POST", "entityOperations/create", batch)
        let areReaped = { @Sendable in try await kept(client).isEmpty }
        async let one: Void = client.broker.housekeep(until: "they are reaped", areReaped)
        async let two: Void = other.housekeep(until: "they are reaped", areReaped)
        _ = try await (one, two)
        #expect(try await client.send("GET", "types").json["typeList"]?.count == 0)
      }
    }
  }
}
