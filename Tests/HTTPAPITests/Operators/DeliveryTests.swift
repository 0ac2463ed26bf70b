import TestSupport
import Testing

@Suite("What operators see of notifications")
struct DeliveryTests {
  static let subscription = """
    {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Room"}],
     "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}}
    """

  @Test("notifications that wait are listed, page by page", arguments: Transport.allCases)
  func pages(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      #expect(try await client.send("POST", "subscriptions", Self.subscription).status == 201)
      let path = "/kontext/v1/subscriptions/urn:s:1/deliveries"
      #expect(try await client.send("GET", path).text == "[]")
      for number in 1...3 {
        try await client.create(#"{"id": "urn:ngsi-ld:Room:\#(number)", "type": "Room", "a": 1}"#)
      }
      let first = try await client.send("GET", "\(path)?limit=2&count=true")
      #expect(first.status == 200)
      #expect(first.json.count == 2)
      #expect(first["NGSILD-Results-Count"] == "3")
      #expect(first["Link"]?.contains("offset=2>;rel=\"next\"") == true)
      let last = try await client.send("GET", "\(path)?limit=2&offset=2")
      #expect(last.json.count == 1)
      let delivery = try #require(last.json.elements.first { _ in true })
      #expect(delivery["entity"]?.string == "urn:ngsi-ld:Room:3")
      #expect(delivery["state"]?.string != "dead")
      #expect(delivery["createdAt"]?.string != nil)
      let id = try #require(delivery["id"]?.integer)
      #expect(try await client.send("POST", "\(path)/\(id)/retry").status == 202)
      #expect(try await client.send("DELETE", "subscriptions/urn:s:1").status == 204)
      #expect(try await client.send("GET", path).status == 404)
    }
  }

  @Test(
    "bad requests are told what is wrong",
    arguments: [
      ("GET", "urn:s:2/deliveries", 404, "urn:s:2"), ("GET", "s/deliveries", 400, "'s'"),
      ("GET", "urn:s:1/deliveries?limit=x", 400, "'x'"),
      ("GET", "urn:s:1/deliveries?state=x", 400, "'state'"),
      ("POST", "urn:s:1/deliveries/x/retry", 400, "'x'"),
      ("POST", "urn:s:1/deliveries/-1/retry", 400, "'-1'"),
      ("POST", "urn:s:1/deliveries/99999999999/retry", 404, "99999999999"),
      ("POST", "urn:s:2/deliveries/1/retry", 404, "urn:s:2"),
      ("GET", "urn:s:1/deliveries/1/retry", 405, "'GET'"),
      ("GET", "urn:s:1/explain", 400, "'entity'"),
      ("GET", "urn:s:1/explain?entity=x", 400, "'x'"),
      ("GET", "urn:s:1/explain?entity=urn:ngsi-ld:Room:9", 404, "urn:ngsi-ld:Room:9"),
      ("GET", "urn:s:2/explain?entity=urn:ngsi-ld:Room:9", 404, "urn:s:2"),
    ])
  func refusals(method: String, target: String, status: Int, value: String) async throws {
    try await withTestTenant { client in
      #expect(try await client.send("POST", "subscriptions", Self.subscription).status == 201)
      let response = try await client.send(method, "/kontext/v1/subscriptions/\(target)")
      #expect(response.status == status, "\(response.text)")
      #expect(response.detail.contains(value), "\(response.detail)")
    }
  }

  @Test("another tenant's subscription is not there")
  func tenants() async throws {
    try await withTestTenant { client in
      #expect(try await client.send("POST", "subscriptions", Self.subscription).status == 201)
      try await withTestTenant { other in
        try await other.create(#"{"id": "urn:ngsi-ld:Room:1", "type": "Room"}"#)
        let path = "/kontext/v1/subscriptions/urn:s:1"
        #expect(try await other.send("GET", "\(path)/deliveries").status == 404)
        #expect(
          try await other.send("GET", "\(path)/explain?entity=urn:ngsi-ld:Room:1").status == 404)
      }
    }
  }
}
