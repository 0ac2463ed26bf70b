import JSON
import TestSupport
import Testing

@Suite("Operators' pages")
struct OperatorTests {
  @Test("health, version and metrics answer", arguments: Transport.allCases)
  func pages(_ transport: Transport) async throws {
    let client = TestClient(try await TestBroker.shared(), transport, tenant: nil)
    let health = try await client.send("GET", "/health")
    #expect(health.status == 200)
    #expect(health.json["status"]?.string == "ready")
    #expect(health.json["database"]?.string == "ready")
    let version = try await client.send("GET", "/version")
    #expect(version.json["ngsi-ld"]?.string == "1.9.1")
    _ = try await client.send("GET", "entities/urn:ngsi-ld:none:1")
    let metrics = try await client.send("GET", "/metrics")
    #expect(metrics["Content-Type"]?.hasPrefix("text/plain") == true)
    #expect(
      metrics.text.contains(
        #"kontext_request_seconds_count{route="/ngsi-ld/v1/entities/{}",method="GET",status="404"}"#
      ))
    #expect(metrics.text.contains("# TYPE kontext_request_seconds histogram"))
    #expect(metrics.text.contains(#"kontext_notification_attempts_total{outcome="failed"} 0"#))
  }

  @Test("OPTIONS names the methods")
  func options() async throws {
    let client = TestClient(try await TestBroker.shared(), tenant: nil)
    let response = try await client.send("OPTIONS", "entities")
    #expect(response.status == 204)
    #expect(response["Allow"]?.contains("POST") == true)
  }

  @Test("HEAD is GET without the body")
  func head() async throws {
    try await withTestTenant(.inProcess) { client in
      try await client.create(room)
      #expect(try await client.send("HEAD", roomPath).status == 200)
      #expect(try await client.send("HEAD", "entities/urn:ngsi-ld:none:1").status == 404)
    }
  }
}

@Suite("Tenants")
struct TenantTests {
  @Test("nothing of one tenant is seen or changed by another", arguments: Transport.allCases)
  func isolation(_ transport: Transport) async throws {
    try await withTestTenant(transport) { one in
      try await withTestTenant(transport) { other in
        try await one.create(room)
        try await other.create(room.replacing("20.5", with: "7"))
        let mine = try await one.stored()
        for (method, target, body, status) in [
          ("PATCH", "\(roomPath)/attrs", #"{"temperature":8}"#, 204),
          ("POST", "\(roomPath)/attrs", #"{"x":8}"#, 204),
          ("PATCH", "\(roomPath)/attrs/temperature", #"{"value":9}"#, 204),
          ("PUT", "\(roomPath)/attrs/temperature", #"{"value":9}"#, 204),
          ("DELETE", "\(roomPath)/attrs/label", nil, 204),
          ("POST", "entityOperations/upsert", "[\(room)]", 204),
          ("POST", "entityOperations/update", "[\(room)]", 204),
          ("POST", "entityOperations/create", "[\(entity("urn:x:2", "Room"))]", 201),
          ("PUT", roomPath, #"{"type":"Room"}"#, 204), ("DELETE", roomPath, nil, 204),
          ("POST", "entityOperations/delete", #"["urn:x:2"]"#, 204),
        ] as [(String, String, String?, Int)] {
          #expect(try await other.send(method, target, body).status == status)
          #expect(try await one.stored() == mine)
          #expect(try await one.send("GET", "entities?type=Room").ids == ["urn:ngsi-ld:Room:1"])
          #expect(
            try await one.send("GET", "entities?q=temperature==20.5&count=true")[
              "NGSILD-Results-Count"] == "1")
          #expect(
            try await one.send(
              "GET",
              "entities?georel=near;maxDistance==9&geometry=Point&coordinates=%5B13.4,52.5%5D"
            ).ids.count == 1)
        }
        let history = try await one.send("GET", "temporal/\(roomPath)?attrs=temperature")
        #expect(history.json["temperature"]?.count == 1)
        #expect(try await other.send("GET", "entities?type=Room").ids == [])
      }
    }
  }

  @Test("a tenant begins to exist with its first creation, not with a look")
  func existence() async throws {
    try await withTestTenant { client in
      let absent = try await client.send("GET", "entities?type=A")
      #expect(absent.status == 404)
      #expect(absent.errorType == "NonexistentTenant")
      #expect(absent["NGSILD-Tenant"] == client.tenant)
      #expect(try await client.send("POST", "entities", #"{"id":"x"}"#).status == 400)
      #expect(try await client.send("GET", "entities?type=A").status == 404)
      try await client.create(entity("urn:x:1", "A"))
      #expect(try await client.send("GET", "entities?type=A").ids == ["urn:x:1"])
    }
  }
}
