import JSON
import TestSupport
import Testing

@Suite("Identity of the Context Source (5.15.1)")
struct SourceIdentityTests {
  @Test("it names the source and the tenant, and does not change")
  func alias() async throws {
    let broker = try await TestBroker.shared()
    var aliases: Set<String> = []
    for tenant in [nil, "a", "b", "a.b", "a/b", "ü"] {
      let client = TestClient(broker, .socket, tenant: tenant)
      let response = try await client.send("GET", "info/sourceIdentity")
      #expect(response.status == 200)
      #expect(response["NGSILD-Tenant"] == tenant)
      #expect(response["Link"] != nil)
      let body = response.json
      #expect(body["type"]?.string == "ContextSourceIdentity")
      let alias = try #require(body["contextSourceAlias"]?.string)
      #expect(body["id"]?.string == "urn:ngsi-ld:ContextSourceIdentity:\(alias)")
      #expect(
        alias.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/\"(),:;<=>?@[]{}".utf8.contains($0) })
      #expect(body["contextSourceUptime"]?.string?.hasPrefix("PT") == true)
      #expect(body["contextSourceTimeAt"]?.string?.hasSuffix("Z") == true)
      let again = try await client.send("GET", "info/sourceIdentity/")
      #expect(again.json["contextSourceAlias"]?.string == alias)
      aliases.insert(alias)
    }
    #expect(aliases.count == 6)
  }

  @Test("all brokers over one database are one source")
  func shared() async throws {
    let one = TestClient(try await TestBroker.shared(), tenant: nil)
    let alias = try await one.send("GET", "info/sourceIdentity").json["contextSourceAlias"]?.string
    try await withTestBroker { broker in
      let other = TestClient(broker, tenant: nil)
      let response = try await other.send(
        "GET", "info/sourceIdentity", headers: [("Accept", "application/ld+json")])
      #expect(response.json["contextSourceAlias"]?.string == alias)
      #expect(response.json["@context"] != nil)
    }
  }
}
