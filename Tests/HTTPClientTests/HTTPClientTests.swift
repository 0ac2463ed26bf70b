import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import Testing

/// A client and a server on one loop, and the server's address.
private struct Peers: Sendable {
  let client: HTTPClient
  let server: HTTPServer
  let loop: EventLoop
  let url: String
}

private func withPeers(
  _ responder: Respond = Respond { _ in HTTPResponse(status: 200) },
  _ configuration: HTTPClientConfiguration = .loopback,
  _ body: (Peers) async throws -> Void
) async throws {
  var serverConfiguration = HTTPServerConfiguration()
  serverConfiguration.address = "127.0.0.1"
  let loop = EventLoop()
  let server = try HTTPServer(
    loop: loop, configuration: serverConfiguration, responder: responder)
  let client = HTTPClient(loop: loop, configuration: configuration)
  let thread = loop.start()
  let peers = Peers(
    client: client, server: server, loop: loop, url: "http://127.0.0.1:\(server.port)")
  var failure: (any Error)?
  do { try await body(peers) } catch { failure = error }
  await client.shutDown()
  await server.shutDown()
  loop.stop()
  thread.join()
  if let failure { throw failure }
}

extension HTTPClientConfiguration {
  fileprivate static var loopback: HTTPClientConfiguration {
    let loopback = ["127.0.0.0/8", "::1"].compactMap(AddressBlock.init(parsing:))
    return HTTPClientConfiguration().with(\.addressPolicy, AddressPolicy(allowing: loopback))
  }

  fileprivate func with<Value>(
    _ bound: WritableKeyPath<HTTPClientConfiguration, Value>, _ value: Value
  ) -> HTTPClientConfiguration {
    var configuration = self
    configuration[keyPath: bound] = value
    return configuration
  }
}

private final class Respond: HTTPResponder {
  let answer: @Sendable (HTTPRequest) async -> HTTPResponse

  init(_ answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) { self.answer = answer }

  func respond(to request: HTTPRequest) async -> HTTPResponse { await answer(request) }
}

/// Answers after an hour, or when it is cancelled.
@Sendable private func hang(_ request: HTTPRequest) async -> HTTPResponse {
  try? await Task.sleep(for: .seconds(3600))
  return HTTPResponse(status: 200)
}

