import JSON
import NGSILD
import TestSupport
import Testing

@Suite("EntityMaps")
struct EntityMapTests {
  private func fill(_ client: TestClient, count: Int = 5) async throws {
    for number in 1...count {
      try await client.create(entity("urn:x:\(number)", "Car", #""speed":\#(number * 10)"#))
    }
  }

  @Test("a map is made by a query, named in the header, and shown")
  func creation() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client)
      let made = try await client.send("GET", "entityMaps?type=Car&q=speed%3E20")
      #expect(made.status == 201)
      #expect(made.json["type"]?.string == "EntityMap")
      #expect(made.json.mapped == ["urn:x:3", "urn:x:4", "urn:x:5"])
      #expect(made.json["entityMap"]?["urn:x:3"]?.rawText == #"["@none"]"#)
      #expect(made.json["linkedMaps"]?.count == 0)
      let id = try #require(made.json["id"]?.string)
      #expect(made["NGSILD-EntityMap"] == "/ngsi-ld/v1/entityMaps/\(id)")
      let shown = try await client.send("GET", "entityMaps/\(id)")
      #expect(shown.status == 200)
      #expect(shown.json == made.json)
      let posted = try await client.send(
        "POST", "entityMaps",
        #"{"type":"Query","entities":[{"type":"Car"}],"q":"speed>20","entityMapLifetime":"PT1M"}"#)
      #expect(posted.json.mapped == ["urn:x:3", "urn:x:4", "urn:x:5"])
    }
  }

