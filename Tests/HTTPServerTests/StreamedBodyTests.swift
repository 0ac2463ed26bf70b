import EventLoop
import HTTPServer
import Synchronization
import Testing

@Suite("Bodies that are written while they are sent")
struct StreamedBodyTests {
  @Test("pieces arrive as they are written, and the connection goes on")
  func pieces() async throws {
    let next = Signal()
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      for piece in ["one", "two", "three"] {
        try await writer.write(Array(piece.utf8))
        await next.wait()
      }
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      for _ in 0..<2 {
        client.send(.get)
        let head = try client.response(hasBody: false)
        #expect(head.status == 200)
        #expect(head.header("Transfer-Encoding") == "chunked")
        #expect(head.header("Content-Length") == nil)
        for piece in ["one", "two", "three"] {
          #expect(try client.chunk() == Array(piece.utf8))
          next.send()
        }
        #expect(try client.chunk() == nil)
      }
    }
  }

  @Test("a body may have no bytes")
  func empty() async throws {
    try await withServer(stream { _ in }) { server in
      let client = try RawClient(port: server.port)
      for _ in 0..<2 {
        client.send(.get)
        #expect(try client.response(hasBody: false).status == 200)
        #expect(try client.chunk() == nil)
      }
    }
  }

  @Test("a large body arrives whole, whatever the pieces", arguments: [1, 1000, 70_000, 3_000_000])
  func large(pieceBytes: Int) async throws {
    let count = min(3_000_000 / pieceBytes + 1, 20_000)
    let piece = (0..<pieceBytes).map { UInt8(truncatingIfNeeded: $0 &* $0) }
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      for _ in 0..<count { try await writer.write(piece) }
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send(.get)
      _ = try client.response(hasBody: false)
      #expect(try client.chunks() == Array(repeating: piece, count: count).flatMap { $0 })
    }
  }

  @Test("a slow reader holds up its producer, and nobody else")
  func slowReader() async throws {
    let written = Atomic<Int>(0)
    let piece = [UInt8](repeating: 0x61, count: 16 << 10)
    // What the system's own buffers take is a few megabytes.
    let pieces = 4096
    let aheadMax = 16 << 20
    let responder = Respond { request in
      guard request.path == "/stream" else { return HTTPResponse(status: 204) }
      return .stream { writer throws(HTTPBodyBrokenOff) in
        for _ in 0..<pieces {
          try await writer.write(piece)
          written.add(piece.count, ordering: .relaxed)
        }
      }
    }
    try await withServer(responder) { server in
      let slow = try RawClient(port: server.port)
      slow.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try slow.response(hasBody: false)
      var received = 0
      while let chunk = try slow.chunk() {
        received += chunk.count
        let ahead = written.load(ordering: .relaxed) - received
        guard ahead <= aheadMax else {
          Issue.record("The producer is \(ahead) bytes ahead of its reader")
          return
        }
        if received < 1 << 20 {
          let other = try RawClient(port: server.port)
          other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
          #expect(try other.response().status == 204)
        }
      }
      #expect(received == pieces * piece.count)
    }
  }

  @Test(
    "a client that leaves ends its producer, whether that waits or writes",
    arguments: [true, false], [true, false])
  func departure(resets: Bool, writes: Bool) async throws {
    let ended = Signal()
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      defer { ended.send() }
      try await writer.write([0x61])
      while writes { try await writer.write([UInt8](repeating: 0x61, count: 1 << 16)) }
      try? await Task.sleep(for: .seconds(3600))
    }
    try await withServer(responder) { server in
      for _ in 0..<3 {
        let client = try RawClient(port: server.port)
        client.send(.get)
        _ = try client.response(hasBody: false)
        _ = try client.chunk()
        if resets { client.reset() } else { client.close() }
        await ended.wait()
      }
      await server.waitForConnections(0)
    }
  }

  @Test("HEAD gets the headers, and no producer runs")
  func head() async throws {
    let responder = stream { _ in Issue.record("The producer runs") }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response(hasBody: false)
      #expect(response.status == 200)
      #expect(response.header("Content-Type") == "text/plain")
      #expect(response.header("Content-Length") == nil)
      #expect(client.rest().isEmpty)
      await server.waitForConnections(0)
    }
  }

  @Test("HTTP/1.0, which knows no chunks, gets the plain body and the end of the connection")
  func oldVersion() async throws {
    let piece = [UInt8](repeating: 0x61, count: 5000)
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      for _ in 0..<10 { try await writer.write(piece) }
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let response = try client.response(hasBody: false)
      #expect(response.header("Transfer-Encoding") == nil)
      #expect(client.rest() == String(repeating: "a", count: 50_000))
    }
  }

  @Test("a producer that fails midway breaks the connection off")
  func failure() async throws {
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      try await writer.write(Array("half".utf8))
      throw HTTPBodyBrokenOff()
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send(.get)
      #expect(try client.response(hasBody: false).status == 200)
      #expect(throws: RawClient.ConnectionClosed.self) { try client.chunks() }
      await server.waitForConnections(0)
    }
  }

  @Test("a producer that is silent for too long is given up")
  func silence() async throws {
    let ended = Signal()
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      defer { ended.send() }
      try await writer.write(Array("half".utf8))
      try? await Task.sleep(for: .seconds(3600))
    }
    try await withServer(responder, .loopback.with(\.requestDeadline, .milliseconds(50))) {
      server in
      let client = try RawClient(port: server.port)
      client.send(.get)
      _ = try client.response(hasBody: false)
      #expect(throws: RawClient.ConnectionClosed.self) { try client.chunks() }
      await ended.wait()
      await server.waitForConnections(0)
    }
  }

  @Test("a head that cannot be sent becomes 500, and its producer ends")
  func malformedHead() async throws {
    let ended = Signal()
    let responder = Respond { _ in
      HTTPResponse(status: 200, headers: [("Location", "/a\r\nX-Evil: 1")]) {
        writer throws(HTTPBodyBrokenOff) in
        defer { ended.send() }
        while true { try await writer.write([UInt8](repeating: 0x61, count: 1 << 16)) }
      }
    }
    try await withServer(responder) { server in
      let client = try RawClient(port: server.port)
      client.send(.get)
      #expect(try client.response().status == 500)
      await ended.wait()
    }
  }

  @Test("draining waits for a body under way, shutting down does not", arguments: [true, false])
  func ending(drains: Bool) async throws {
    let finish = Signal()
    let responder = stream { writer throws(HTTPBodyBrokenOff) in
      try await writer.write(Array("one".utf8))
      await finish.wait()
      try await writer.write(Array("two".utf8))
    }
    try await withServer(responder) { server in
      let clients = try (0..<8).map { _ in try RawClient(port: server.port) }
      for client in clients {
        client.send(.get)
        _ = try client.response(hasBody: false)
        #expect(try client.chunk() == Array("one".utf8))
      }
      let ended = Task(executorPreference: server.loop) {
        await server.drain(grace: drains ? .seconds(60) : .zero)
      }
      if drains { for _ in clients { finish.send() } }
      for client in clients {
        #expect((try? client.chunks()) == (drains ? Array("two".utf8) : nil))
      }
      await ended.value
      if !drains { for _ in clients { finish.send() } }
    }
  }

  private func stream(_ produce: @escaping HTTPBodyProducer) -> Respond {
    Respond { _ in .stream(produce) }
  }
}

extension HTTPResponse {
  fileprivate static func stream(_ produce: @escaping HTTPBodyProducer) -> HTTPResponse {
    HTTPResponse(status: 200, headers: [("Content-Type", "text/plain")], producer: produce)
  }
}

extension String {
  fileprivate static let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
}
