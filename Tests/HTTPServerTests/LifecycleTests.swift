import EventLoop
import Glibc
import HTTPServer
import Testing

@Suite("Connections over time")
struct LifecycleTests {
  @Test("an answer after the deadline is replaced by 503, and its task is cancelled")
  func deadline() async throws {
    let cancelled = Signal()
    let responder = Respond { request in
      if request.path == "/quick" { return HTTPResponse(status: 200) }
      try? await Task.sleep(for: .seconds(3600))
      cancelled.send()
      return HTTPResponse(status: 200)
    }
    try await withServer(responder, .loopback.with(\.requestDeadline, .milliseconds(50))) {
      server in
      let client = try RawClient(port: server.port)
      client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
      let response = try client.response()
      #expect(response.status == 503)
      #expect(response.header("Retry-After") == "1")
      await cancelled.wait()
      client.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.response().status == 200)
    }
  }

  @Test(
    "a request that does not arrive in time ends its connection",
    arguments: [
      "GET /a HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
    ])
  func slowRequest(start: String) async throws {
    try await withServer(Echo(), .loopback.with(\.requestDeadline, .milliseconds(50))) { server in
      let client = try RawClient(port: server.port)
      client.send(start)
      #expect(client.rest().isEmpty)
      await server.waitForConnections(0)
    }
  }

  @Test("an idle connection is closed", arguments: ["", "GET /", "\r\n\r\n"])
  func idle(start: String) async throws {
    try await withServer(Echo(), .loopback.with(\.idleTimeout, .seconds(1))) { server in
      let client = try RawClient(port: server.port)
      client.send(start)
      #expect(client.rest().isEmpty)
      await server.waitForConnections(0)
    }
  }

  @Test(
    "a client that leaves while its request runs leaves nothing behind", arguments: [true, false])
  func earlyDisconnect(resets: Bool) async throws {
    let started = Signal()
    let gone = Signal()
    let responder = Respond { request in
      if request.path == "/alive" { return HTTPResponse(status: 200) }
      started.send()
      await gone.wait()
      return HTTPResponse(status: 200, body: [UInt8](repeating: 0x61, count: 1 << 20))
    }
    try await withServer(responder) { server in
      for _ in 0..<20 {
        let client = try RawClient(port: server.port)
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
        if resets { client.reset() } else { client.close() }
        gone.send()
      }
      let client = try RawClient(port: server.port)
      client.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try client.response().status == 200)
      client.close()
      await server.waitForConnections(0)
    }
  }

  @Test("clients that leave anywhere in a request leave nothing behind")
  func brokenOff() async throws {
    let request = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"
    try await withServer(Echo(), .loopback.with(\.requestDeadline, .milliseconds(200))) { server in
      for count in 0...request.utf8.count {
        let client = try RawClient(port: server.port)
        client.send(String(request.prefix(count)))
        if count.isMultiple(of: 2) { client.reset() } else { client.close() }
      }
      await server.waitForConnections(0)
    }
  }

  @Test("connections over the limit wait until one is closed")
  func connectionLimit() async throws {
    try await withServer(Echo(), .loopback.with(\.connectionsMax, 2)) { server in
      let clients = try (0..<6).map { _ in try RawClient(port: server.port) }
      for client in clients { client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
      for client in clients {
        #expect(try client.response().status == 200)
        client.close()
      }
    }
  }

  @Test("connections of one address over its limit are closed")
  func addressLimit() async throws {
    try await withServer(Echo(), .loopback.with(\.connectionsPerAddressMax, 2)) { server in
      let clients = try (0..<3).map { _ in try RawClient(port: server.port) }
      for client in clients { client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
      let answers = clients.map { (try? $0.response().status) ?? 0 }
      #expect(answers.sorted() == [0, 200, 200])
    }
  }

  @Test("draining answers what is under way, closes what is idle and accepts no more")
  func draining() async throws {
    let started = Signal()
    let finish = Signal()
    let responder = Respond { request in
      if request.path == "/idle" { return HTTPResponse(status: 200) }
      started.send()
      await finish.wait()
      return HTTPResponse(status: 200)
    }
    try await withServer(responder) { server in
      let idle = try RawClient(port: server.port)
      idle.send("GET /idle HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try idle.response().status == 200)
      let busy = try RawClient(port: server.port)
      busy.send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
      await started.wait()

      // A child task would wait for this one's thread.
      let drained = Task(executorPreference: server.loop) {
        await server.drain(grace: .seconds(60))
      }
      #expect(idle.rest().isEmpty)
      finish.send()
      let response = try busy.response()
      #expect(response.status == 200)
      #expect(response.header("Connection") == "close")
      await drained.value
      #expect(throws: RawClient.ConnectionRefused.self) { try RawClient(port: server.port) }
    }
  }

  @Test("after the grace, and at shutdown, open requests get 503")
  func grace() async throws {
    let started = Signal()
    let cancelled = Signal()
    let responder = Respond { _ in
      started.send()
      try? await Task.sleep(for: .seconds(3600))
      cancelled.send()
      return HTTPResponse(status: 200)
    }
    try await withServer(responder) { server in
      let clients = try (0..<8).map { _ in try RawClient(port: server.port) }
      for client in clients {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
      }
      await server.drain(grace: .zero)
      for client in clients {
        #expect(try client.response().status == 503)
        #expect(client.rest().isEmpty)
        await cancelled.wait()
      }
    }
  }

  @Test("servers give back their file descriptors")
  func descriptors() async throws {
    // Other tests run beside this one and hold some hundreds of their own; a leak is more than
    // that.
    let (before, servers) = (descriptorCount(), 600)
    for _ in 0..<servers {
      try await withServer { server in
        let clients = try (0..<4).map { _ in try RawClient(port: server.port) }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(try clients[0].response().status == 200)
      }
    }
    let end = ContinuousClock.now + .seconds(60)
    while descriptorCount() >= before + servers, .now < end {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(descriptorCount() < before + servers)
  }

  private func descriptorCount() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}