@Suite("HTTP client")
struct HTTPClientTests {
  @Test(
    "requests arrive as they were meant",
    arguments: [
      ("GET", ""), ("POST", "body"), ("POST", ""), ("PATCH", "body"), ("PUT", "body"),
      ("DELETE", ""), ("DELETE", "body"), ("GET", "body"), ("PURGE", ""),
    ])
  func requests(method: String, body: String) async throws {
    let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      let fields = request.headers.fields.filter { $0.name != "Host" }
        .map { "\($0.name)=\($0.value)" }
      let target = request.path + "?" + (request.query ?? "")
      let text = String(decoding: request.body, as: UTF8.self)
      return HTTPResponse(
        status: 207, headers: [("X-One", "1"), ("x-one", "2")],
        body: Array("\(request.method) \(target) \(fields.joined(separator: ";")) \(text)".utf8))
    }
    try await withPeers(Respond(echo)) { peers in
      let hasLength = !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method)
      let length = hasLength ? ";Content-Length=\(body.utf8.count)" : ""
      for _ in 0..<2 {
        let response = try await peers.client.send(
          HTTPClientRequest(
            method: method, url: "\(peers.url)/a%2Fb?c=%20", headers: [("X-A", "b"), ("X-E", "")],
            body: Array(body.utf8)))
        #expect(response.status == 207)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text == "\(method) /a%2Fb?c=%20 X-A=b;X-E=\(length) \(body)")
        #expect(response.headers.all("X-ONE") == ["1", "2"])
        #expect(response.headers.first("absent") == nil)
      }
    }
  }

  @Test("a header field is sent as it is, also after one in another Unicode normal form")
  func normalForms() async throws {
    let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      HTTPResponse(status: 200, body: Array((request.headers.first("X-A") ?? "").utf8))
    }
    try await withPeers(Respond(echo)) { peers in
      for value in ["\u{e9}", "e\u{301}", ""] {
        let response = try await peers.client.send(
          HTTPClientRequest(url: peers.url, headers: [("X-A", value)]))
        #expect(response.body == Array(value.utf8))
      }
    }
  }

  @Test("HEAD has a status and headers, no body")
  func head() async throws {
    try await withPeers(Respond { _ in HTTPResponse(status: 200, body: [1, 2, 3]) }) { peers in
      let response = try await peers.client.send(HTTPClientRequest(method: "HEAD", url: peers.url))
      #expect(response.body.isEmpty)
      #expect(response.headers.first("Content-Length") == "3")
    }
  }

  @Test("any status is a response", arguments: [204, 304, 404, 500, 503])
  func statuses(status: Int) async throws {
    try await withPeers(Respond { _ in HTTPResponse(status: status) }) { peers in
      let response = try await peers.client.send(HTTPClientRequest(url: peers.url))
      #expect(response.status == status)
      #expect(response.finalURL == peers.url)
    }
  }

  @Test("large bodies travel whole in both directions")
  func largeBodies() async throws {
    try await withPeers(Respond { HTTPResponse(status: 200, body: $0.body) }) { peers in
      let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let response = try await peers.client.send(
        HTTPClientRequest(method: "POST", url: peers.url, body: body))
      #expect(response.body == body)
    }
  }

  @Test("requests one after another use one connection")
  func keepAlive() async throws {
    try await withPeers { peers in
      for _ in 0..<50 { _ = try await peers.client.send(HTTPClientRequest(url: peers.url)) }
      let count = await Task(executorPreference: peers.loop) { peers.server.connectionCount }.value
      #expect(count == 1)
    }
  }

  @Test("requests beyond the connections of a host wait for one")
  func perHostLimit() async throws {
    let responder = Respond { _ in
      for _ in 0..<20 { await Task.yield() }
      return HTTPResponse(status: 200)
    }
    try await withPeers(responder, .loopback.with(\.connectionsPerHostMax, 2)) { peers in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<100 {
          group.addTask { try await peers.client.send(HTTPClientRequest(url: peers.url)).status }
        }
        for try await status in group { #expect(status == 200) }
      }
      let count = await Task(executorPreference: peers.loop) { peers.server.connectionCount }.value
      #expect(count <= 2)
    }
  }

  @Test("a server that hangs is given up at the timeout, also by requests that wait for it")
  func timeout() async throws {
    try await withPeers(Respond(hang), .loopback.with(\.connectionsPerHostMax, 1)) { peers in
      let request = HTTPClientRequest(url: peers.url, timeout: .milliseconds(100))
      await withTaskGroup(of: HTTPClientError?.self) { group in
        for _ in 0..<3 { group.addTask { await peers.client.failure(of: request) } }
        for await error in group { #expect(error == .timeout(.milliseconds(100))) }
      }
    }
  }

  @Test("a cancelled task breaks its request off")
  func cancellation() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let responder = Respond {
      start.yield()
      return await hang($0)
    }
    try await withPeers(responder) { peers in
      for isOnLoop in [false, true] {
        let request = HTTPClientRequest(url: peers.url, timeout: .seconds(3600))
        let executor: (any TaskExecutor)? = isOnLoop ? peers.loop : nil
        let task = Task(executorPreference: executor) {
          await peers.client.failure(of: request)
        }
        for await _ in started { break }
        task.cancel()
        #expect(await task.value == .cancelled)
      }
    }
  }

  @Test("a task that is cancelled already sends nothing")
  func cancelledBefore() async throws {
    try await withPeers { peers in
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        return await peers.client.failure(of: HTTPClientRequest(url: peers.url))
      }
      task.cancel()
      #expect(await task.value == .cancelled)
    }
  }

  @Test("shutting down breaks requests off")
  func shutDown() async throws {
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let responder = Respond {
      start.yield()
      return await hang($0)
    }
    try await withPeers(responder) { peers in
      let request = HTTPClientRequest(url: peers.url, timeout: .seconds(3600))
      async let error = peers.client.failure(of: request)
      for await _ in started { break }
      await peers.client.shutDown()
      #expect(await error == .cancelled)
      #expect(await peers.client.failure(of: request) == .cancelled)
    }
  }

  @Test("a response over its bound is refused, announced or not", arguments: [true, false])
  func tooLarge(isAnnounced: Bool) async throws {
    let chunk = "3E8\r\n\(String(repeating: "a", count: 1000))\r\n"
    let response =
      isAnnounced
      ? "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
      : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)\(chunk)0\r\n\r\n"
    try await withPeers { peers in
      let url = try answerOnce(with: response)
      let request = HTTPClientRequest(url: url, responseBytesMax: 1000)
      let error = await peers.client.failure(of: request)
      #expect(error == .tooLarge(bytesMax: 1000))
    }
  }

  @Test("a flood of header fields is refused")
  func headerFlood() async throws {
    let flood = String(repeating: "X: \(String(repeating: "a", count: 1000))\r\n", count: 400)
    try await withPeers { peers in
      let url = try answerOnce(with: "HTTP/1.1 200 OK\r\n\(flood)\r\n")
      let error = await peers.client.failure(of: HTTPClientRequest(url: url))
      #expect(error != nil)
    }
  }

  @Test(
    "a connection that breaks is an error",
    arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
  func interrupted(response: String) async throws {
    try await withPeers { peers in
      let url = try answerOnce(with: response)
      let error = await peers.client.failure(of: HTTPClientRequest(url: url))
      guard case .interrupted = error else {
        Issue.record("\(error.debugDescription)")
        return
      }
    }
  }

  @Test("a server that speaks no TLS is an error under https")
  func tls() async throws {
    try await withPeers { peers in
      let request = HTTPClientRequest(url: "https://127.0.0.1:\(peers.server.port)")
      guard case .tls = await peers.client.failure(of: request) else {
        Issue.record("The request does not fail on TLS")
        return
      }
    }
  }

  @Test("a port where nobody listens is an error")
  func refusedConnection() async throws {
    try await withPeers { peers in
      let (listener, port) = try listen()
      close(listener)
      let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)")
      guard case .connect = await peers.client.failure(of: request) else {
        Issue.record("The request does not fail to connect")
        return
      }
    }
  }

  @Test("an idle connection that the server closed is replaced")
  func staleConnection() async throws {
    try await withPeers { peers in
      _ = try await peers.client.send(HTTPClientRequest(url: peers.url))
      // The server answers this one with `Connection: close`.
      await peers.server.stopAccepting()
      let response = try await peers.client.send(HTTPClientRequest(url: peers.url))
      #expect(response.headers.first("Connection") == "close")
    }
  }

  @Test("redirects are followed as far as the request says")
  func redirects() async throws {
    let redirect: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
      let number = Int(request.path.dropFirst()) ?? 0
      if number == 0 { return HTTPResponse(status: 200, body: [0x61]) }
      return HTTPResponse(
        status: 302, headers: [("Location", "/\(number - 1)"), ("X-Hop", "\(number)")], body: [0x62]
      )
    }
    try await withPeers(Respond(redirect)) { peers in
      func send(_ path: String, max: Int, _ method: String = "GET") async throws(HTTPClientError)
        -> HTTPClientResponse
      {
        try await peers.client.send(
          HTTPClientRequest(method: method, url: peers.url + path, redirectsMax: max))
      }
      let unfollowed = try await send("/1", max: 0)
      #expect(unfollowed.status == 302)
      #expect(unfollowed.headers.first("Location") == "/0")
      let followed = try await send("/2", max: 2)
      #expect(followed.status == 200)
      #expect(followed.body == [0x61])
      #expect(followed.finalURL == "\(peers.url)/0")
      #expect(followed.headers.first("X-Hop") == nil)
      let tooMany = HTTPClientRequest(url: "\(peers.url)/3", redirectsMax: 2)
      #expect(await peers.client.failure(of: tooMany) == .tooManyRedirects(max: 2))
      #expect(try await send("/1", max: 2, "POST").status == 302)
    }
  }

  @Test(
    "addresses that the operator did not open are refused",
    arguments: [
      "127.0.0.1", "localhost", "[::ffff:7f00:1]", "[::1]", "0.0.0.0", "2130706433", "0x7f.1",
      "127.1", "0177.0.0.1",
    ])
  func refusedAddresses(host: String) async throws {
    let responder = Respond { _ in HTTPResponse(status: 200) }
    try await withPeers(responder, .loopback.with(\.addressPolicy, .publicOnly)) { peers in
      let request = HTTPClientRequest(url: "http://\(host):\(peers.server.port)/")
      let error = await peers.client.failure(of: request)
      guard case .refusedAddress = error else {
        Issue.record("\(host) is not refused: \(error.debugDescription)")
        return
      }
    }
  }

  @Test("a redirect to an address that is not open is refused")
  func refusedRedirect() async throws {
    let redirect: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in
      HTTPResponse(status: 302, headers: [("Location", "http://169.254.169.254/latest")])
    }
    try await withPeers(Respond(redirect)) { peers in
      let request = HTTPClientRequest(url: peers.url, redirectsMax: 3)
      let error = await peers.client.failure(of: request)
      #expect(error == .refusedAddress("169.254.169.254"))
    }
  }

  @Test(
    "only http and https URLs are sent",
    arguments: [
      "", "127.0.0.1", "ftp://127.0.0.1/", "file:///etc/passwd", "http:/a", "http://", "gopher://a",
      "http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y", "https://", "http://[::1/",
    ])
  func malformedURLs(url: String) async throws {
    try await withPeers { peers in
      let error = await peers.client.failure(of: HTTPClientRequest(url: url))
      #expect(error == .malformedURL(url))
    }
  }

  @Test(
    "header fields and methods cannot break out of their place",
    arguments: [
      ("GET", "X", "a\r\nY: b"), ("GET", "X", "a\nb"), ("GET", "X\r\nY", "a"), ("GET", "X Y", "a"),
      ("GET", "", "a"), ("GET", "X:", "a"), ("G ET", "X", "a"), ("", "X", "a"),
      ("GET / HTTP/1.1\r\n", "X", "a"),
    ])
  func injection(method: String, name: String, value: String) async throws {
    try await withPeers { peers in
      let request = HTTPClientRequest(method: method, url: peers.url, headers: [(name, value)])
      guard case .malformedRequest = await peers.client.failure(of: request) else {
        Issue.record("The request is sent")
        return
      }
    }
  }

  @Test("requests over the bound of all requests are refused")
  func overload() async throws {
    try await withPeers(Respond(hang), .loopback.with(\.requestsMax, 2)) { peers in
      let request = HTTPClientRequest(url: peers.url, timeout: .milliseconds(100))
      await withTaskGroup(of: HTTPClientError?.self) { group in
        for _ in 0..<3 { group.addTask { await peers.client.failure(of: request) } }
        var errors: [HTTPClientError?] = []
        for await error in group { errors.append(error) }
        #expect(errors.count { $0 == .overloaded(requestsMax: 2) } == 1)
      }
    }
  }

  @Test("a name that does not exist cannot be resolved")
  func unknownHost() async throws {
    try await withPeers { peers in
      let url = "http://does-not-exist.invalid/"
      let request = HTTPClientRequest(url: url, timeout: .seconds(5))
      let error = await peers.client.failure(of: request)
      #expect(error == .resolve(host: url) || error == .timeout(.seconds(5)))
    }
  }
}

