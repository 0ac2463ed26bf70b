import JSON
import TestSupport
import Testing

/// A change of the Entity `room`: the request, its status and what is stored afterwards.
struct Change: Sendable, CustomTestStringConvertible {
  let title: String
  let method: String
  let target: String
  let body: String?
  let status: Int
  /// Members of the simplified Entity that differ from `simplifiedRoom`; `nil` for those gone.
  let after: [String: String?]
  /// Rows of history that the change writes.
  let history: Int

  init(
    _ title: String, _ method: String, _ target: String, _ body: String? = nil, status: Int = 204,
    after: [String: String?], history: Int
  ) {
    self.title = title
    self.method = method
    self.target = target
    self.body = body
    self.status = status
    self.after = after
    self.history = history
  }

  var testDescription: String { title }

  static let all: [Change] = [
    Change(
      "append adds an Attribute", "POST", "\(roomPath)/attrs",
      #"{"humidity":{"type":"Property","value":40}}"#, after: ["humidity": "40"], history: 1),
    Change(
      "append overwrites by default", "POST", "\(roomPath)/attrs",
      #"{"temperature":{"type":"Property","value":21}}"#, after: ["temperature": "21"], history: 1),
    Change(
      "append with noOverwrite leaves what exists alone", "POST",
      "\(roomPath)/attrs?options=noOverwrite", #"{"temperature":21,"humidity":40}"#, status: 207,
      after: ["humidity": "40"], history: 1),
    Change(
      "append adds a type", "POST", "\(roomPath)/attrs", #"{"type":"Office","humidity":1}"#,
      after: ["type": #"["Room","Office"]"#, "humidity": "1"], history: 1),
    Change(
      "append adds an instance with a datasetId", "POST", "\(roomPath)/attrs",
      #"{"label":{"type":"Property","value":"C","datasetId":"urn:ngsi-ld:Dataset:c"}}"#,
      after: [
        "label": """
        {"dataset":{"@none":"A","urn:ngsi-ld:Dataset:b":"B","urn:ngsi-ld:Dataset:c":"C"}}
        """
      ], history: 1),
    Change(
      "update replaces an Attribute", "PATCH", "\(roomPath)/attrs",
      #"{"temperature":{"type":"Property","value":22}}"#, after: ["temperature": "22"], history: 1),
    Change(
      "update reads merge-patch bodies as JSON", "PATCH", "\(roomPath)/attrs",
      #"{"temperature":23}"#, after: ["temperature": "23"], history: 1),
    Change(
      "update deletes by the NGSI-LD Null", "PATCH", "\(roomPath)/attrs",
      #"{"temperature":"urn:ngsi-ld:null"}"#, after: ["temperature": nil], history: 1),
    Change(
      "update replaces the scope", "PATCH", "\(roomPath)/attrs", #"{"scope":["/X","/Y"]}"#,
      after: ["scope": #"["/X","/Y"]"#], history: 1),
    Change(
      "partial update changes the value and keeps the rest", "PATCH",
      "\(roomPath)/attrs/temperature", #"{"value":24}"#, after: ["temperature": "24"], history: 1),
    Change(
      "partial update reaches one instance", "PATCH", "\(roomPath)/attrs/label",
      #"{"value":"BB","datasetId":"urn:ngsi-ld:Dataset:b"}"#,
      after: ["label": #"{"dataset":{"@none":"A","urn:ngsi-ld:Dataset:b":"BB"}}"#], history: 1),
    Change(
      "replace puts a new Attribute in place", "PUT", "\(roomPath)/attrs/temperature",
      #"{"type":"Property","value":"cold"}"#, after: ["temperature": #""cold""#], history: 1),
    Change(
      "replace takes a concise Relationship", "PUT", "\(roomPath)/attrs/inBuilding",
      #"{"object":"urn:ngsi-ld:Building:2"}"#,
      after: ["inBuilding": #""urn:ngsi-ld:Building:2""#], history: 1),
    Change(
      "delete removes the default instance", "DELETE", "\(roomPath)/attrs/label",
      after: ["label": #""B""#], history: 1),
    Change(
      "delete removes one instance", "DELETE",
      "\(roomPath)/attrs/label?datasetId=urn:ngsi-ld:Dataset:b", after: ["label": #""A""#],
      history: 1),
    Change(
      "delete removes all instances", "DELETE", "\(roomPath)/attrs/label?deleteAll=true",
      after: ["label": nil], history: 2),
    Change(
      "delete removes a GeoProperty", "DELETE", "\(roomPath)/attrs/location",
      after: ["location": nil], history: 1),
    Change(
      "delete removes the scope", "DELETE", "\(roomPath)/attrs/scope", after: ["scope": nil],
      history: 1),
    Change(
      "a matching type guards", "DELETE", "\(roomPath)/attrs/location?type=Room",
      after: ["location": nil], history: 1),
    Change(
      "replace of the Entity leaves only what is new", "PUT", roomPath,
      #"{"type":"Room","temperature":1}"#,
      after: [
        "temperature": "1", "label": nil, "inBuilding": nil, "location": nil, "scope": nil,
      ], history: 6),
    Change(
      "replace of the Entity sets its types", "PUT", roomPath,
      #"{"id":"urn:ngsi-ld:Room:1","type":["Lab","Room"],"temperature":1}"#,
      after: [
        "type": #"["Lab","Room"]"#, "temperature": "1", "label": nil, "inBuilding": nil,
        "location": nil, "scope": nil,
      ], history: 6),
    Change(
      "batch update appends", "POST", "entityOperations/update",
      #"[{"id":"urn:ngsi-ld:Room:1","humidity":5}]"#, after: ["humidity": "5"], history: 1),
    Change(
      "batch update applies repeated ids in order", "POST", "entityOperations/update",
      #"[{"id":"urn:ngsi-ld:Room:1","n":1},{"id":"urn:ngsi-ld:Room:1","n":2}]"#,
      after: ["n": "2"], history: 2),
    Change(
      "batch update with noOverwrite reports what exists", "POST",
      "entityOperations/update?options=noOverwrite",
      #"[{"id":"urn:ngsi-ld:Room:1","temperature":5,"n":1}]"#, status: 207, after: ["n": "1"],
      history: 1),
    Change(
      "batch upsert replaces by default", "POST", "entityOperations/upsert",
      #"[{"id":"urn:ngsi-ld:Room:1","type":"Room","n":1}]"#,
      after: [
        "n": "1", "temperature": nil, "label": nil, "inBuilding": nil, "location": nil,
        "scope": nil,
      ], history: 7),
    Change(
      "batch upsert with update keeps the rest", "POST", "entityOperations/upsert?options=update",
      #"[{"id":"urn:ngsi-ld:Room:1","type":"Room","n":1}]"#, after: ["n": "1"], history: 1),
    Change(
      "batch upsert creates and updates", "POST", "entityOperations/upsert?options=update",
      #"[{"id":"urn:ngsi-ld:Room:2","type":"Room","n":1},{"id":"urn:ngsi-ld:Room:1","type":"Room","n":1}]"#,
      status: 201, after: ["n": "1"], history: 2),
  ]

  /// The simplified Entity that is expected afterwards.
  var expected: JSONValue {
    var members: [(name: String, value: String)] = json(simplifiedRoom).members.compactMap {
      name, value in
      let name = name.string ?? ""
      guard let changed = after[name] else { return (name, value.rawText) }
      return changed.map { (name, $0) }
    }
    for (name, value) in after where !members.contains(where: { $0.name == name }) {
      if let value { members.append((name, value)) }
    }
    return json("{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}")
  }
}

@Suite("Provision of Entities")
struct ProvisionTests {
  @Test("a change is stored and written to the history", arguments: Change.all, Transport.allCases)
  func change(_ change: Change, _ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      try await client.create(room)
      let before = try await client.historyCount()
      let response = try await client.send(change.method, change.target, change.body)
      #expect(response.status == change.status, "\(response.text)")
      #expect(try await client.simplified() == change.expected)
      #expect(try await client.historyCount() - before == change.history)
      if change.status == 204 { #expect(response.body.isEmpty) }
    }
  }

  @Test("a new Entity has a Location and comes back as it was given", arguments: Transport.allCases)
  func creation(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let created = try await client.send("POST", "entities", room)
      #expect(created.status == 201)
      #expect(created["Location"] == "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1")
      #expect(created.body.isEmpty)
      let retrieved = try await client.send("GET", roomPath)
      #expect(retrieved.status == 200)
      #expect(retrieved.json == json(room))
      #expect(retrieved["Content-Type"] == "application/json")
      #expect(retrieved["Link"]?.contains("ngsi-ld-core-context") == true)
      #expect(retrieved["NGSILD-Tenant"] == client.tenant)
    }
  }

  @Test("an Entity that was deleted is gone, and can be created anew")
  func deletion() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      #expect(try await client.send("DELETE", roomPath).status == 204)
      #expect(try await client.send("GET", roomPath).status == 404)
      #expect(try await client.send("DELETE", roomPath).status == 404)
      #expect(try await client.send("GET", "entities?type=Room").json == json("[]"))
      #expect(
        try await client.send(
          "GET", "entities?georel=near;maxDistance==10&geometry=Point&coordinates=[13.4,52.5]"
        ).json == json("[]"))
      try await client.create(entity("urn:ngsi-ld:Room:1", "Room", #""n":1"#))
      let anew = try #require(try await client.simplified())
      #expect(anew == json(entity("urn:ngsi-ld:Room:1", "Room", #""n":1"#)))
    }
  }

  @Test("whatever becomes of an Entity, queries know which Attributes it has")
  func names() async throws {
    try await withTestTenant { client in
      func found(_ attribute: String) async throws -> [String] {
        try await client.send("GET", "entities?type=A&attrs=\(attribute)").ids
      }
      let past = "2020-01-01T00:00:00Z"
      try await client.create(entity("urn:x:1", "A", #""p":1,"q":1"#))
      for (method, target, body, names) in [
        ("PATCH", "entities/urn:x:1/attrs", #"{"p":2}"#, "pq"),
        ("POST", "entities/urn:x:1/attrs", #"{"r":1}"#, "pqr"),
        ("DELETE", "entities/urn:x:1/attrs/p", nil, "qr"),
        ("PUT", "entities/urn:x:1", entity("urn:x:1", "A", #""p":1,"r":1"#), "pr"),
        ("DELETE", "entities/urn:x:1", nil, ""),
        ("POST", "entities", entity("urn:x:1", "A", #""p":1,"r":1"#), "pr"),
        (
          "POST", "entities/urn:x:1/attrs",
          #"{"q":{"type":"Property","value":1,"expiresAt":"\#(past)"}}"#, "pr"
        ),
        ("PATCH", "entities/urn:x:1/attrs", #"{"p":3,"r":2}"#, "pr"),
        ("PATCH", "entities/urn:x:1", #"{"expiresAt":"\#(past)"}"#, ""),
        ("POST", "entities", entity("urn:x:1", "A", #""q":1"#), "q"),
      ] as [(String, String, String?, String)] {
        let response = try await client.send(method, target, body)
        #expect(200..<300 ~= response.status, "\(response.text)")
        for name in ["p", "q", "r"] {
          #expect(
            try await found(name) == (names.contains(name) ? ["urn:x:1"] : []),
            "\(name) after \(method) \(target)")
        }
      }
    }
  }

  @Test("createdAt stays and modifiedAt moves")
  func timestamps() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let before = try #require(try await client.stored())
      _ = try await client.send("PATCH", "\(roomPath)/attrs", #"{"temperature":1}"#)
      let after = try #require(try await client.stored())
      #expect(before["createdAt"] == after["createdAt"])
      let old = before["temperature"]?["createdAt"]
      #expect(old != nil && old == after["temperature"]?["createdAt"])
      #expect(before["label"] == after["label"])
      let modified = try #require(after["modifiedAt"]?.string)
      #expect(modified == after["temperature"]?["modifiedAt"]?.string)
      #expect(modified >= before["modifiedAt"]?.string ?? "~")
    }
  }

  @Test("values come back with the text that they were given in")
  func text() async throws {
    let values = [
      "1.0", "1e2", "-0", "12345678901234567890", "0.1", "\"é\u{1F600}\\n\"",
      "[1,[2,[3]]]", "{\"b\":1,\"a\":{\"@type\":\"x\"}}", "true", "[]", "{}", "\"\"",
      "\"2026-01-01T00:00:00.100Z\"",
    ]
    try await withTestTenant { client in
      for (index, value) in values.enumerated() {
        let id = "urn:ngsi-ld:V:\(index)"
        try await client.create(entity(id, "V", #""a":{"type":"Property","value":\#(value)}"#))
        let stored = try await client.send("GET", "entities/\(id)").json["a"]?["value"]
        #expect(stored?.rawText == value)
      }
    }
  }

  @Test("an Entity past its expiresAt is gone, also for queries and geo-queries")
  func expiry() async throws {
    try await withTestTenant { client in
      let expired = room.replacing(
        "\"type\":\"Room\"", with: "\"type\":\"Room\",\"expiresAt\":\"2020-01-01T00:00:00Z\"")
      try await client.create(expired)
      #expect(try await client.send("GET", roomPath).status == 404)
      #expect(try await client.send("GET", "entities?type=Room").ids == [])
      #expect(try await client.send("GET", "entities?q=temperature>0").ids == [])
      #expect(
        try await client.send("PATCH", "\(roomPath)/attrs", #"{"temperature":1}"#).status == 404)
      #expect(try await client.send("DELETE", roomPath).status == 404)
      // Its place is free, and nothing of it is left.
      try await client.create(entity("urn:ngsi-ld:Room:1", "Room", #""n":1"#))
      #expect(
        try await client.send(
          "GET", "entities?georel=near;maxDistance==10&geometry=Point&coordinates=[13.4,52.5]"
        ).ids == [])
      #expect(try await client.send("GET", "entities?q=n==1").ids == ["urn:ngsi-ld:Room:1"])
    }
  }

  @Test("ld+json bodies bring their context, answers show it")
  func contexts() async throws {
    let context = #"{"Room":"https://example.org/Room","t":"https://example.org/temperature"}"#
    try await withTestTenant { client in
      let created = try await client.send(
        "POST", "entities",
        #"{"@context":\#(context),"id":"urn:ngsi-ld:Room:1","type":"Room","t":1}"#,
        headers: [("Content-Type", "application/ld+json")])
      #expect(created.status == 201, "\(created.text)")
      let plain = try await client.send("GET", "\(roomPath)?format=simplified")
      #expect(
        plain.json
          == json(
            #"{"id":"urn:ngsi-ld:Room:1","type":"https://example.org/Room","https://example.org/temperature":1}"#
          ))
      let linked = try await client.send(
        "GET", "\(roomPath)?format=simplified", headers: [("Accept", "application/ld+json")])
      #expect(linked["Content-Type"] == "application/ld+json")
      #expect(linked["Link"] == nil)
      #expect(linked.json["@context"] != nil)
      #expect(
        try await client.send("GET", "entities?type=https://example.org/Room").ids
          == ["urn:ngsi-ld:Room:1"])
      #expect(try await client.send("GET", "entities?type=Room").ids == [])
    }
  }
}

@Suite("Batches")
struct BatchTests {
  @Test("created ids are listed", arguments: Transport.allCases)
  func creation(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let response = try await client.send(
        "POST", "entityOperations/create", "[\(entity("urn:x:1", "A")),\(entity("urn:x:2", "A"))]")
      #expect(response.status == 201)
      #expect(response.json == json(#"["urn:x:1","urn:x:2"]"#))
    }
  }

  @Test("a batch of many Entities is stored whole, in any operation")
  func many() async throws {
    try await withTestTenant { client in
      let ids = (0..<500).map { "urn:x:\($0)" }
      func body(_ value: Int) -> String {
        "[" + ids.map { entity($0, "A", "\"n\":\(value)") }.joined(separator: ",") + "]"
      }
      let created = try await client.send("POST", "entityOperations/create", body(1))
      #expect(created.json.count == 500)
      #expect(try await client.send("POST", "entityOperations/upsert", body(2)).status == 204)
      #expect(try await client.send("POST", "entityOperations/update", body(3)).status == 204)
      let counted = try await client.send("GET", "entities?q=n==3&limit=0&count=true")
      #expect(counted["NGSILD-Results-Count"] == "500")
      #expect(try await client.historyCount() == 1500)
      let list = "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
      #expect(try await client.send("POST", "entityOperations/delete", list).status == 204)
      #expect(try await client.send("GET", "entities?type=A").ids == [])
    }
  }

  @Test("what is wrong with one item does not keep the others from being done")
  func partialSuccess() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "A"))
      let response = try await client.send(
        "POST", "entityOperations/create",
        """
        [\(entity("urn:x:1", "A")),\(entity("urn:x:2", "A")),{"id":"urn:x:3"},
        {"id":"no uri","type":"A"},{"type":"A"},{"id":"urn:x:4","type":"A","p":null},
        {"id":"urn:x:2"}]
        """)
      #expect(response.status == 207)
      #expect(response.json["success"] == json(#"["urn:x:2"]"#))
      let errors = try #require(response.json["errors"])
      let byID = errors.elements.map { item in
        let type = item["error"]?["type"]?.string?.split(separator: "/").last ?? ""
        return "\(item["entityId"]?.string ?? "") \(item["error"]?["status"]?.integer ?? 0) \(type)"
      }
      #expect(
        Set(byID) == [
          "urn:x:1 409 AlreadyExists", "urn:x:3 400 BadRequestData", "no uri 400 BadRequestData",
          " 400 BadRequestData", "urn:x:4 400 BadRequestData", "urn:x:2 400 BadRequestData",
        ])
      #expect(try await client.send("GET", "entities?type=A").ids == ["urn:x:1", "urn:x:2"])
    }
  }

  @Test("update and delete of what does not exist are reported")
  func absence() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "A"))
      for (operation, item) in [
        ("update", #"{"id":"urn:x:9","n":1}"#), ("delete", #""urn:x:9""#),
      ] {
        let good = operation == "update" ? #"{"id":"urn:x:1","n":1}"# : #""urn:x:1""#
        let response = try await client.send(
          "POST", "entityOperations/\(operation)", "[\(item),\(good)]")
        #expect(response.status == 207)
        #expect(response.json["success"] == json(#"["urn:x:1"]"#))
        #expect(response.json["errors"]?.count == 1)
        let error = response.json["errors"]?.elements.first { _ in true }
        #expect(error?["entityId"]?.string == "urn:x:9")
        #expect(error?["error"]?["status"]?.integer == 404)
      }
    }
  }
}
