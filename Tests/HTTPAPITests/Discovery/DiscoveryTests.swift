import Broker
import JSON
import NGSILD
import TestSupport
import Testing

@Suite("Discovery of types and Attributes")
struct DiscoveryTests {
  private static let base = "https://uri.etsi.org/ngsi-ld/default-context/"

  /// Two Rooms, a Car that is a Vehicle too, and what each kind of Attribute needs.
  private func withEntities(_ body: (TestClient) async throws -> Void) async throws {
    try await withTestTenant { client in
      try await client.create(
        room, entity("urn:ngsi-ld:Room:2", "Room", #""temperature":21,"free":true"#),
        #"{"id":"urn:x:Car:1","type":["Car","Vehicle"],"temperature":{"languageMap":{"en":"x"}}}"#)
      try await body(client)
    }
  }

  private func census(_ client: TestClient) async throws -> [String] {
    var lines: [String] = []
    for target in ["types?details=true", "attributes?details=true"] {
      let response = try await client.send("GET", target)
      #expect(response.status == 200, "\(response.text)")
      lines += response.json.elements.map { line(of: $0) }
    }
    return lines
  }

  private func line(of value: JSONValue) -> String {
    let name = (value["typeName"] ?? value["attributeName"])?.string ?? "?"
    let members = ["attributeNames", "typeNames", "attributeTypes"].compactMap { value[named: $0] }
    let counts = ["entityCount", "attributeCount"].compactMap { value[named: $0]?.integer }
    let texts = members.map { $0.elements.compactMap(\.string).sorted().joined(separator: ",") }
    return ([name] + texts + counts.map { "\($0)" }).joined(separator: " ")
  }

  @Test("lists and details name what Entities have")
  func lists() async throws {
    try await withEntities { client in
      #expect(
        try await census(client)
          == [
            "Car temperature", "Room free,inBuilding,label,location,temperature",
            "Vehicle temperature", "free Room", "inBuilding Room", "label Room",
            "temperature Car,Room,Vehicle", "location Room",
          ].sorted { order($0) < order($1) })
      let types = try await client.send("GET", "types?count=true")
      #expect(types.json["type"]?.string == "EntityTypeList")
      #expect(types.json["id"]?.string?.hasPrefix("urn:ngsi-ld:EntityTypeList:") == true)
      #expect(
        types.json["typeList"]?.elements.compactMap(\.string) == ["Car", "Room", "Vehicle"])
      #expect(types["NGSILD-Results-Count"] == "3")
      let attributes = try await client.send("GET", "attributes?count=true&local=true")
      #expect(attributes.json["type"]?.string == "AttributeList")
      #expect(attributes.json["attributeList"]?.count == 5)
      #expect(attributes["NGSILD-Results-Count"] == "5")
    }
  }

  /// Types first, then Attributes by their IRIs: that of `location` is a core one.
  private func order(_ line: String) -> String {
    let name = line.prefix { $0 != " " }
    return (name.first?.isUppercase == true ? "0" : name == "location" ? "2" : "1") + name
  }

  @Test(
    "a type has its Entities counted, an Attribute its instances",
    arguments: [
      ("types/Room", "Room 2"), ("types/Car", "Car 1"), ("types/Vehicle", "Vehicle 1"),
      ("types/https%3A%2F%2Furi.etsi.org%2Fngsi-ld%2Fdefault-context%2FRoom", "Room 2"),
      ("attributes/temperature", "temperature Car,Room,Vehicle LanguageProperty,Property 3"),
      ("attributes/label", "label Room Property 2"),
      ("attributes/location", "location Room GeoProperty 1"),
      ("attributes/inBuilding", "inBuilding Room Relationship 1"),
    ])
  func one(target: String, expected: String) async throws {
    try await withEntities { client in
      let response = try await client.send("GET", target)
      #expect(line(of: response.json) == expected, "\(response.text)")
    }
  }

  @Test("a type shows the types of its Attributes")
  func attributeDetails() async throws {
    try await withEntities { client in
      let response = try await client.send("GET", "types/Vehicle")
      let expected = """
        {"id":"\(Self.base)Vehicle","type":"EntityTypeInfo","typeName":"Vehicle","entityCount":1,
        "attributeDetails":[{"id":"\(Self.base)temperature","type":"Attribute",
        "attributeName":"temperature","attributeTypes":["LanguageProperty"]}]}
        """
      #expect(response.json == json(expected), "\(response.text)")
    }
  }

  @Test("JSON-LD carries the context in each object")
  func context() async throws {
    try await withEntities { client in
      for target in ["types", "types/Room", "attributes", "attributes/free"] {
        let response = try await client.send(
          "GET", target, headers: [("Accept", "application/ld+json")])
        #expect(response.json["@context"] != nil, "\(response.text)")
        #expect(response["Content-Type"] == "application/ld+json")
      }
      let list = try await client.send(
        "GET", "types?details=true", headers: [("Accept", "application/ld+json")])
      #expect(list.json.elements.allSatisfy { $0["@context"] != nil })
    }
  }