extension HTTPClient {
  /// The error that the request ends with; nil if it gets a response.
  fileprivate func failure(of request: HTTPClientRequest) async -> HTTPClientError? {
    do throws(HTTPClientError) {
      _ = try await send(request)
      return nil
    } catch {
      return error
    }
  }
}

private struct NoSocket: Error {}

/// A listening socket on loopback and its port.
private func listen() throws -> (socket: Int32, port: UInt16) {
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let status = withUnsafeMutableBytes(of: &address) { bytes in
    let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
    return bind(listener, address, length) | listen(listener, 8)
      | getsockname(listener, address, &length)
  }
  guard status == 0 else { throw NoSocket() }
  return (listener, UInt16(bigEndian: address.sin_port))
}

/// Serves one connection: reads a request's head, writes `response` as it is, and closes.
private func answerOnce(with response: String) throws -> String {
  let (listener, port) = try listen()
  Thread.start {
    let connection = accept(listener, nil, nil)
    var byte: UInt8 = 0
    var last: [UInt8] = []
    while !last.elementsEqual("\r\n\r\n".utf8), read(connection, &byte, 1) == 1 {
      last = last.suffix(3) + [byte]
    }
    var rest = Array(response.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    close(connection)
    close(listener)
  }
  return "http://127.0.0.1:\(port)/"
}

/// A thread for a server that blocks.
private enum Thread {
  private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Work>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Work(run)).toOpaque())
    pthread_detach(thread)
  }
}
