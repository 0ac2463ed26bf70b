import JSON
import TestSupport
import Testing

@Suite("Reads over Context Sources (5.7.1, 5.7.2)")
struct DistributedReadTests {
  @Test(
    "what is held here and at a source is one Entity",
    arguments: [
      ("inclusive", "", #"{"id":"urn:x:1","type":"Room","name":"here","size":3}"#),
      (
        "exclusive", #", "propertyNames": ["size", "name"]"#,
        #"{"id":"urn:x:1","type":"Room","size":3}"#
      ),
      ("redirect", "", #"{"id":"urn:x:1","type":"Room","size":3}"#),
      ("auxiliary", "", #"{"id":"urn:x:1","type":"Room","name":"here","size":3}"#),
    ])
  func modes(mode: String, attributes: String, expected: String) async throws {
    try await Federation.run { federation in
      let information = #""entities": [{"id": "urn:x:1", "type": "Room"}]\#(attributes)"#
      try await federation.source("a", mode: mode, information) { source in
        try await source.create(entity("urn:x:1", "Room", #""size":3"#))
        let created = try await federation.hub.send(
          "POST", "entities?local=true", entity("urn:x:1", "Room", #""name":"here""#))
        #expect(created.status == 201)
        #expect(try await federation.hub.simplified("entities/urn:x:1") == json(expected))
        let found = try await federation.hub.send("GET", "entities?type=Room&format=simplified")
        #expect(found.json == json("[\(expected)]"))
        let local = try await federation.hub.send("GET", "entities/urn:x:1?local=true")
        #expect(local.json["size"] == nil)
      }
    }
  }

  @Test("an auxiliary source does not change what others have")
  func auxiliary() async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: "auxiliary") { source in
        try await source.create(entity("urn:x:1", "Room", #""size":3,"name":"there""#))
        _ = try await federation.hub.send(
          "POST", "entities?local=true", entity("urn:x:1", "Room", #""name":"here""#))
        let entity = try await federation.hub.simplified("entities/urn:x:1")
        #expect(entity == json(#"{"id":"urn:x:1","type":"Room","name":"here","size":3}"#))
      }
    }
  }

  @Test(
    "a source that fails leaves a warning, and the rest is answered",
    arguments: [
      ("http://127.0.0.1:1", "199 "), ("garbage", "111 "), ("list", "111 "), ("refusal", "299 "),
      ("nothing", nil),
    ])
  func warnings(path: String, expected: String?) async throws {
    try await ContextServer.run { server, address in
      let path = path.hasPrefix("http") ? path : "\(address)/\(path)"
      server.set("/garbage/ngsi-ld/v1/entities", "no JSON")
      server.set("/list/ngsi-ld/v1/entities", #"[{"id":"urn:x:9"}]"#)
      server.set("/refusal/ngsi-ld/v1/entities", "{}", status: 403)
      try await Federation.run { federation in
        try await federation.hub.create(entity("urn:x:1", "Room"))
        try await federation.register("a", endpoint: path)
        let found = try await federation.hub.send("GET", "entities?type=Room")
        #expect(found.status == 200)
        #expect(found.ids == ["urn:x:1"])
        let warnings = found.all("NGSILD-Warning")
        #expect(warnings.map { String($0.prefix(4)) } == (expected.map { [$0] } ?? []))
      }
    }
  }

  @Test("a missing Entity is missing, and a failed source is told of all the same")
  func missing() async throws {
    try await Federation.run { federation in
      try await federation.register("a", endpoint: "http://127.0.0.1:1")
      let response = try await federation.hub.send("GET", "entities/urn:x:1?type=Room")
      #expect(response.status == 404)
      #expect(response.all("NGSILD-Warning").count == 1)
    }
  }

  @Test("pages over several sources hold every Entity once")
  func pages() async throws {
    try await Federation.run { federation in
      try await federation.source("a") { a in
        try await federation.source("b") { b in
          for number in 1...7 {
            try await a.create(entity("urn:x:\(number)", "Room", #""of":"a""#))
            try await b.create(entity("urn:x:\(number + 4)", "Room", #""and":"b""#))
          }
          _ = try await federation.hub.send(
            "POST", "entities?local=true", entity("urn:x:20", "Room", #""in":"hub""#))
          var ids: [String] = []
          for offset in stride(from: 0, to: 12, by: 3) {
            let page = try await federation.hub.send(
              "GET", "entities?type=Room&limit=3&offset=\(offset)&count=true&format=simplified")
            #expect(page["NGSILD-Results-Count"] == "12")
            ids += page.ids
            for entity in page.json.elements where ["urn:x:5", "urn:x:7"].contains(entity.id) {
              #expect(entity["of"] != nil && entity["and"] != nil)
            }
          }
          #expect(Set(ids) == Set((1...11).map { "urn:x:\($0)" } + ["urn:x:20"]))
          #expect(ids.count == 12)
        }
      }
    }
  }

  @Test(
    "a copy of what a source has claimed is not looked at",
    arguments: [
      "attrs=size,location", "q=size==3", "limit=1",
      "georel=near;maxDistance==10&geometry=Point&coordinates=%5B0,0%5D",
    ])
  func claimedCopies(query: String) async throws {
    try await Federation.run { federation in
      try await federation.source(
        "a", mode: "redirect",
        #""entities": [{"type": "Room"}], "propertyNames": ["size", "location"]"#
      ) { source in
        let place = #""location":{"type":"Point","coordinates":[0,0]}"#
        for number in 1...2 {
          let copy = entity("urn:x:\(number)", "Room", #""size":3,\#(place)"#)
          _ = try await federation.hub.send("POST", "entities?local=true", copy)
        }
        try await source.create(entity("urn:x:2", "Room", #""size":3,\#(place)"#))
        let found = try await federation.hub.send(
          "GET", "entities?type=Room&format=simplified&\(query)")
        let own = json(entity("urn:x:1", "Room"))
        let other = json(entity("urn:x:2", "Room", #""size":3,\#(place)"#))
        #expect(Array(found.json.elements) == (query == "limit=1" ? [own] : [other]))
      }
    }
  }

  @Test(
    "a source is asked for what may lie in its area",
    arguments: [
      ("georel=near;maxDistance==5000&geometry=Point&coordinates=[2.35,48.85]", false),
      ("georel=near;maxDistance==2000000&geometry=Point&coordinates=[2.35,48.85]", true),
      ("georel=near;minDistance==5000&geometry=Point&coordinates=[13.4,52.5]", true),
      ("georel=equals&geometry=Point&coordinates=[2.35,48.85]", false),
      ("georel=disjoint&geometry=Point&coordinates=[13.4,52.5]", true),
      ("georel=disjoint&geometry=Polygon&coordinates=[[[0,0],[80,0],[80,80],[0,80],[0,0]]]", false),
      // Of another place, the registration says nothing.
      ("georel=equals&geometry=Point&coordinates=[2.35,48.85]&geoproperty=operationSpace", true),
      // The part that has the place may be elsewhere.
      ("georel=equals&geometry=Point&coordinates=[2.35,48.85]&splitEntities=true", true),
    ])
  func areas(query: String, isAsked: Bool) async throws {
    let ofBerlin =
      #", "location": {"type": "Polygon", "coordinates": "#
      + "[[[13, 52.2], [13.8, 52.2], [13.8, 52.8], [13, 52.8], [13, 52.2]]]}"
    try await Federation.run { federation in
      try await RawSource.run { source in
        source.behave { _ in .answer(httpAnswer("[]")) }
        let operations =
          #", "operations": ["queryEntity", "createEntityMapQueryEntity"]"# + ofBerlin
        try await federation.register("a", endpoint: source.url, operations)
        for path in ["entities", "entityMaps"] {
          let count = source.requests.count
          let answer = try await federation.hub.send("GET", "\(path)?type=Room&\(query)")
          #expect(200...201 ~= answer.status, "\(answer.text)")
          #expect((source.requests.count > count) == isAsked)
        }
      }
    }
  }

  @Test("conditions on split Entities hold for what is put together")
  func split() async throws {
    try await Federation.run { federation in
      try await federation.source("a") { a in
        try await federation.source("b") { b in
          try await a.create(
            entity("urn:x:1", "Room", #""size":3"#), entity("urn:x:2", "Room", #""size":3"#))
          try await b.create(
            entity("urn:x:1", "Room", #""name":"x""#), entity("urn:x:2", "Room", #""name":"y""#))
          let query = "entities?type=Room&q=size==3;name==%22x%22&format=simplified"
          let whole = try await federation.hub.send("GET", query)
          #expect(whole.ids == [])
          let split = try await federation.hub.send("GET", "\(query)&splitEntities=true")
          #expect(
            split.json == json(#"[{"id":"urn:x:1","type":"Room","size":3,"name":"x"}]"#))
        }
      }
    }
  }

  @Test("brokers that are registered with each other do not ask for ever")
  func loop() async throws {
    try await Federation.run { federation in
      let hub = try #require(federation.hub.tenant)
      try await federation.source("a") { source in
        try await source.create(entity("urn:x:1", "Room"))
        let back = try await source.send(
          "POST", "csourceRegistrations",
          """
          {"id": "urn:r:back", "type": "ContextSourceRegistration", "tenant": "\(hub)",
           "endpoint": "http://127.0.0.1:\(source.broker.port)",
           "information": [{"entities": [{"type": "Room"}]}]}
          """)
        #expect(back.status == 201)
        _ = try await federation.hub.send(
          "POST", "entities?local=true", entity("urn:x:2", "Room"))
        for client in [federation.hub, source] {
          let found = try await client.send("GET", "entities?type=Room")
          #expect(Set(found.ids) == ["urn:x:1", "urn:x:2"])
        }
      }
    }
  }

  @Test("an order is refused where sources would have to keep it")
  func ordering() async throws {
    try await Federation.run { federation in
      try await federation.source("a") { _ in
        for (query, status) in [
          ("type=Room&orderBy=size", 400), ("type=Room&orderBy=size&local=true", 200),
          ("type=Mark&orderBy=size", 200),
        ] {
          let response = try await federation.hub.send("GET", "entities?\(query)")
          #expect(response.status == status, "\(query)")
        }
      }
    }
  }
}

extension JSONValue {
  fileprivate var id: String { self["id"]?.string ?? "" }
}
