import HTTPAPI
import TestSupport
import Testing

@Suite("Calls from web pages of other origins")
struct CrossOriginTests {
  @Test(
    "origins are read",
    arguments: [
      ("*", .all), ("https://a.org", .some(["https://a.org"])),
      ("https://A.org, http://localhost:3000", .some(["https://a.org", "http://localhost:3000"])),
      ("", nil), ("a.org", nil), ("https://a.org/", nil), ("https://a.org/map", nil),
      ("https://a.org,", .some(["https://a.org"])), ("https://*", nil), ("https://", nil),
    ] as [(String, AllowedOrigins?)])
  func parse(text: String, origins: AllowedOrigins?) {
    #expect(AllowedOrigins(parsing: text) == origins)
  }

  @Test(
    "an answer admits the origins that the operator names, success or not",
    arguments: [
      (.none, "https://a.org", nil, nil), (.all, "https://a.org", "*", nil), (.all, "", nil, nil),
      (.some(["https://a.org"]), "https://a.org", "https://a.org", "Origin"),
      (.some(["https://a.org"]), "https://b.org", nil, "Origin"),
      (.some(["https://a.org"]), "", nil, "Origin"),
    ] as [(AllowedOrigins, String, String?, String?)])
  func answers(
    origins: AllowedOrigins, origin: String, admitted: String?, vary: String?
  ) async throws {
    try await withClient(origins) { client in
      for target in ["/version", "entities/urn:ngsi-ld:none:1", "/nowhere", "entities"] {
        let response = try await client.send("GET", target, headers: [("Origin", origin)])
        #expect(response["Access-Control-Allow-Origin"] == admitted)
        #expect(
          response["Access-Control-Expose-Headers"]?.contains("NGSILD-Results-Count")
            == (admitted == nil ? nil : true))
        #expect(response["Vary"] == vary)
      }
    }
  }

  @Test("a browser's question is answered for who is admitted")
  func preflight() async throws {
    try await withClient(.some(["https://a.org"])) { client in
      let asked = [
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "content-type,ngsild-tenant"),
      ]
      let target = "entities/urn:x:1/attrs"
      let admitted = try await client.send(
        "OPTIONS", target, headers: asked + [("Origin", "https://a.org")])
      #expect(admitted.status == 204)
      #expect(admitted["Access-Control-Allow-Methods"] == "POST, PATCH")
      #expect(admitted["Access-Control-Allow-Headers"] == "content-type,ngsild-tenant")
      #expect(admitted["Access-Control-Allow-Origin"] == "https://a.org")
      for headers in [asked + [("Origin", "https://b.org")], asked, [("Origin", "https://a.org")]] {
        let response = try await client.send("OPTIONS", target, headers: headers)
        #expect(response.status == 204)
        #expect(response["Allow"] == "POST, PATCH")
        #expect(response["Access-Control-Allow-Methods"] == nil)
      }
    }
  }

  private func withClient(
    _ origins: AllowedOrigins, _ body: (TestClient) async throws -> Void
  ) async throws {
    var configuration = APIConfiguration()
    configuration.origins = origins
    try await withTestBroker(api: configuration) { broker in
      try await body(TestClient(broker, tenant: nil))
    }
  }
}
