import JSON
import TestSupport
import Testing

/// `é` in one code point and in two are different names, which `String` takes for the same.
@Suite("Names in different Unicode normal forms")
struct NormalFormTests {
  private static let one = "\u{e9}"
  private static let two = "e\u{301}"
  private static let ids = ["urn:x:\(one)", "urn:x:\(two)"]

  private static func batch(_ values: [Int]) -> String {
    "[\(zip(ids, values).map { entity($0, "Room", #""level":\#($1)"#) }.joined(separator: ","))]"
  }

  private func levels(_ client: TestClient, _ query: String = "") async throws -> [[UInt8]: Int] {
    let found = try await client.send("GET", "entities?type=Room&format=simplified\(query)").json
    return Dictionary(
      uniqueKeysWithValues: found.elements.map {
        (Array(($0["id"]?.string ?? "").utf8), $0["level"]?.integer ?? 0)
      })
  }

  private func expected(_ values: [Int]) -> [[UInt8]: Int] {
    Dictionary(uniqueKeysWithValues: zip(Self.ids.map { Array($0.utf8) }, values))
  }

  @Test("ids are those of two Entities, in one batch too")
  func ids() async throws {
    try await withTestTenant { client in
      let created = try await client.send("POST", "entityOperations/create", Self.batch([1, 2]))
      #expect(created.json.elements.count { _ in true } == 2)
      #expect(try await levels(client) == expected([1, 2]))
      #expect(try await levels(client, "&id=urn:x:%C3%A9,urn:x:e%CC%81") == expected([1, 2]))
      _ = try await client.send("POST", "entityOperations/upsert", Self.batch([3, 4]))
      #expect(try await levels(client) == expected([3, 4]))
      let all = "[\(Self.ids.map { #""\#($0)""# }.joined(separator: ","))]"
      #expect(try await client.send("POST", "entityOperations/delete", all).status == 204)
      #expect(try await levels(client).isEmpty)
    }
  }

