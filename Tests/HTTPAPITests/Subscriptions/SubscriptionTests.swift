import TestSupport
import Testing

@Suite("Subscriptions over HTTP")
struct SubscriptionTests {
  private static let body = """
    {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Room"}],
     "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}}
    """

  @Test("a subscription is created, updated, shown and deleted", arguments: Transport.allCases)
  func lifeCycle(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let path = "subscriptions/urn:s:1"
      let created = try await client.send("POST", "subscriptions", Self.body)
      #expect(created.status == 201)
      #expect(created["Location"] == "/ngsi-ld/v1/\(path)")
      let updated = try await client.send(
        "PATCH", path, #"{"isActive": false, "description": "d"}"#)
      #expect(updated.status == 204)
      let merged = try await client.send(
        "PATCH", path,
        #"{"notification": {"format": "concise", "endpoint": {"uri": "http://localhost:9/"}}}"#,
        headers: [("Content-Type", "application/merge-patch+json")])
      #expect(merged.status == 204)
      let shown = try await client.send("GET", path).json
      #expect(shown["status"]?.string == "paused")
      #expect(shown["description"]?.string == "d")
      #expect(shown["notification"]?["format"]?.string == "concise")
      #expect(shown["notificationTrigger"]?.count == 2)
      #expect(try await client.send("DELETE", path).status == 204)
    }
  }

  @Test("an update that is wrong changes nothing")
  func refusals() async throws {
    try await withTestTenant { client in
      #expect(try await client.send("POST", "subscriptions", Self.body).status == 201)
      for (target, fragment, status) in [
        ("urn:s:2", "{}", 404), ("no-uri", "{}", 400), ("urn:s:1", "[]", 400),
        ("urn:s:1", #"{"expiresAt": "2020-01-01T00:00:00Z"}"#, 400),
        ("urn:s:1", #"{"description": "d", "entities": null}"#, 400),
        ("urn:s:1", #"{"description": "d", "jsonKeys": "id"}"#, 400),
      ] {
        let response = try await client.send("PATCH", "subscriptions/\(target)", fragment)
        #expect(response.status == status, "\(fragment)")
      }
      let shown = try await client.send("GET", "subscriptions/urn:s:1").json
      #expect(shown["description"] == nil && shown["entities"] != nil)
    }
  }
}
