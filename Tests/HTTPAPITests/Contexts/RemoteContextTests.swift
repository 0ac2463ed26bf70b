import TestSupport
import Testing

private let contexts = "jsonldContexts"
private let one = #"{"@context": {"Room": "https://example.org/one/Room"}}"#
private let two = #"{"@context": {"Room": "https://example.org/two/Room"}}"#

extension TestClient {
  fileprivate func delete(_ url: String, reload: Bool = false) async throws -> TestResponse {
    try await send("DELETE", "\(contexts)/\(percentEncoded(url))\(reload ? "?reload=true" : "")")
  }
}

@Suite("Remote contexts")
struct RemoteContextTests {
  private static let twoRoom = "https://example.org/two/Room"

  @Test(
    "a context that cannot be had gets 504, one that is wrong 400, and nothing is created",
    arguments: [
      ("/missing", "", 504), ("/broken", one, 504), ("/html", "<html></html>", 400),
      ("/bare", #"{"Room": "urn:Room"}"#, 400), ("/number", #"{"@context": 7}"#, 400),
      ("/scoped", #"{"@context": {"a": {"@id": "urn:a", "@context": {}}}}"#, 400),
      ("/self", #"{"@context": "/self"}"#, 400), ("/import", #"{"@context": "/import/a"}"#, 400),
      ("/names-missing", #"{"@context": ["/missing"]}"#, 504),
    ])
  func faults(path: String, body: String, status: Int) async throws {
    try await ContextServer.run { server, base in
      server.set(path, body, status: path == "/broken" ? 500 : 200)
      if path == "/missing" { server.remove(path) }
      server.set("/import/a", #"{"@context": {"@import": "/import/b"}}"#)
      server.set("/import/b", #"{"@context": {"@import": "/import/a"}}"#)
      try await withTestTenant { client in
        let link = [contextLink(base + path)]
        let created = try await client.createRoom("urn:r:1", linking: base + path)
        let queried = try await client.send("GET", "entities?type=Room", headers: link)
        for response in [created, queried] {
          #expect(response.status == status, "\(response.text)")
          let type = status == 504 ? "LdContextNotAvailable" : "BadRequestData"
          #expect(response.errorType == type)
          #expect(response.detail.contains(base))
        }
        // Not even the tenant.
        #expect(try await client.send("GET", "entities?type=Room").status == 404)
      }
    }
  }

  @Test("in a batch, only the items whose context is at fault fail")
  func batch() async throws {
    try await ContextServer.run { server, base in
      server.set("/one", one)
      try await withTestTenant { client in
        let items = ["/one", "/missing"].map {
          #"{"id": "urn:r:\#($0.count)", "type": "Room", "@context": "\#(base)\#($0)"}"#
        }
        let response = try await client.send(
          "POST", "entityOperations/create", "[\(items.joined(separator: ","))]",
          headers: [("Content-Type", "application/ld+json")])
        #expect(response.status == 207)
        let error = response.json["errors"]?.elements.first { _ in true }?["error"]
        #expect(error?["status"]?.integer == 504)
        #expect(error?["type"]?.string?.hasSuffix("LdContextNotAvailable") == true)
        #expect(response.json["success"]?.count == 1)
      }
    }
  }

  @Test("contexts that include one another for ever, or too many, are refused")
  func chains() async throws {
    try await ContextServer.run { server, base in
      server.set("/a", #"{"@context": ["/b"]}"#)
      server.set("/b", #"{"@context": ["/a"]}"#)
      for number in 0..<12 { server.set("/deep\(number)", #"{"@context": "/deep\#(number + 1)"}"#) }
      let names = (0..<40).map { #""/leaf\#($0)""# }.joined(separator: ",")
      for number in 0..<40 { server.set("/leaf\(number)", one) }
      server.set("/wide", #"{"@context": [\#(names)]}"#)
      try await withTestTenant { client in
        for path in ["/a", "/deep0", "/wide"] {
          let response = try await client.createRoom("urn:r:1", linking: base + path)
          #expect(response.status == 400 && response.errorType == "BadRequestData", "\(path)")
        }
        #expect(server.requests(of: "/deep10") == 0)
        #expect(server.requests(of: "/leaf39") == 0)
      }
    }
  }

  @Test("requests that want the same context wait for one download, and share its failure")
  func together() async throws {
    try await ContextServer.run { server, base in
      server.set("/one", one)
      try await withTestTenant { client in
        for (path, status) in [("/one", 201), ("/missing", 504)] {
          let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<16 {
              group.addTask {
                try await client.createRoom("urn:r:\(number)", linking: base + path).status
              }
            }
            return try await group.reduce(into: []) { $0.append($1) }
          }
          #expect(statuses == Array(repeating: status, count: 16))
          #expect(server.requests(of: path) == 1)
        }
      }
    }
  }

  @Test("a copy is listed for all tenants, not served, and deleted by its URL or its id")
  func copies() async throws {
    try await ContextServer.run { server, base in
      server.set("/one", one)
      let url = "\(base)/one"
      try await withTestTenant { client in
        for byURL in [true, false] {
          #expect(try await client.createRoom("urn:r:\(byURL)", linking: url).status == 201)
          let details = try await client.details(url).json
          #expect(details["URL"]?.string == url)
          #expect(details["kind"]?.string == "Cached")
          #expect(details["numberOfHits"]?.integer == 1)
          #expect(details["expiresAt"]?.string?.hasSuffix("Z") == true)
          let other = TestClient(client.broker, tenant: newTenantName())
          let list = try await other.send("GET", "\(contexts)?kind=Cached").json
          #expect(list.elements.contains { $0.string == url })
          let raw = try await client.send("GET", "\(contexts)/\(percentEncoded(url))")
          #expect(raw.status == 422 && raw.errorType == "OperationNotSupported")
          let id = details["localId"]?.string ?? ""
          #expect(try await client.delete(byURL ? url : id).status == 204)
          #expect(try await client.details(url).status == 404)
          #expect(try await client.delete(url).status == 404)
        }
        #expect(server.requests(of: "/one") == 2)
      }
    }
  }

  @Test("reloading replaces a copy at all brokers, or leaves it if that fails")
  func reload() async throws {
    try await ContextServer.run { server, base in
      server.set("/one", one)
      let url = "\(base)/one"
      try await withTestTenant { client in
        try await withTestBroker { broker in
          let second = TestClient(broker, tenant: client.tenant)
          #expect(try await client.createRoom("urn:r:1", linking: url).status == 201)
          #expect(try await second.createRoom("urn:r:2", linking: url).status == 201)
          server.set("/one", two)
          #expect(try await client.delete(url, reload: true).status == 204)
          #expect(try await client.type(of: "urn:r:3", linking: url) == Self.twoRoom)
          var number = 3
          try await until("the second broker has the new copy") {
            number += 1
            return try await second.type(of: "urn:r:\(number)", linking: url) == Self.twoRoom
          }
          // Downloaded by the first, and by the reload; the second broker read the copies.
          #expect(server.requests(of: "/one") == 2)
        }
        for broken in ["<html>", #"{"@context": 7}"#, nil] {
          if let broken { server.set("/one", broken) } else { server.remove("/one") }
          let response = try await client.delete(url, reload: true)
          #expect(response.status == 504 && response.errorType == "LdContextNotAvailable")
          #expect(try await client.details(url).status == 200)
        }
        #expect(try await client.delete(url).status == 204)
      }
    }
  }

  @Test("a broker that starts while the host is away takes the copy, even an expired one")
  func restart() async throws {
    var url = ""
    try await ContextServer.run { server, base in
      server.set("/one", one)
      url = "\(base)/one"
      try await withTestTenant { client in
        let created = try await client.createRoom("urn:r:1", linking: "\(base)/one")
        #expect(created.status == 201)
      }
    }
    try await withTestTenant { client in
      _ = try await client.query(
        "UPDATE context SET expires = now() - interval '1 day' WHERE url = \(url)")
      try await withTestBroker { broker in
        let second = TestClient(broker, tenant: client.tenant)
        let created = try await second.createRoom("urn:r:1", linking: url)
        #expect(created.status == 201)
      }
      _ = try await client.query(
        "UPDATE context SET loaded = now() - interval '1 month' WHERE url = \(url)")
      try await withTestBroker { broker in
        let third = TestClient(broker, tenant: client.tenant)
        let created = try await third.createRoom("urn:r:2", linking: url)
        #expect(created.status == 504)
      }
      _ = try await client.delete(url)
    }
  }
}

extension TestClient {
  /// The expanded type of a new room.
  fileprivate func type(of id: String, linking url: String) async throws -> String {
    #expect(try await createRoom(id, linking: url).status == 201)
    return try await send("GET", "entities/\(id)").json["type"]?.string ?? ""
  }
}
