import JSON
import Postgres
import TestSupport
import Testing

@Suite("Purge of Entities")
struct PurgeTests {
  private func withEntities(_ body: (TestClient) async throws -> Void) async throws {
    try await withTestTenant { client in
      try await client.create(
        room, entity("urn:x:1", "Room", #""temperature":25"#), entity("urn:x:2", "Room"),
        entity("urn:x:3", "Car", #""temperature":25,"label":"x""#))
      try await body(client)
    }
  }

  private func left(_ client: TestClient) async throws -> [String] {
    try await client.send("GET", "entities?type=*&limit=1000").ids
  }

  @Test(
    "every selector counts, all have to hold",
    arguments: [
      ("type=Room", ["urn:x:3"]),
      ("type=Room,Car", []),
      ("type=*", []),
      ("local=true", []),
      ("type=Room&id=urn:x:1,urn:x:3", ["urn:ngsi-ld:Room:1", "urn:x:2", "urn:x:3"]),
      ("type=Room&idPattern=Room", ["urn:x:1", "urn:x:2", "urn:x:3"]),
      ("q=temperature%3E22", ["urn:ngsi-ld:Room:1", "urn:x:2"]),
      ("attrs=temperature", ["urn:x:2"]),
      ("type=Room&attrs=temperature&q=temperature%3C22", ["urn:x:1", "urn:x:2", "urn:x:3"]),
      ("type=Room&scopeQ=/Berlin/%23", ["urn:x:1", "urn:x:2", "urn:x:3"]),
      (
        "georel=near;maxDistance==10&geometry=Point&coordinates=%5B13.4,52.5%5D",
        ["urn:x:1", "urn:x:2", "urn:x:3"]
      ),
      ("type=Nothing", ["urn:ngsi-ld:Room:1", "urn:x:1", "urn:x:2", "urn:x:3"]),
    ])
  func selectors(parameters: String, expected: [String]) async throws {
    try await withEntities { client in
      let response = try await client.send("DELETE", "entities?\(parameters)")
      #expect(response.status == 204, "\(response.text)")
      #expect(try await left(client) == expected)
    }
  }

  @Test(
    "keep and drop delete Attributes, with all instances",
    arguments: [
      ("drop=temperature,label", "inBuilding,location"), ("keep=label", "label"),
      ("keep=nothing", ""), ("drop=nothing", "inBuilding,label,location,temperature"),
    ])
  func attributes(parameter: String, expected: String) async throws {
    try await withEntities { client in
      let response = try await client.send("DELETE", "entities?type=Room&\(parameter)")
      #expect(response.status == 204, "\(response.text)")
      let room = try #require(try await client.simplified())
      let names = room.members.compactMap(\.name.string).filter {
        !["id", "type", "scope"].contains($0)
      }
      #expect(names.sorted().joined(separator: ",") == expected)
      #expect(try await left(client).count == 4)
      #expect(try await client.simplified("entities/urn:x:3")?["label"] != nil)
    }
  }

  @Test("a long purge leaves what single deletions leave: history and notifications")
  func effects() async throws {
    try await withTestTenant { client in
      let subscription = """
        {"id":"urn:s:1","type":"Subscription","entities":[{"type":"Room"}],
        "notificationTrigger":["entityDeleted"],
        "notification":{"endpoint":{"uri":"http://127.0.0.1:9/"}}}
        """
      #expect(try await client.send("POST", "subscriptions", subscription).status == 201)
      for chunk in 0..<3 {
        let entities = (0..<400).map { entity("urn:x:\(chunk):\($0)", "Room", #""a":1"#) }
        let batch = "[" + entities.joined(separator: ",") + "]"
        #expect(try await client.send("POST", "entityOperations/create", batch).status == 201)
      }
      try await client.create(entity("urn:x:car", "Car", #""a":1"#))
      #expect(try await client.send("DELETE", "entities?type=Room").status == 204)
      #expect(try await left(client) == ["urn:x:car"])
      let tenant = client.tenant ?? ""
      let of: SQL = "(SELECT id FROM tenant WHERE name = \(tenant))"
      let deletions = try await client.query(
        "SELECT count(*) FROM attribute_instance WHERE tenant = \(of) AND is_deletion")
      #expect(deletions[0][0].int == 1200)
      let owed = try await client.query(
        "SELECT count(DISTINCT entity) FROM notification WHERE tenant = \(of)")
      #expect(owed[0][0].int == 1200)
      #expect(try await client.send("GET", "types").json["typeList"]?.count == 1)
    }
  }
}
