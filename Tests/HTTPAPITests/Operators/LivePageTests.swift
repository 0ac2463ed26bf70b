import TestSupport
import Testing

@Suite("The live page")
struct LivePageTests {
  @Test("the page allows nothing but itself", arguments: ["/kontext/", "/kontext"])
  func policy(path: String) async throws {
    let client = TestClient(try await TestBroker.shared(), tenant: nil)
    let pages = [try await client.send("GET", path), try await client.send("GET", path)]
    for page in pages {
      #expect(page.status == 200)
      #expect(page["Content-Type"] == "text/html; charset=utf-8")
      let policy = try #require(page["Content-Security-Policy"])
      #expect(policy.hasPrefix("default-src 'none'; script-src 'nonce-"))
      #expect(!policy.contains("unsafe"))
      #expect(!page.text.contains("{{nonce}}"))
    }
    // What someone has learned of one answer is of no use for another.
    #expect(pages[0]["Content-Security-Policy"] != pages[1]["Content-Security-Policy"])
  }

  @Test("a change appears in a browser, as text and on the map")
  func browser() async throws {
    try await withTestTenant { client in
      try await client.create(
        """
        {"id": "urn:ngsi-ld:Room:1", "type": "Room", "name": "r",
         "location": {"type": "Point", "coordinates": [13.35, 52.51]}}
        """)
      let browser = try Browser()
      defer { browser.close() }
      try browser.open(
        "http://127.0.0.1:\(client.broker.port)/kontext/?tenant=\(client.tenant ?? "")")
      try await browser.wait(for: "Connected", in: "document.getElementById('state').textContent")
      try await browser.wait(for: "1", in: "document.querySelectorAll('#map circle').length")
      let path = "entities/urn:ngsi-ld:Room:1"
      let change = #"{"name": "<img id=evil src=x>", "level": 23.25}"#
      #expect(try await client.send("PATCH", path, change).status == 204)
      let list = "document.getElementById('changes').innerText"
      try await browser.wait(for: "23.25", in: list)
      try await browser.wait(for: "<img id=evil src=x>", in: list)
      #expect(try browser.text(of: "document.getElementById('evil')") == "null")
      try await client.create(
        """
        {"id": "urn:ngsi-ld:Street:1", "type": "Street",
         "path": {"type": "LineString", "coordinates": [[13.3, 52.5], [13.4, 52.6]]}}
        """)
      try await browser.wait(for: "1", in: "document.querySelectorAll('#map polyline').length")
      #expect(try await client.send("DELETE", path).status == 204)
      try await browser.wait(for: "0", in: "document.querySelectorAll('#map circle').length")
      try await browser.wait(for: "deleted", in: list)
    }
  }
}
