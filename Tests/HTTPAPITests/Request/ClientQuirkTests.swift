import HTTPAPI
import JSON
import TestSupport
import Testing

@Suite("What clients do beside the standard")
struct ClientQuirkTests {
  @Test(
    "a path is understood with a slash before the query and with an id as it is",
    arguments: [
      "entities/urn:ngsi-ld:Room:1/?format=simplified", "entities/?type=Room", "entities?type=Room",
      "entities/urn%3Angsi-ld%3ARoom%3A1", "entities/http://x.org/rooms/1",
      "entities/http://x.org/rooms/1/?options=keyValues", "entities/http%3A%2F%2Fx.org%2Frooms%2F1",
    ])
  func paths(target: String) async throws {
    for transport in Transport.allCases {
      try await withTestTenant(transport) { client in
        try await client.create(room, entity("http://x.org/rooms/1", "Room"))
        let response = try await client.send("GET", target)
        #expect(response.status == 200, "\(response.text)")
        #expect(!response.ids.isEmpty)
      }
    }
  }

  @Test("an id and the name of an Attribute may both be URLs")
  func urlsInPath() async throws {
    try await withTestTenant { client in
      let name = "https://x.org/attributes/speed"
      try await client.create(entity("http://x.org/rooms/1", "Room", #""\#(name)":1"#))
      let path = "entities/http://x.org/rooms/1/attrs"
      #expect(try await client.send("POST", path, #"{"a":1}"#).status == 204)
      #expect(try await client.send("PATCH", "\(path)/\(name)", #"{"value":2}"#).status == 204)
      #expect(try await client.send("DELETE", "\(path)/\(name)/").status == 204)
      #expect(
        try await client.simplified("entities/http://x.org/rooms/1")
          == json(#"{"id":"http://x.org/rooms/1","type":"Room","a":1}"#))
    }
  }

  @Test("a batch is upserted with a slash before the options")
  func batch() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "A", #""a":1"#))
      let response = try await client.send(
        "POST", "entityOperations/upsert/?options=update", "[\(entity("urn:x:1", "A", #""b":2"#))]")
      #expect(response.status == 204)
      #expect(
        try await client.simplified("entities/urn:x:1")
          == json(#"{"id":"urn:x:1","type":"A","a":1,"b":2}"#))
    }
  }

  @Test("the tenant's header is known in any case, and beside those of FIWARE")
  func tenantHeader() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let tenant = client.tenant ?? ""
      let nobody = TestClient(client.broker, tenant: nil)
      for name in ["NGSILD-Tenant", "ngsild-tenant", "NgsiLd-Tenant"] {
        let response = try await nobody.send(
          "GET", roomPath,
          headers: [(name, tenant), ("fiware-service", "other"), ("fiware-servicepath", "/#")])
        #expect(response.status == 200)
        #expect(response["NGSILD-Tenant"] == tenant)
      }
      let ignored = try await nobody.send("GET", roomPath, headers: [("fiware-service", tenant)])
      #expect(ignored.status == 404)
    }
  }

  @Test("fiware-service names the tenant where the operator wants it")
  func fiwareService() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      var configuration = APIConfiguration()
      configuration.takesTenantFromFIWAREService = true
      let tenant = client.tenant ?? ""
      try await withTestBroker(api: configuration) { broker in
        let nobody = TestClient(broker, tenant: nil)
        for (headers, status) in [
          ([("Fiware-Service", tenant)], 200), ([("fiware-service", "nobody-has-it")], 404),
          ([("fiware-service", "nobody-has-it"), ("NGSILD-Tenant", tenant)], 200), ([], 404),
        ] as [([(name: String, value: String)], Int)] {
          let response = try await nobody.send("GET", roomPath, headers: headers)
          #expect(response.status == status)
        }
      }
    }
  }

  @Test("a character that came escaped goes out as itself")
  func escapes() async throws {
    try await withTestTenant(.socket) { client in
      try await client.create(
        entity("urn:x:1", "T", #""a":"Par\u00eds","b":{"object":"urn:Par\u00eds"}"#))
      let text = try await client.send("GET", "entities/urn:x:1?format=simplified").text
      #expect(text == #"{"id":"urn:x:1","type":"T","a":"París","b":"urn:París"}"#)
    }
  }
}