  @Test(
    "every kind of change is followed, before and after it is folded",
    arguments: [
      ("DELETE", "entities/urn:ngsi-ld:Room:2", "", "Room 1", "temperature 2"),
      ("DELETE", "\(roomPath)/attrs/temperature", "", "Room 2", "temperature 2"),
      ("PATCH", "\(roomPath)/attrs", #"{"temperature":5}"#, "Room 2", "temperature 3"),
      (
        "PATCH", "\(roomPath)/attrs",
        #"{"temperature":{"value":5,"datasetId":"urn:d:1"}}"#, "Room 2", "temperature 4"
      ),
      (
        "POST", "entities/urn:x:Car:1/attrs", #"{"type":"Room","temperature":1}"#, "Room 3",
        "temperature 3"
      ),
      ("PUT", roomPath, #"{"type":"Hall","free":false}"#, "Room 1", "temperature 2"),
      (
        "POST", "entityOperations/upsert", "[\(entity("urn:x:9", "Room", #""temperature":1"#))]",
        "Room 3", "temperature 4"
      ),
    ])
  func changes(
    method: String, target: String, body: String, type: String, attribute: String
  ) async throws {
    try await withEntities { client in
      let response = try await client.send(method, target, body.isEmpty ? nil : body)
      #expect(response.status < 300, "\(response.text)")
      for _ in 1...2 {
        #expect(line(of: try await client.send("GET", "types/Room").json) == type)
        let found = try await client.send("GET", "attributes/temperature").json
        #expect(found["attributeCount"]?.integer == Int(attribute.split(separator: " ")[1]))
        try await client.broker.housekeep(until: "the census is folded") {
          try await unfolded(client) == 0
        }
      }
      #expect(try await census(client) == recount(client))
    }
  }

  /// What the census would be if it were counted from the Entities.
  private func recount(_ client: TestClient) async throws -> [String] {
    let before = try await census(client)
    let tenant = client.tenant ?? ""
    _ = try await client.query(
      """
      WITH t AS (SELECT id FROM tenant WHERE name = \(tenant)),
      gone AS (DELETE FROM census USING t WHERE tenant = t.id)
      INSERT INTO census_change
      SELECT tenant, typeset, array_agg(attribute), array_agg(type), array_agg(n::int)
      FROM (
        SELECT e.tenant, e.typeset, 0 AS attribute, 0::smallint AS type, count(*) AS n
        FROM entity AS e JOIN t ON t.id = e.tenant WHERE typeset IS NOT NULL GROUP BY 1, 2
        UNION ALL
        SELECT e.tenant, e.typeset, i.attribute, i.type, count(*)
        FROM entity AS e JOIN t ON t.id = e.tenant, census_instances(e.document) AS i
        WHERE typeset IS NOT NULL GROUP BY 1, 2, 3, 4
      ) AS counted
      GROUP BY 1, 2
      """)
    let after = try await census(client)
    #expect(before == after)
    return after
  }

  private func unfolded(_ client: TestClient) async throws -> Int {
    let tenant = client.tenant ?? ""
    return try await client.query(
      """
      SELECT count(*) FROM census_change
      WHERE tenant = (SELECT id FROM tenant WHERE name = \(tenant))
      """)[0][0].int
  }

  @Test("a change of values leaves the census alone")
  func values() async throws {
    try await withEntities { client in
      try await client.broker.housekeep(until: "the census is folded") {
        try await unfolded(client) == 0
      }
      for value in 1...3 {
        _ = try await client.send("PATCH", "\(roomPath)/attrs", #"{"temperature":\#(value)}"#)
        _ = try await client.send(
          "PATCH", "\(roomPath)/attrs/temperature", #"{"value":\#(value)}"#)
      }
      #expect(try await unfolded(client) == 0)
    }
  }

  @Test("tenants do not see each other's types")
  func tenants() async throws {
    try await withEntities { one in
      try await withTestTenant { other in
        try await other.create(entity("urn:x:1", "Other"))
        #expect(try await other.send("GET", "types").json["typeList"]?.count == 1)
        #expect(try await other.send("GET", "types/Room").status == 404)
        #expect(try await one.send("GET", "types/Other").status == 404)
      }
    }
  }

  @Test("another process knows the types at once")
  func processes() async throws {
    try await withEntities { client in
      try await withTestBroker { other in
        let there = TestClient(other, tenant: client.tenant)
        #expect(try await there.send("GET", "types").json["typeList"]?.count == 3)
        try await client.create(entity("urn:x:1", "New", #""new":1"#))
        #expect(try await there.send("GET", "types/New").status == 200)
        #expect(
          line(of: try await there.send("GET", "attributes/new").json) == "new New Property 1")
      }
    }
  }
}