  @Test("names are those of two Attributes, in history, queries and discovery too")
  func names() async throws {
    try await withTestTenant { client in
      try await client.create(
        entity("urn:x:1", "Room", #""p\#(Self.one)":1,"p\#(Self.two)":2"#))
      let changed = try await client.send(
        "PATCH", "entities/urn:x:1/attrs", #"{"p\#(Self.two)":5}"#)
      #expect(changed.status == 204)
      let found = try #require(try await client.simplified("entities/urn:x:1"))
      #expect(found[named: "p\(Self.one)"]?.integer == 1)
      #expect(found[named: "p\(Self.two)"]?.integer == 5)
      let history = try await client.send(
        "GET", "temporal/entities/urn:x:1?timeproperty=createdAt&format=temporalValues"
      ).json
      for (name, count) in [("p\(Self.one)", 1), ("p\(Self.two)", 2)] {
        #expect(history[named: name]?["values"]?.elements.count { _ in true } == count)
      }
      for (query, count) in [("p%C3%A9==1", 1), ("p%C3%A9==5", 0), ("pe%CC%81==5", 1)] {
        let answer = try await client.send("GET", "entities?type=Room&q=\(query)")
        #expect(answer.ids.count == count, "\(query): \(answer.text)")
      }
      let attributes = try await client.send("GET", "attributes").json
      #expect(attributes["attributeList"]?.elements.count { _ in true } == 2)
    }
  }

  @Test("datasetIds are those of two instances")
  func datasets() async throws {
    try await withTestTenant { client in
      let instances = [Self.one, Self.two].map {
        #"{"type":"Property","value":1,"datasetId":"urn:d:\#($0)"}"#
      }
      try await client.create(
        entity("urn:x:1", "Room", #""level":[\#(instances.joined(separator: ","))]"#))
      let deleted = try await client.send(
        "DELETE", "entities/urn:x:1/attrs/level?datasetId=urn:d:e%CC%81")
      #expect(deleted.status == 204)
      let left = try await client.send("GET", "entities/urn:x:1").json["level"]?["datasetId"]
      #expect(left?.string.map { Array($0.utf8) } == Array("urn:d:\(Self.one)".utf8))
    }
  }

  @Test("terms of a context are two, and registrations are")
  func terms() async throws {
    try await withTestTenant { client in
      let terms = #"{"p\#(Self.one)":"https://e.org/1","p\#(Self.two)":"https://e.org/2"}"#
      let room = #"""
        {"id":"urn:x:1","type":"Room","p\#(Self.one)":1,"p\#(Self.two)":2,"@context":\#(terms)}
        """#
      let created = try await client.send(
        "POST", "entities", room, headers: [("Content-Type", "application/ld+json")])
      #expect(created.status == 201)
      let stored = try await client.simplified("entities/urn:x:1")
      #expect(stored?["https://e.org/1"]?.integer == 1)
      #expect(stored?["https://e.org/2"]?.integer == 2)
      for id in Self.ids {
        let registration = #"""
          {"id":"\#(id)","type":"ContextSourceRegistration","endpoint":"http://127.0.0.1:9",
          "information":[{"entities":[{"type":"Room"}]}]}
          """#
        let answer = try await client.send("POST", "csourceRegistrations", registration)
        #expect(answer.status == 201, "\(answer.text)")
      }
      #expect(try await client.send("GET", "entities?type=Room&local=true").status == 200)
      #expect(try await client.send("GET", "entities?type=Room").status == 200)
      #expect(try await client.send("GET", "csourceRegistrations?type=Room").ids.count == 2)
    }
  }

  @Test("tenants are two, each with its own data")
  func tenants() async throws {
    let broker = try await TestBroker.shared()
    let name = newTenantName()
    let clients = [Self.one, Self.two].map { TestClient(broker, tenant: "\(name)\($0)") }
    for (level, client) in clients.enumerated() {
      try await client.create(entity("urn:x:1", "Room", #""level":\#(level)"#))
    }
    for (level, client) in clients.enumerated() {
      #expect(try await client.simplified("entities/urn:x:1")?["level"]?.integer == level)
    }
    for client in clients { try await client.removeTenant() }
  }

  @Test("scopes are two, and a change from one to the other is one")
  func scopes() async throws {
    try await withTestTenant { client in
      func count(_ scope: String) async throws -> Int {
        try await client.send("GET", "entities?type=Room&scopeQ=/\(scope)").ids.count
      }
      let both = #""scope":["/\#(Self.one)","/\#(Self.two)"]"#
      try await client.create(entity("urn:x:1", "Room", both))
      #expect(try await client.simplified("entities/urn:x:1")?["scope"]?.count == 2)
      try await client.create(entity("urn:x:2", "Room", #""scope":"/\#(Self.one)""#))
      let history = try await client.historyCount()
      let second = #""scope":"/\#(Self.two)""#
      _ = try await client.send("PATCH", "entities/urn:x:2/attrs", "{\(second)}")
      #expect(try await client.historyCount() == history + 1)
      #expect(try await count("%C3%A9") == 1)
      #expect(try await count("e%CC%81") == 2)
      try await client.create(entity("urn:x:3", "Room", #""scope":"/\#(Self.one)""#))
      let appended = try await client.send(
        "POST", "entities/urn:x:3/attrs?options=noOverwrite", "{\(second)}")
      #expect(appended.status < 300)
      #expect(try await count("e%CC%81") == 3)
      #expect(try await count("%C3%A9") == 2)
    }
  }

  @Test("a scope of the history becomes the current one")
  func recordedScope() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "Room", #""scope":"/\#(Self.one)""#))
      let scope = #"[{"type":"Property","value":"/\#(Self.two)"}]"#
      try await client.record(#"{"id":"urn:x:1","type":"Room","scope":\#(scope)}"#)
      #expect(try await client.send("GET", "entities?type=Room&scopeQ=/e%CC%81").ids.count == 1)
    }
  }

  @Test("each Attribute is among those that were written, or left alone")
  func updateResult() async throws {
    try await withTestTenant { client in
      let old = #""p\#(Self.one)":1,"p\#(Self.two)":2"#
      let new = #""q\#(Self.one)":1,"q\#(Self.two)":2"#
      try await client.create(entity("urn:x:1", "Room", old))
      let result = try await client.send(
        "POST", "entities/urn:x:1/attrs?options=noOverwrite", "{\(old),\(new)}")
      #expect(result.status == 207)
      #expect(result.json["updated"]?.count == 2, "\(result.text)")
      #expect(result.json["notUpdated"]?.count == 2, "\(result.text)")
    }
  }

  @Test("conditions of an EntityMap are two")
  func conditions() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "Room", #""name":"\#(Self.one)""#))
      let made = try await client.send(
        "GET", "entities?type=Room&q=name==%22%C3%A9%22&entityMap=true")
      let map = [(name: "NGSILD-EntityMap", value: try #require(made["NGSILD-EntityMap"]))]
      for (value, status) in [("%C3%A9", 200), ("e%CC%81", 400)] {
        let answer = try await client.send(
          "GET", "entities?type=Room&q=name==%22\(value)%22", headers: map)
        #expect(answer.status == status, "\(answer.text)")
      }
    }
  }
}
