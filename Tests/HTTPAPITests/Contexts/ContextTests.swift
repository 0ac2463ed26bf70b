import TestSupport
import Testing

private let contexts = "jsonldContexts"
private let terms = #"{"Room": "https://example.org/Room", "level": "urn:x:level"}"#
private let hosted = #"{"@context": \#(terms)}"#

extension TestClient {
  /// Adds a context; returns its id.
  func host(_ body: String = hosted) async throws -> String {
    let response = try await send("POST", contexts, body)
    #expect(response.status == 201, "\(response.text)")
    #expect(response.body.isEmpty)
    let location = response["Location"] ?? ""
    #expect(location.hasPrefix("/ngsi-ld/v1/jsonldContexts/"))
    return location.split(separator: "/").last.map(String.init) ?? ""
  }

  func details(_ id: String) async throws -> TestResponse {
    try await send("GET", "\(contexts)/\(percentEncoded(id))?details=true")
  }

  /// Creates a room whose terms the linked context defines, and returns the answer.
  func createRoom(_ id: String, linking url: String) async throws -> TestResponse {
    try await send(
      "POST", "entities",
      #"{"id": "\#(id)", "type": "Room", "level": {"type": "Property", "value": 1}}"#,
      headers: [contextLink(url)])
  }
}

func contextLink(_ url: String) -> (name: String, value: String) {
  ("Link", "<\(url)>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

func percentEncoded(_ text: String) -> String {
  text.utf8.map { byte in
    let character = Character(UnicodeScalar(byte))
    return character.isLetter || character.isNumber
      ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }.joined()
}

@Suite("Hosted contexts")
struct ContextTests {
  @Test("a context is added, listed, served and deleted", arguments: Transport.allCases)
  func lifeCycle(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let id = try await client.host()
      let target = "\(contexts)/\(id)"
      let served = try await client.send("GET", target)
      #expect(served.text == #"{"@context":\#(terms)}"#)
      #expect(served["Content-Type"] == "application/json")
      let details = try await client.details(id).json
      #expect(details["URL"]?.string?.hasSuffix("/ngsi-ld/v1/\(target)") == true)
      #expect(details["localId"]?.string == id)
      #expect(details["kind"]?.string == "Hosted")
      #expect(details["createdAt"]?.string?.hasSuffix("Z") == true)
      #expect(details.count == 6)
      for query in ["?kind=Hosted", "?details=false&kind=Hosted"] {
        let list = try await client.send("GET", contexts + query)
        #expect(list.json.elements.map { $0.string } == [details["URL"]?.string])
      }
      let list = try await client.send("GET", "\(contexts)?details=true&kind=Hosted").json
      #expect(list.elements.map { $0["localId"]?.string } == [id])
      #expect(try await client.send("GET", "\(contexts)?kind=ImplicitlyCreated").text == "[]")
      #expect(try await client.send("DELETE", target).status == 204)
      for method in ["GET", "DELETE"] {
        let gone = try await client.send(method, target)
        #expect(gone.status == 404 && gone.errorType == "ResourceNotFound")
      }
    }
  }

  @Test(
    "what is no context is not added",
    arguments: [
      ("{", "InvalidRequest"), ("[]", "InvalidRequest"), (#"{"a": 1}"#, "InvalidRequest"),
      (#"{"@context": 7}"#, "BadRequestData"), (#"{"@context": true}"#, "BadRequestData"),
      (#"{"@context": null}"#, "BadRequestData"),
      (#"{"@context": ["https://example.org/c", 7]}"#, "BadRequestData"),
      (#"{"@context": ["https://example.org/c", null]}"#, "BadRequestData"),
      (#"{"@context": "c.jsonld"}"#, "BadRequestData"),
      (#"{"@context": "ftp://example.org/c"}"#, "BadRequestData"),
      (#"{"@context": {"a": 7}}"#, "BadRequestData"),
      (#"{"@context": {"a": {"@id": "urn:a", "@context": {}}}}"#, "BadRequestData"),
      (#"{"@context": [{"a": "b:c", "b": "a:c"}]}"#, "BadRequestData"),
    ])
  func invalid(body: String, error: String) async throws {
    try await withTestTenant { client in
      let response = try await client.send("POST", contexts, body)
      #expect(response.status == 400 && response.errorType == error, "\(response.text)")
      #expect(response["Location"] == nil)
    }
  }

  @Test(
    "what is asked wrongly is refused",
    arguments: [
      ("GET", "?kind=other", 400, "BadRequestData"), ("GET", "?details=1", 400, "BadRequestData"),
      ("GET", "?core=true", 400, "InvalidRequest"), ("DELETE", "/", 400, "BadRequestData"),
      ("GET", "/unknown", 404, "ResourceNotFound"),
      ("GET", "/unknown?details=true", 404, "ResourceNotFound"),
      ("GET", "/unknown?details=x", 400, "BadRequestData"),
      ("GET", "/a%20b", 400, "BadRequestData"), ("DELETE", "/unknown", 404, "ResourceNotFound"),
      ("DELETE", "/unknown?reload=false", 404, "ResourceNotFound"),
      ("DELETE", "/unknown?reload=true", 400, "BadRequestData"),
      ("DELETE", "/unknown?reload=xxx", 400, "BadRequestData"),
    ])
  func refusals(method: String, target: String, status: Int, error: String) async throws {
    try await withTestTenant { client in
      let response = try await client.send(method, contexts + target)
      #expect(response.status == status && response.errorType == error, "\(response.text)")
    }
  }

  @Test("the Core is there under any of its names, and stays")
  func core() async throws {
    try await withTestTenant { client in
      for version in ["-v1.9", "-v1.6", ""] {
        let url = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context\(version).jsonld"
        let details = try await client.details(url)
        #expect(details.json["URL"]?.string == url && details.json["kind"]?.string == "Cached")
        let target = "\(contexts)/\(percentEncoded(url))"
        #expect(try await client.send("GET", target).status == 422)
        #expect(try await client.send("DELETE", target).status == 400)
        #expect(try await client.send("DELETE", "\(target)?reload=true").status == 204)
      }
    }
  }

  @Test("a hosted context is used by any URL that ends in its path, and its uses are counted")
  func uses() async throws {
    try await withTestTenant { client in
      let id = try await client.host()
      let path = "/ngsi-ld/v1/jsonldContexts/\(id)"
      #expect(try await client.details(id).json["numberOfHits"]?.integer == 0)
      for (number, base) in ["http://localhost:9", "https://b.example/proxy", ""].enumerated() {
        let created = try await client.createRoom("urn:r:\(number)", linking: base + path)
        #expect(created.status == 201, "\(created.text)")
      }
      let rooms = try await client.send("GET", "entities?type=https%3A%2F%2Fexample.org%2FRoom")
      #expect(rooms.ids.count == 3)
      #expect(rooms.json.elements.allSatisfy { $0["urn:x:level"] != nil })
      let details = try await client.details(id).json
      // Three uses, and having been asked for once before.
      #expect(details["numberOfHits"]?.integer == 4)
      #expect(details["lastUsage"]?.string?.hasSuffix("Z") == true)
    }
  }

  @Test("a hosted context is used within others, hosted and inline")
  func nested() async throws {
    try await withTestTenant { client in
      let inner = "http://a.example/ngsi-ld/v1/jsonldContexts/\(try await client.host())"
      let outer = try await client.host(#"{"@context": ["\#(inner)", {"other": "urn:x:other"}]}"#)
      for (number, value) in [
        #""http://b.example/ngsi-ld/v1/jsonldContexts/\#(outer)""#,
        #"[{"x": "urn:x:"}, "\#(inner)"]"#,
      ].enumerated() {
        let members = #""type": "Room", "other": {"value": 1}, "@context": \#(value)"#
        let body = #"{"id": "urn:r:\#(number)", \#(members)}"#
        let created = try await client.send(
          "POST", "entities", body, headers: [("Content-Type", "application/ld+json")])
        #expect(created.status == 201, "\(created.text)")
      }
      let rooms = try await client.send("GET", "entities?type=https%3A%2F%2Fexample.org%2FRoom")
      #expect(rooms.ids.count == 2)
      #expect(rooms.json.elements.contains { $0["urn:x:other"] != nil })
    }
  }

  @Test("a hosted context belongs to its tenant")
  func tenants() async throws {
    try await withTestTenant { client in
      let id = try await client.host()
      try await withTestTenant { other in
        for tenant in [other, TestClient(client.broker, tenant: nil)] {
          for query in ["", "?details=true"] {
            let list = try await tenant.send("GET", contexts + query)
            #expect(list.status == 200 && !list.text.contains(id))
          }
          #expect(try await tenant.send("GET", "\(contexts)/\(id)").status == 404)
          #expect(try await tenant.details(id).status == 404)
          #expect(try await tenant.send("DELETE", "\(contexts)/\(id)").status == 404)
          let created = try await tenant.createRoom(
            "urn:r:1", linking: "http://a.example/ngsi-ld/v1/jsonldContexts/\(id)")
          #expect(created.status == 504 && created.errorType == "LdContextNotAvailable")
        }
      }
      #expect(try await client.send("GET", "\(contexts)/\(id)").status == 200)
    }
  }

  @Test("a second broker sees and uses what one hosts at once, and is told to forget it")
  func processes() async throws {
    try await withTestTenant { client in
      let id = try await client.host()
      let url = "http://a.example/ngsi-ld/v1/jsonldContexts/\(id)"
      try await withTestBroker { broker in
        let second = TestClient(broker, tenant: client.tenant)
        #expect(try await second.send("GET", "\(contexts)/\(id)").status == 200)
        #expect(try await second.createRoom("urn:r:1", linking: url).status == 201)
        #expect(try await client.send("DELETE", "\(contexts)/\(id)").status == 204)
        #expect(try await client.createRoom("urn:r:2", linking: url).status == 504)
        try await until("the second broker has forgotten it") {
          try await second.createRoom("urn:r:3", linking: url).status == 504
        }
      }
    }
  }

  @Test("figures outlive the broker that counted them")
  func figures() async throws {
    try await withTestTenant { client in
      let id = try await client.host()
      try await withTestBroker { broker in
        let second = TestClient(broker, tenant: client.tenant)
        for number in 0..<3 {
          _ = try await second.createRoom(
            "urn:r:\(number)", linking: "http://a/ngsi-ld/v1/jsonldContexts/\(id)")
        }
      }
      #expect(try await client.details(id).json["numberOfHits"]?.integer == 3)
    }
  }
}

@Suite("Implicitly created contexts")
struct ImplicitContextTests {
  private static func subscription(_ id: String, _ context: String) -> String {
    """
    {"id": "\(id)", "type": "Subscription", "entities": [{"type": "Room"}],
     "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}, "@context": \(context)}
    """
  }

  private static let jsonLD = [("Content-Type", "application/ld+json")]

  @Test(
    "a subscription with a context that has no URL gets one",
    arguments: [
      #"{"Room":"https://example.org/Room"}"#,
      #"[{"Room":"https://example.org/Room"},{"b":"urn:b"}]"#,
    ])
  func subscription(context: String) async throws {
    try await withTestTenant { client in
      for id in ["urn:s:1", "urn:s:2"] {
        let created = try await client.send(
          "POST", "subscriptions", Self.subscription(id, context), headers: Self.jsonLD)
        #expect(created.status == 201, "\(created.text)")
      }
      let list = try await client.send("GET", "\(contexts)?kind=ImplicitlyCreated").json
      #expect(list.count == 1)
      let url = list.elements.first { _ in true }?.string ?? ""
      let shown = try await client.send("GET", "subscriptions/urn:s:2").json
      #expect(shown["jsonldContext"]?.string == url)
      let id = url.split(separator: "/").last.map(String.init) ?? ""
      #expect(try await client.details(id).json["kind"]?.string == "ImplicitlyCreated")
      let served = try await client.send("GET", "\(contexts)/\(id)")
      #expect(served.text == #"{"@context":\#(context)}"#)
      #expect(try await client.send("DELETE", "\(contexts)/\(id)?reload=true").status == 400)
      #expect(try await client.createRoom("urn:r:1", linking: url).status == 201)
      #expect(try await client.send("DELETE", "\(contexts)/\(id)").status == 204)
      // What was given stays with the subscription.
      #expect(try await client.send("GET", "subscriptions/urn:s:1").status == 200)
    }
  }

  @Test("a subscription that is refused hosts nothing")
  func refused() async throws {
    try await withTestTenant { client in
      let body = Self.subscription("no-uri", #"{"Room": "urn:Room"}"#)
      let created = try await client.send("POST", "subscriptions", body, headers: Self.jsonLD)
      #expect(created.status == 400)
      #expect(try await client.send("GET", "\(contexts)?kind=ImplicitlyCreated").text == "[]")
    }
  }

  @Test("an array that names the Core beside one URL needs no other")
  func withCore() async throws {
    try await withTestTenant { client in
      let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
      let id = try await client.host()
      let url = "http://a.example/ngsi-ld/v1/jsonldContexts/\(id)"
      let body = Self.subscription("urn:s:1", #"["\#(url)", "\#(core)"]"#)
      #expect(
        try await client.send("POST", "subscriptions", body, headers: Self.jsonLD).status == 201)
      let shown = try await client.send("GET", "subscriptions/urn:s:1").json
      #expect(shown["jsonldContext"]?.string == url)
      #expect(try await client.send("GET", "\(contexts)?kind=ImplicitlyCreated").text == "[]")
    }
  }
}
