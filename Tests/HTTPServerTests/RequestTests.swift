import HTTPServer
import Testing

@Suite("Requests and responses")
struct RequestTests {
  @Test(
    "the target arrives as it was sent",
    arguments: [
      ("/a/b", "/a/b", "no query"),
      ("/a%2Fb%3A%41", "/a%2Fb%3A%41", "no query"),
      ("/a?", "/a", ""),
      ("/a?q=x%20y+z&q=%26;~=\"?", "/a", "q=x%20y+z&q=%26;~=\"?"),
      ("/urn:ngsi-ld:T:1?a=b=c", "/urn:ngsi-ld:T:1", "a=b=c"),
      ("/caf\u{e9}?\u{e9}", "/caf\u{e9}", "\u{e9}"),
      ("http://other.example:8080/p?q", "/p", "q"),
      ("*", "*", "no query"),
    ])
  func target(sent: String, path: String, query: String) async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      client.send("OPTIONS \(sent) HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response()
      #expect(response.status == 200)
      #expect(response.body == "OPTIONS\n\(path)\n\(query)\n127.0.0.1\n")
    }
  }

  @Test("a body arrives whole, announced or in chunks")
  func bodies() async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345")
      #expect(try client.response().body.hasSuffix("\n12345"))
      client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      client.send("3\r\n123\r\n")
      client.send("2;ext=1\r\n45\r\n0\r\nTrailer: x\r\n\r\n")
      #expect(try client.response().body.hasSuffix("\n12345"))
    }
  }

  @Test("a large body arrives whole, and a large response leaves whole")
  func largeBodies() async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      let body = String(repeating: "0123456789", count: 200_000)
      client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
      client.send(body)
      #expect(try client.response().body.hasSuffix(body))
    }
  }

  @Test("header fields keep their order, and are found in any case")
  func headerFields() async throws {
    let responder = Respond { request in
      let fields = request.headers.fields.map { "\($0.name)=\($0.value)" }
      let link = request.headers.all("LINK").joined(separator: "|")
      let missing = request.headers.first("Accept") ?? "none"
      return HTTPResponse(
        status: 200, body: Array("\(fields.joined(separator: ";")) \(link) \(missing)".utf8))
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.1\r\nHost: x\r\nlink: a\r\nLink:b \t\r\nEmpty:\r\n\r\n")
      #expect(try client.response().body == "Host=x;link=a;Link=b;Empty= a|b none")
    }
  }

  @Test("the headers of a response keep their case, order and repetition")
  func responseHeaders() async throws {
    let responder = Respond { _ in
      HTTPResponse(
        status: 201,
        headers: [
          ("NGSILD-Tenant", "t"), ("link", "<a>"), ("Link", "<b>"), ("Content-Length", "77"),
          ("Content-Type", "application/ld+json"),
        ], body: [0x61])
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response()
      let names = response.headers.map(\.name).filter { $0 != "Date" }
      #expect(names == ["NGSILD-Tenant", "link", "Link", "Content-Type", "Content-Length"])
      #expect(response.header("Content-Length") == "1")
      #expect(response.header("Server") == nil)
    }
  }

  @Test(
    "reason phrases are standard",
    arguments: [
      (200, "OK"), (201, "Created"), (204, "No Content"), (207, "Multi-Status"),
      (400, "Bad Request"), (404, "Not Found"), (405, "Method Not Allowed"),
      (406, "Not Acceptable"), (409, "Conflict"), (413, "Content Too Large"),
      (415, "Unsupported Media Type"), (422, "Unprocessable Content"),
      (429, "Too Many Requests"), (501, "Not Implemented"), (502, "Bad Gateway"),
      (503, "Service Unavailable"), (504, "Gateway Timeout"), (508, "Loop Detected"),
    ])
  func reasons(status: Int, reason: String) async throws {
    try await withServer(Respond { _ in HTTPResponse(status: status) }) { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response()
      #expect(response.status == status)
      #expect(response.reason == reason)
    }
  }

  @Test("204 has no Content-Length, an empty 200 has one")
  func emptyBodies() async throws {
    let responder = Respond { HTTPResponse(status: $0.path == "/204" ? 204 : 200) }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("DELETE /204 HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.response().header("Content-Length") == nil)
      client.send("DELETE /200 HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.response().header("Content-Length") == "0")
    }
  }

  @Test("HEAD gets the headers of GET and no body")
  func head() async throws {
    try await withServer(Respond { _ in HTTPResponse(status: 200, body: [1, 2, 3]) }) { server in
      let client = try RawClient(port: server.port)
      client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
      for _ in 0..<2 {
        let response = try client.response(hasBody: false)
        #expect(response.status == 200)
        #expect(response.header("Content-Length") == "3")
      }
    }
  }

  @Test("HTTP/1.0 and Connection: close end the connection")
  func closing() async throws {
    try await withServer { server in
      for request in [
        "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      ] {
        let client = try RawClient(port: server.port)
        client.send(request)
        #expect(try client.response().status == 200)
        #expect(client.rest().isEmpty)
      }
    }
  }

  @Test("a response that would be split by a line break becomes 500")
  func splitting() async throws {
    let responder = Respond { _ in
      HTTPResponse(status: 200, headers: [("Location", "/a\r\nX-Evil: 1")])
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response()
      #expect(response.status == 500)
      #expect(response.header("X-Evil") == nil)
    }
  }

  @Test("64 pipelined requests are answered in order")
  func pipelining() async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      client.send(
        (0..<64).map { "POST /\($0) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab" }.joined())
      for number in 0..<64 {
        #expect(try client.response().body == "POST\n/\(number)\nno query\n127.0.0.1\nab")
      }
    }
  }

  @Test("pipelined requests whose answers take a while are answered in order")
  func slowPipelining() async throws {
    let responder = Respond { request in
      for _ in 0..<20 { await Task.yield() }
      return HTTPResponse(status: 200, body: Array(request.path.utf8))
    }
    try await withServer(responder) { server in
      let clients = try (0..<8).map { _ in try RawClient(port: server.port) }
      for client in clients {
        client.send((0..<64).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
      }
      for client in clients {
        for number in 0..<64 { #expect(try client.response().body == "/\(number)") }
      }
    }
  }

  @Test("the default address serves IPv4 and IPv6")
  func bothFamilies() async throws {
    try await withServer(Echo(), .loopback.with(\.address, "*")) { server in
      for isV6 in [false, true] {
        let client = try RawClient(port: server.port, v6: isV6)
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().body.contains(isV6 ? "\n::1\n" : "\n127.0.0.1\n"))
      }
    }
  }

  @Test("servers share a port")
  func sharedPort() async throws {
    try await withServer { first in
      try await withServer(Echo(), .loopback.with(\.port, first.port)) { second in
        #expect(second.port == first.port)
        for _ in 0..<16 {
          let client = try RawClient(port: first.port)
          client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
          #expect(try client.response().status == 200)
        }
      }
    }
  }

  @Test("an address that cannot be listened on is named")
  func addresses() async throws {
    await #expect(throws: HTTPServerError.addressInvalid("localhost:1")) {
      try await withServer(Echo(), .loopback.with(\.address, "localhost:1")) { _ in }
    }
    await #expect {
      try await withServer(Echo(), .loopback.with(\.address, "192.0.2.1")) { _ in }
    } throws: {
      "\($0)".contains("192.0.2.1")
    }
  }
}
