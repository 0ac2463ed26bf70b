import JSON
import TestSupport
import Testing

@Suite("Query of Entities by POST")
struct PostQueryTests {
  private static let path = "entityOperations/query"

  @Test(
    "a body selects as the parameters of a URL do",
    arguments: [
      (#""entities":[{"type":"Car"}]"#, "type=Car"),
      (#""entities":[{"type":"Car"},{"type":"Bus"}]"#, "type=Car,Bus"),
      (#""entities":[{"type":"*"}]"#, "type=*"),
      (#""q":"speed>50;brand==%22Audi%22""#, "q=speed>50;brand==%22Audi%22"),
      (#""entities":[{"type":"Car"}],"scopeQ":"/Madrid/#""#, "type=Car&scopeQ=/Madrid/%23"),
      (#""attrs":["owner","name"]"#, "attrs=owner,name"),
      (#""entities":[{"type":"Car"}],"pick":["id","speed"]"#, "type=Car&pick=id,speed"),
      (#""entities":[{"type":"Car"}],"omit":["speed"]"#, "type=Car&omit=speed"),
      (
        #""geoQ":{"georel":"near;maxDistance==200000","geometry":"Point","coordinates":[0,0]}"#,
        "georel=near;maxDistance==200000&geometry=Point&coordinates=[0,0]"
      ),
      (
        #""geoQ":{"georel":"equals","geometry":"Point","coordinates":"[1,1]"}"#,
        "georel=equals&geometry=Point&coordinates=[1,1]"
      ),
      (
        #""entities":[{"type":"Car"}],"ordering":{"orderBy":["brand;desc","id"]}"#,
        "type=Car&orderBy=brand;desc,id"
      ),
    ])
  func selection(body: String, parameters: String) async throws {
    try await withTestTenant { client in
      let stored = try await client.send(
        "POST", "entityOperations/create", "[\(Selection.entities.joined(separator: ","))]")
      try #require(stored.status == 201)
      let posted = try await client.send("POST", Self.path, #"{"type":"Query",\#(body)}"#)
      let got = try await client.send("GET", "entities?\(parameters.encodedForURL)")
      #expect(got.status == 200 && !got.ids.isEmpty || parameters.contains("omit"))
      #expect(posted.status == 200 && posted.text == got.text, "\(posted.text)")
    }
  }

  @Test("each selector has its own ids", arguments: Transport.allCases)
  func selectors(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let stored = try await client.send(
        "POST", "entityOperations/create", "[\(Selection.entities.joined(separator: ","))]")
      try #require(stored.status == 201)
      for (entities, expected) in [
        (#"{"type":"Car","id":"urn:x:1"},{"type":"Bus"}"#, ["urn:x:1", "urn:y:4", "urn:y:5"]),
        (#"{"type":"Car","id":"urn:x:1"},{"type":"Taxi"}"#, ["urn:x:1", "urn:x:3"]),
        (
          #"{"type":"Car","idPattern":"2$"},{"type":"Bus","id":["urn:y:4","urn:x:1"]}"#,
          ["urn:x:2", "urn:y:4"]
        ),
        (#"{"type":"Car","id":"urn:x:1","idPattern":"2$"}"#, ["urn:x:1"]),
        (#"{"type":"Plane"},{"type":"Bus","id":"urn:x:1"}"#, []),
      ] {
        let body = #"{"type":"Query","entities":[\#(entities)]}"#
        let response = try await client.send("POST", "\(Self.path)?count=true", body)
        #expect(response.ids.sorted() == expected, "\(entities): \(response.text)")
        #expect(response["NGSILD-Results-Count"] == "\(expected.count)")
      }
    }
  }

  @Test("page, count and format are parameters of the URL; links lead to the same resource")
  func pages() async throws {
    try await withTestTenant { client in
      try await client.create(
        entity("urn:x:1", "A"), entity("urn:x:2", "A"), entity("urn:x:3", "A", #""n":1"#))
      let body = #"{"type":"Query","entities":[{"type":"A"}]}"#
      let response = try await client.send(
        "POST", "\(Self.path)?limit=1&offset=1&count=true&format=simplified", body)
      #expect(response.ids == ["urn:x:2"])
      #expect(response["NGSILD-Results-Count"] == "3")
      let links = response.all("Link").filter { !$0.contains("json-ld#context") }
      let path = "</ngsi-ld/v1/entityOperations/query?count=true&format=simplified&limit=1"
      #expect(
        Set(links) == [
          #"\#(path)&offset=2>;rel="next";type="application/json""#,
          #"\#(path)&offset=0>;rel="prev";type="application/json""#,
        ])
    }
  }

  @Test("the @context of the body expands names and shows them")
  func context() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "urn:t:Car", #""urn:a:speed":5"#))
      let context = #"{"Car":"urn:t:Car","speed":"urn:a:speed"}"#
      let body =
        #"{"type":"Query","entities":[{"type":"Car"}],"q":"speed==5","@context":\#(context)}"#
      let response = try await client.send(
        "POST", "\(Self.path)?format=simplified", body,
        headers: [("Content-Type", "application/ld+json"), ("Accept", "application/ld+json")])
      #expect(response.json.elements.map { $0["speed"]?.integer } == [5], "\(response.text)")
    }
  }

  @Test(
    "what is no query is refused",
    arguments: [
      (#"{"entities":[{"type":"A"}]}"#, 400, "BadRequestData"),
      (#"{"type":"Query"}"#, 400, "BadRequestData"),
      (#"{"type":"Query","attrs":["createdAt"]}"#, 400, "BadRequestData"),
      (#"{"type":"Query","entities":[{"type":"A"}],"limit":5}"#, 400, "BadRequestData"),
      (#"{"type":"Query","entities":[{"type":"A"}],"@context":{}}"#, 400, "BadRequestData"),
      (#"[{"type":"Query"}]"#, 400, "InvalidRequest"), ("{", 400, "InvalidRequest"),
      (#"{"type":"Query","entities":[{"type":"A"}],"entityMap":1}"#, 400, "BadRequestData"),
    ] as [(String, Int, String?)])
  func refuse(body: String, status: Int, type: String?) async throws {
    try await withTestTenant(.socket) { client in
      try await client.create(entity("urn:x:1", "A"))
      let response = try await client.send("POST", Self.path, body)
      #expect(response.status == status, "\(response.text)")
      if let type { #expect(response.errorType == type) }
    }
  }

  @Test(
    "members of the body are no parameters of the URL", arguments: ["type=A", "q=a", "orderBy=a"])
  func parameters(query: String) async throws {
    try await withTestTenant { client in
      let response = try await client.send(
        "POST", "\(Self.path)?\(query)", #"{"type":"Query","entities":[{"type":"A"}]}"#)
      #expect(response.status == 400)
      #expect(response.errorType == "InvalidRequest")
    }
  }

  @Test("the context of the body is hosted for a Link header")
  func linkedContext() async throws {
    try await withTestTenant { client in
      try await client.create(#"{"id":"urn:x:1","type":"https://x.example/T"}"#)
      let context = #"{"T":"https://x.example/T"}"#
      let found = try await client.send(
        "POST", Self.path,
        #"{"@context":\#(context),"type":"Query","entities":[{"type":"T"}]}"#,
        headers: [("Content-Type", "application/ld+json"), ("Accept", "application/json")])
      #expect(found.json.elements.first { _ in true }?["type"]?.string == "T")
      let link = try #require(found["Link"])
      let id = try #require(link.split(separator: ">").first?.split(separator: "/").last)
      let hosted = try await client.send("GET", "jsonldContexts/\(id)")
      #expect(hosted.json["@context"]?["T"]?.string == "https://x.example/T")
    }
  }
}
