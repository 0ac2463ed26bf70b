import JSON
import TestSupport
import Testing

@Suite("EntityMaps over Context Sources (4.3.6.7, 5.14)")
struct DistributedEntityMapTests {
  private static let rooms = #""entities": [{"type": "Room"}]"#

  private func map(
    _ client: TestClient, _ reference: String?
  ) async throws -> JSONValue {
    let reader = TestClient(client.broker, .socket, tenant: client.tenant)
    return try await reader.send("GET", try #require(reference)).json
  }

  private func using(_ map: String?) -> [(name: String, value: String)] {
    map.map { [("NGSILD-EntityMap", $0)] } ?? []
  }

  /// A hub with three Entities, one of which is at a source too, and one that is there alone.
  private func withRooms(
    _ operations: String,
    _ body: (_ hub: TestClient, _ source: TestClient) async throws -> Void
  ) async throws {
    try await Federation.run { federation in
      let members = #", "operations": [\#(operations)]"#
      try await federation.source("a", Self.rooms, members) { source in
        for (number, value) in [(1, 10), (2, 20), (3, 30)] {
          let created = try await federation.hub.send(
            "POST", "entities?local=true",
            entity("urn:x:\(number)", "Room", #""size":\#(value)"#))
          #expect(created.status == 201)
        }
        try await source.create(
          entity("urn:x:2", "Room", #""size":20,"name":"y""#),
          entity("urn:x:4", "Room", #""size":40"#), entity("urn:x:5", "Room", #""size":5"#))
        try await body(federation.hub, source)
      }
    }
  }

  @Test(
    "a map names who has each Entity, and the map that a source has made",
    arguments: [(#""federationOps""#, 1), (#""queryEntity""#, 0)])
  func creation(operations: String, linked: Int) async throws {
    try await withRooms(operations) { hub, source in
      let made = try await hub.send("GET", "entities?type=Room&q=size>5&entityMap=true&limit=2")
      #expect(made.status == 201)
      #expect(made.ids == ["urn:x:1", "urn:x:2"])
      let map = try await map(hub, made["NGSILD-EntityMap"])
      #expect(
        map["entityMap"]
          == json(
            """
            {"urn:x:1":["@none"],"urn:x:2":["@none","urn:r:a"],"urn:x:3":["@none"],
             "urn:x:4":["urn:r:a"]}
            """))
      #expect(map["linkedMaps"]?.count == linked)
      if let own = map["linkedMaps"]?["urn:r:a"]?.string {
        let there = try await self.map(source, "entityMaps/\(own)")
        #expect(there["entityMap"]?.count == 2)
      }
      let shown = try await hub.send("GET", "entityMaps?type=Room&q=size>5")
      #expect(shown.status == 201)
    }
  }

  @Test(
    "pages hold what was there when the map was made and still fits",
    arguments: [#""federationOps""#, #""queryEntity""#, #""queryBatch""#])
  func paging(operations: String) async throws {
    try await withRooms(operations) { hub, source in
      let query = "entities?type=Room&q=size>5"
      let made = try await hub.send("GET", "\(query)&entityMap=true&limit=1")
      let map = made["NGSILD-EntityMap"]
      try await source.create(entity("urn:x:6", "Room", #""size":60"#))
      _ = try await source.send("PATCH", "entities/urn:x:4/attrs", #"{"size":1}"#)
      _ = try await hub.send("DELETE", "entities/urn:x:3?local=true")
      var ids: [String] = []
      for offset in 0...2 {
        let page = try await hub.send(
          "GET", "\(query)&limit=1&offset=\(offset)", headers: using(map))
        #expect(page.status == 200)
        #expect(page["NGSILD-EntityMap"] == map)
        ids += page.ids
        #expect(page.all("Link").contains { $0.contains("next") } == (offset == 0))
        for entity in page.json.elements where entity["id"]?.isString("urn:x:2") ?? false {
          #expect(entity["name"] != nil)
        }
      }
      #expect(ids == ["urn:x:1", "urn:x:2"])
      let all = try await hub.send("GET", "\(query)&count=true&limit=0", headers: using(map))
      #expect(all["NGSILD-Results-Count"] == "2")
      #expect(try await self.map(hub, map)["entityMap"]?.count == 2)
      let narrowed = try await hub.send("GET", "\(query)&id=urn:x:2", headers: using(map))
      #expect(narrowed.ids == ["urn:x:2"])
    }
  }

  @Test("of a source that does not answer, nobody knows whether its Entities still fit")
  func silence() async throws {
    try await ContextServer.run { server, address in
      let path = "/ngsi-ld/v1/entities"
      let found = #"[{"id":"urn:x:7","type":"Room"}]"#
      server.set(path, found)
      try await Federation.run { federation in
        try await federation.register(
          "a", Self.rooms, endpoint: address, #", "operations": ["queryEntity"]"#)
        let hub = federation.hub
        for id in ["urn:x:1", "urn:x:2"] {
          _ = try await hub.send("POST", "entities?local=true", entity(id, "Room"))
        }
        let query = "entities?type=Room"
        let map = try await hub.send("GET", "\(query)&entityMap=true")["NGSILD-EntityMap"]
        server.set(path, "{}", status: 500)
        let without = try await hub.send("GET", query, headers: using(map))
        #expect(without.ids == ["urn:x:1", "urn:x:2"])
        #expect(without.all("NGSILD-Warning").count == 1)
        server.set(path, found)
        let again = try await hub.send("GET", query, headers: using(map))
        #expect(again.ids == ["urn:x:1", "urn:x:2", "urn:x:7"])
        server.set(path, "[]")
        _ = try await hub.send("GET", query, headers: using(map))
        #expect(try await self.map(hub, map)["entityMap"]?.count == 2)
      }
    }
  }

  @Test("conditions on split Entities are looked at anew for each page")
  func split() async throws {
    try await withRooms(#""federationOps""#) { hub, source in
      let query = "entities?type=Room&q=size==20;name==%22y%22&splitEntities=true"
      let made = try await hub.send("GET", "\(query)&entityMap=true")
      #expect(made.ids == ["urn:x:2"])
      let map = made["NGSILD-EntityMap"]
      _ = try await source.send("PATCH", "entities/urn:x:2/attrs", #"{"name":"z"}"#)
      #expect(try await hub.send("GET", query, headers: using(map)).ids == [])
    }
  }

  @Test(
    "temporal queries have maps over sources, too",
    arguments: ["", #", "createEntityMapQueryTemporal""#])
  func temporal(operation: String) async throws {
    try await withRooms(#""retrieveTemporal", "queryTemporal"\#(operation)"#) { hub, source in
      let query =
        "temporal/entities?type=Room&timerel=after&timeAt=2020-01-01T00:00:00Z"
        + "&timeproperty=createdAt&q=size>5"
      let made = try await hub.send("GET", "\(query)&entityMap=true&limit=2")
      #expect(made.status == 201)
      let map = made["NGSILD-EntityMap"]
      #expect(made.ids == ["urn:x:1", "urn:x:2"])
      #expect(try await self.map(hub, map)["entityMap"]?.count == 4)
      #expect(
        try await self.map(hub, map)["linkedMaps"]?.count == (operation.isEmpty ? 0 : 1))
      try await source.create(entity("urn:x:6", "Room", #""size":60"#))
      let rest = try await hub.send("GET", "\(query)&limit=2&offset=2", headers: using(map))
      #expect(rest.status == 200)
      #expect(rest.ids == ["urn:x:3", "urn:x:4"])
      let sizes = rest.json.elements.map { $0.values(of: "size") }
      #expect(sizes == [["30"], ["40"]])
      let count = try await hub.send("GET", "\(query)&count=true&limit=0", headers: using(map))
      #expect(count["NGSILD-Results-Count"] == "4")
    }
  }

  @Test("a retrieval makes a map that names who has the Entity")
  func retrieval() async throws {
    try await withRooms(#""federationOps", "retrieveTemporal""#) { hub, _ in
      for (path, expected) in [
        ("entities/urn:x:2", #"{"urn:x:2":["@none","urn:r:a"]}"#),
        ("temporal/entities/urn:x:4", #"{"urn:x:4":["urn:r:a"]}"#),
      ] {
        let made = try await hub.send("GET", "\(path)?entityMap=true")
        #expect(made.status == 200)
        #expect(try await map(hub, made["NGSILD-EntityMap"])["entityMap"] == json(expected))
      }
    }
  }

  @Test("the maps of sources expire and go with ours")
  func expiry() async throws {
    try await withRooms(#""federationOps""#) { hub, source in
      let made = try await hub.send("GET", "entities?type=Room&entityMap=true")
      let reference = try #require(made["NGSILD-EntityMap"])
      let linked = try await map(hub, reference)["linkedMaps"]?["urn:r:a"]?.string
      let own = "entityMaps/\(try #require(linked))"
      let patched = try await hub.send(
        "PATCH", reference, #"{"expiresAt":"2099-01-01T00:00:00Z"}"#)
      #expect(patched.status == 204)
      #expect(
        try await map(hub, reference)["expiresAt"] == map(source, own)["expiresAt"])
      #expect(try await hub.send("DELETE", reference).status == 204)
      #expect(try await source.send("GET", own).status == 404)
    }
  }

  @Test("an order is refused where sources would have to keep it")
  func ordering() async throws {
    try await withRooms(#""federationOps""#) { hub, _ in
      let refused = try await hub.send("GET", "entities?type=Room&orderBy=size&entityMap=true")
      #expect(refused.status == 400)
    }
  }
}