  @Test("a query with entityMap answers as ever, and with a map that fixes what follows")
  func paging() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client)
      let first = try await client.send("GET", "entities?type=Car&entityMap=true&limit=2")
      #expect(first.status == 201)
      #expect(first.ids == ["urn:x:1", "urn:x:2"])
      #expect(first.all("Link").contains { $0.contains("offset=2") && $0.contains("next") })
      let map = try #require(first["NGSILD-EntityMap"])
      try await client.create(entity("urn:x:6", "Car", #""speed":60"#))
      #expect(try await client.send("DELETE", "entities/urn:x:3").status == 204)
      let second = try await client.send(
        "GET", "entities?type=Car&limit=2&offset=2&count=true", headers: using(map))
      #expect(second.status == 200)
      #expect(second.ids == ["urn:x:4", "urn:x:5"])
      #expect(second["NGSILD-Results-Count"] == "4")
      #expect(second["NGSILD-EntityMap"] == map)
      #expect(!second.all("Link").contains { $0.contains("next") })
      let shown = try await client.send("GET", map)
      #expect(shown.json.mapped == ["urn:x:1", "urn:x:2", "urn:x:4", "urn:x:5"])
    }
  }

  @Test("what no longer satisfies the filters leaves the map, also after orderBy")
  func rechecking() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client)
      let query = "entities?type=Car&q=speed%3E10&orderBy=speed;desc"
      let first = try await client.send("GET", "\(query)&entityMap=true&limit=1")
      #expect(first.ids == ["urn:x:5"], "\(first.text)")
      let map = try #require(first["NGSILD-EntityMap"])
      _ = try await client.send("PATCH", "entities/urn:x:4/attrs", #"{"speed":5}"#)
      _ = try await client.send("PATCH", "entities/urn:x:2/attrs", #"{"speed":99}"#)
      let page = try await client.send("GET", "\(query)&limit=2", headers: using(map))
      #expect(page.ids == ["urn:x:5", "urn:x:3"])
      #expect(
        try await client.send("GET", map).json.mapped == ["urn:x:5", "urn:x:3", "urn:x:2"])
    }
  }

  @Test("a map goes with the conditions that made it; ids and pages may differ")
  func conditions() async throws {
    try await withTestTenant { client in
      try await fill(client)
      let made = try await client.send("GET", "entities?type=Car&q=speed%3E10&entityMap=true")
      let map = try #require(made["NGSILD-EntityMap"])
      for query in ["type=Car", "type=Car&q=speed%3E11", "type=Bus&q=speed%3E10"] {
        let refused = try await client.send("GET", "entities?\(query)", headers: using(map))
        #expect(refused.errorType == "BadRequestData", "\(query)")
      }
      let narrowed = try await client.send(
        "GET", "entities?q=speed%3E10.0&type=Car&id=urn:x:3,urn:x:1", headers: using(map))
      #expect(narrowed.ids == ["urn:x:3"])
      // What was not asked for has not left the map.
      let all = try await client.send("GET", "entities?type=Car&q=speed%3E10", headers: using(map))
      #expect(all.ids == ["urn:x:2", "urn:x:3", "urn:x:4", "urn:x:5"])
    }
  }

  @Test("a reference to a map that is no more makes a new one, and is not repeated")
  func unknown() async throws {
    try await withTestTenant { client in
      try await fill(client)
      let dead = "/ngsi-ld/v1/entityMaps/urn:ngsi-ld:EntityMap:none"
      let response = try await client.send("GET", "entities?type=Car", headers: using(dead))
      #expect(response.status == 201)
      let map = try #require(response["NGSILD-EntityMap"])
      #expect(response.all("NGSILD-EntityMap").count == 1)
      #expect(map != dead)
      let retrieved = try await client.send("GET", "entities/urn:x:1", headers: using(dead))
      #expect(retrieved.status == 200)
      #expect(retrieved["NGSILD-EntityMap"].map { $0 != dead } == true)
    }
  }

  @Test("a retrieval makes a map of one, and finds only what the map that it names holds")
  func retrieval() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client)
      let made = try await client.send("GET", "entities/urn:x:1?entityMap=true")
      #expect(made.status == 200)
      let map = try #require(made["NGSILD-EntityMap"])
      #expect(try await client.send("GET", map).json.mapped == ["urn:x:1"])
      let id = String(map.split(separator: "/").last ?? "")
      for reference in [map, id, "http://broker.example\(map)"] {
        let found = try await client.send("GET", "entities/urn:x:1", headers: using(reference))
        #expect(found.status == 200)
        #expect(found["NGSILD-EntityMap"] == reference)
      }
      let other = try await client.send("GET", "entities/urn:x:2", headers: using(map))
      #expect(other.status == 404)
    }
  }

  @Test("temporal queries have maps of their own")
  func temporal() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client, count: 3)
      let window = "timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=createdAt"
      let refused = try await client.send("GET", "temporal/entityMaps?type=Car")
      #expect(refused.errorType == "BadRequestData")
      let made = try await client.send("GET", "temporal/entityMaps?type=Car&\(window)")
      #expect(made.status == 201)
      #expect(made.json.mapped == ["urn:x:1", "urn:x:2", "urn:x:3"])
      let none = try await client.send(
        "GET",
        "temporal/entityMaps?type=Car&timerel=before&timeAt=2020-01-01T00:00:00Z"
          + "&timeproperty=createdAt")
      #expect(none.json.mapped == [])
      let first = try await client.send(
        "GET", "temporal/entities?type=Car&\(window)&entityMap=true&limit=1")
      #expect(first.status == 201)
      let map = try #require(first["NGSILD-EntityMap"])
      try await client.create(entity("urn:x:4", "Car", #""speed":1"#))
      #expect(try await client.send("DELETE", "temporal/entities/urn:x:2").status == 204)
      let rest = try await client.send(
        "GET", "temporal/entities?type=Car&\(window)&limit=5&offset=1&count=true",
        headers: using(map))
      #expect(rest.status == 200)
      #expect(rest.ids == ["urn:x:3"])
      #expect(rest["NGSILD-Results-Count"] == "2")
      #expect(try await client.send("GET", map).json.mapped == ["urn:x:1", "urn:x:3"])
      let one = try await client.send("GET", "temporal/entities/urn:x:1?entityMap=true")
      #expect(one.status == 200)
      #expect(one["NGSILD-EntityMap"] != nil)
      let table = try await client.send(
        "GET", "temporal/entities/urn:x:1?entityMap=true", headers: [("Accept", "text/csv")])
      #expect(table["NGSILD-EntityMap"] != nil)
    }
  }

  @Test("only the expiry of a map can be changed, within bounds; then it is gone")
  func lifetime() async throws {
    try await withTestTenant(.socket) { client in
      try await fill(client, count: 1)
      let now = DateTime.now
      let made = try await client.send("GET", "entityMaps?type=Car&entityMapLifetime=P3650D")
      let map = try #require(made["NGSILD-EntityMap"])
      let expiresAt = try DateTime(parsing: made.json["expiresAt"]?.string ?? "", of: "a test")
      #expect(expiresAt < now.advanced(byMonths: 12))
      let forged = #"{"expiresAt":"2099-01-01T00:00:00Z","entityMap":{"urn:x:9":["@none"]}}"#
      #expect(try await client.send("PATCH", map, forged).status == 204)
      let shown = try await client.send("GET", map).json
      #expect(shown.mapped == ["urn:x:1"])
      #expect(shown["expiresAt"]?.string ?? "" < "2099")
      #expect(try await client.send("PATCH", map, #"{"expiresAt":"soon"}"#).status == 400)
      #expect(try await client.send("PATCH", map, "{}").status == 204)
      let past = #"{"expiresAt":"2000-01-01T00:00:00Z"}"#
      #expect(try await client.send("PATCH", map, past).status == 204)
      for method in ["GET", "DELETE"] {
        #expect(try await client.send(method, map).status == 404)
      }
      let tenant = try await client.tenantNumber()
      try await client.broker.housekeep(until: "the map and its entries are removed") {
        try await client.query(
          """
          SELECT (SELECT count(*) FROM entity_map WHERE tenant = \(tenant))
            + (SELECT count(*) FROM entity_map_entry WHERE tenant = \(tenant))
          """)[0][0].int == 0
      }
    }
  }

  @Test("maps belong to their tenant, and are deleted once")
  func deletion() async throws {
    try await withTestTenant { client in
      try await fill(client, count: 1)
      let made = try await client.send("GET", "entities?type=Car&entityMap=true")
      let map = try #require(made["NGSILD-EntityMap"])
      try await withTestTenant { other in
        try await fill(other, count: 1)
        #expect(try await other.send("GET", map).status == 404)
        #expect(try await other.send("DELETE", map).status == 404)
      }
      #expect(try await client.send("DELETE", map).status == 204)
      #expect(try await client.send("DELETE", map).status == 404)
      for method in ["GET", "DELETE"] {
        let refused = try await client.send(method, "entityMaps/not%20a%20uri")
        #expect(refused.errorType == "BadRequestData")
      }
    }
  }

  @Test("a purge is restricted to the map that it names")
  func purge() async throws {
    try await withTestTenant { client in
      try await fill(client, count: 2)
      let made = try await client.send("GET", "entities?type=Car&entityMap=true")
      let map = try #require(made["NGSILD-EntityMap"])
      try await client.create(entity("urn:x:9", "Car"))
      #expect(
        try await client.send("DELETE", "entities?type=Car", headers: using(map)).status == 204)
      #expect(try await client.send("GET", "entities?type=Car").ids == ["urn:x:9"])
      #expect(try await client.send("DELETE", map).status == 204)
      #expect(
        try await client.send("DELETE", "entities?type=Car", headers: using(map)).status == 404)
      #expect(try await client.send("GET", "entities?type=Car").ids == ["urn:x:9"])
    }
  }

  @Test(
    "what is wrong is refused",
    arguments: [
      ("entityMaps?id=urn:x:1", "BadRequestData"),
      ("entityMaps?type=Car&entityMapLifetime=1hour", "BadRequestData"),
      ("entities?type=Car&entityMap=1", "BadRequestData"),
      ("entityMaps?type=Car&other=1", "InvalidRequest"),
    ])
  func refusals(target: String, type: String) async throws {
    try await withTestTenant { client in
      try await fill(client, count: 1)
      #expect(try await client.send("GET", target).errorType == type)
    }
  }

  @Test("long maps are shown whole")
  func long() async throws {
    try await withTestTenant(.socket) { client in
      for start in [0, 1500, 3000] {
        let entities = (start..<start + 1500).map { entity("urn:x:\($0)", "Car") }
        let batch = "[" + entities.joined(separator: ",") + "]"
        _ = try await client.send("POST", "entityOperations/create", batch)
      }
      let made = try await client.send("GET", "entityMaps?type=Car")
      #expect(made.json["entityMap"]?.count == 4500)
    }
  }

  private func using(_ map: String) -> [(name: String, value: String)] {
    [("NGSILD-EntityMap", map)]
  }
}

extension JSONValue {
  /// The ids in an EntityMap.
  fileprivate var mapped: [String]? { self["entityMap"]?.members.compactMap(\.name.string) }
}
