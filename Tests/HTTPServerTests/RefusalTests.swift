import HTTPServer
import Testing

@Suite("Requests that are refused")
struct RefusalTests {
  @Test(
    "ambiguous and malformed requests are refused, and the connection is closed",
    arguments: [
      (400, "GET / HTTP/1.1\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n \r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nC: 5\r\n ontent-Length\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n"),
      (400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "GET /a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
      (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
      (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
      (
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "0\r\n\r\n"
      ),
      (
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
          + "0\r\n\r\n"
      ),
      (400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
      (
        501,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
          + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      ),
      (414, "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
      (431, "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 17000))\r\n\r\n"),
      // Answered by libmicrohttpd itself.
      (400, "GET /\r\n\r\n"),
      (505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
      (400, "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
      (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
      (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na"),
      (413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na"),
      (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"),
    ])
  func malformed(status: Int, request: String) async throws {
    try await withServer(Respond { _ in HTTPResponse(status: 200) }) { server in
      let client = try RawClient(port: server.port)
      client.send(request)
      client.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = client.rest()
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
      #expect(!answer.contains(" 200 OK"))
      #expect(answer.split(separator: "HTTP/1.1 ").count == 1, "\(answer)")
    }
  }

  @Test(
    "a length that libmicrohttpd refuses by itself gets the responder's answer",
    arguments: [(400, "-1"), (400, "1, 1"), (400, "x"), (413, "99999999999999999999")])
  func length(status: Int, length: String) async throws {
    try await withServer(Respond { _ in HTTPResponse(status: 200) }) { server in
      let other = try RawClient(port: server.port)
      other.send("GET / HTTP/1.1\r\nHos")
      let client = try RawClient(port: server.port)
      for _ in 0..<2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 200)
      }
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\nabc")
      let refusal = try client.response()
      #expect(refusal.status == status)
      #expect(refusal.header("Content-Type") == "text/plain; charset=utf-8")
      #expect(refusal.header("Connection") == "close")
      #expect(refusal.body.contains("Content-Length"))
      #expect(client.rest().isEmpty)
      other.send("t: a\r\n\r\n")
      #expect(try other.response().status == 200)
    }
  }

  @Test("a refusal comes from the responder, before the body is read")
  func refusal() async throws {
    let responder = Respond(
      refuse: { head in
        head.method == "POST" && !head.headers.contains("content-type")
          ? HTTPResponse(status: 415, headers: [("X-Refused", "yes")]) : nil
      }, { _ in HTTPResponse(status: 200) })
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
      let refused = try client.response()
      #expect(refused.status == 415)
      #expect(refused.header("X-Refused") == "yes")
      // The connection lives on, since the body was read and dropped.
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nContent-Length: 3\r\n\r\nabc")
      #expect(try client.response().status == 200)
    }
  }

  @Test("a client that waits for 100 Continue is refused without it")
  func refusedExpectation() async throws {
    let responder = Respond(
      refuse: { _ in HTTPResponse(status: 413) }, { _ in HTTPResponse(status: 200) })
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
      #expect(try client.response().status == 413)
      #expect(client.rest().isEmpty)
    }
  }

  @Test("a client that waits for 100 Continue gets it once the head is accepted")
  func acceptedExpectation() async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
      #expect(try client.response().status == 100)
      client.send("abc")
      #expect(try client.response().body.hasSuffix("\nabc"))
    }
  }

  @Test("a body over the bound gets 413, announced or not, and the connection lives on")
  func tooLarge() async throws {
    try await withServer(Echo(), .loopback.with(\.bodyBytesMax, 1000)) { server in
      let client = try RawClient(port: server.port)
      let long = String(repeating: "a", count: 1001)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n\(long)")
      #expect(try client.response().status == 413)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<3 { client.send("190\r\n\(long.prefix(400))\r\n") }
      client.send("0\r\n\r\n")
      #expect(try client.response().status == 413)
      client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n\(long.dropLast())")
      #expect(try client.response().status == 200)
    }
  }

  @Test("a body far over the bound ends the connection")
  func farTooLarge() async throws {
    let configuration = HTTPServerConfiguration.loopback
      .with(\.bodyBytesMax, 1000).with(\.discardedBytesMax, 2000)
    try await withServer(Echo(), configuration) { server in
      let announced = try RawClient(port: server.port)
      announced.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n")
      #expect(announced.rest().hasPrefix("HTTP/1.1 413 "))
      let chunked = try RawClient(port: server.port)
      chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n")
      while chunked.send([UInt8](repeating: 0x61, count: 100_000)) {}
      #expect(chunked.rest().isEmpty)
    }
  }

  @Test("a flood of header fields is refused", arguments: [1000, 100_000])
  func headerFlood(count: Int) async throws {
    try await withServer { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.1\r\nHost: x\r\n")
      client.send(String(repeating: "a: b\r\n", count: count) + "\r\n")
      let answer = client.rest()
      // A client that is still writing may lose the answer to the reset.
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431 "), "\(answer.prefix(100))")
    }
  }

  @Test("broken requests leave the server at work")
  func mutations() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let original = Array(
      """
      POST /ngsi-ld/v1/entities?q=a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\
      Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n7\r\nabcdefg\r\n0\r\n\r\n
      """.utf8)
    try await withServer(Echo(), .loopback.with(\.requestDeadline, .milliseconds(200))) { server in
      var generator = Generator(state: seed)
      for _ in 0..<500 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          mutate(&bytes, using: &generator)
        }
        let client = try RawClient(port: server.port)
        client.send(bytes)
        client.endSending()
        _ = client.rest()
      }
      let client = try RawClient(port: server.port)
      client.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.response().status == 200, "seed \(seed)")
      client.close()
      await server.waitForConnections(0)
    }
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout Generator) {
    let position = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes.remove(at: position)
    case 2:
      bytes.insert([0x0D, 0x0A, 0x20, 0x3A, 0x00].randomElement(using: &generator)!, at: position)
    default: bytes.removeSubrange(position..<min(bytes.count, position + 9))
    }
    if bytes.isEmpty { bytes = [0x0D] }
  }
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
