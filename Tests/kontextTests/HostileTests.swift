import Glibc
import TestSupport
import Testing

/// What no honest client sends, against the whole executable.
@Suite("Hostile HTTP", .serialized, .timeLimit(.minutes(15)))
struct HostileTests {
  /// A text sent as it stands, and the statuses that are right; none stands for a close without a
  /// word.
  struct Shape: Sendable, CustomTestStringConvertible {
    let title: String
    let text: String
    let statuses: Set<Int>

    init(_ title: String, _ text: String, _ statuses: Set<Int> = [400]) {
      self.title = title
      self.text = text
      self.statuses = statuses
    }

    var testDescription: String { title }
  }

  private static let post = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
  private static let get = "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
  private static let typed = post + "Content-Type: application/json\r\n"

  static let shapes: [Shape] = [
    Shape(
      "both Content-Length and chunked",
      typed
        + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    Shape("two Content-Lengths", typed + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    Shape("a list of Content-Lengths", typed + "Content-Length: 2, 2\r\n\r\n{}"),
    Shape("a negative Content-Length", typed + "Content-Length: -2\r\n\r\n{}"),
    Shape("a signed Content-Length", typed + "Content-Length: +2\r\n\r\n{}"),
    Shape("a hexadecimal Content-Length", typed + "Content-Length: 0x2\r\n\r\n{}"),
    Shape(
      "an enormous Content-Length", typed + "Content-Length: 99999999999999999999999\r\n\r\n{}",
      [400, 413]),
    Shape("a blank before the colon", typed + "Content-Length : 2\r\n\r\n{}"),
    Shape(
      "an unknown transfer coding", typed + "Transfer-Encoding: x\r\n\r\n{}", [400, 411, 501]),
    Shape("chunked not last", typed + "Transfer-Encoding: chunked, x\r\n\r\n{}", [400, 411, 501]),
    Shape("chunked without length", typed + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [411]),
    Shape("no Host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"),
    Shape("two Hosts", get + "Host: i\r\n\r\n"),
    Shape("a folded field", get + "A: b\r\n c\r\n\r\n"),
    Shape("a field without a name", get + ": b\r\n\r\n"),
    Shape("no field at all", get + "nonsense\r\n\r\n"),
    Shape("a NUL", get + "A: b\0c\r\n\r\n"), Shape("a bare CR", get + "A: b\rc: d\r\n\r\n"),
    Shape("HTTP/0.9", "GET /health\r\n\r\n", [400, 505]),
    Shape("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 404, 405, 505]),
    Shape("a version that is none", "GET /health HTTP/x.y\r\nHost: h\r\n\r\n", [400, 505]),
    Shape("blanks in the target", "GET /he alth HTTP/1.1\r\nHost: h\r\n\r\n", [400, 404, 505]),
    Shape(
      "a long target", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: h\r\n\r\n",
      [414, 431]),
    Shape(
      "a long field", get + "A: \(String(repeating: "a", count: 100_000))\r\n\r\n", [400, 431]),
    Shape(
      "many fields", get + String(repeating: "A: b\r\n", count: 20_000) + "\r\n", [400, 431]),
    Shape("noise", String(repeating: "\u{1}\u{2}\r\n", count: 100), [400, 405, 505]),
    Shape("TLS", "\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n", [400, 405, 505]),
    Shape(
      "a request within a body that is ignored",
      get + "Content-Length: 40\r\n\r\nDELETE /ngsi-ld/v1/x HTTP/1.1\r\nHost: h\r\n\r\n", [200]),
    Shape("an expectation", post + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", [415]),
  ]

  private func withBroker(_ body: (BrokerProcess) async throws -> Void) async throws {
    let cluster = try await onThread { try PrivateCluster() }
    let broker = try BrokerProcess(databaseURL: cluster.url)
    do {
      try await broker.start()
      try await body(broker)
    } catch {
      Issue.record(error)
    }
    broker.kill()
    try await onThread { try cluster.remove() }
  }

  /// The statuses of the answers in a text.
  private func statuses(_ text: String) -> [Int] {
    text.split(separator: "HTTP/1.1 ").dropFirst(text.hasPrefix("HTTP/1.1 ") ? 0 : 1)
      .compactMap { Int($0.prefix(3)) }.filter { $0 != 100 }
  }

  private func requireHealth(_ port: UInt16) throws {
    var client = BlockingClient(port: port)
    let answer = client.send("GET", "/health")
    guard answer?.0 == 200 else {
      throw BrokerProcess.Failure(description: "The broker answers \(answer?.1 ?? "nothing")")
    }
  }

  @Test("there are as many descriptors as the system allows")
  func descriptors() async throws {
    try await withBroker { broker in
      let limits = broker.descriptorLimits
      #expect(limits.count == 2 && limits[0] == limits[1], "\(limits)")
    }
  }

  @Test("nothing of it stops the broker or leaks")
  func hostility() async throws {
    try await withBroker { broker in
      let port = broker.port
      try await onThread { try requireHealth(port) }
      let descriptors = broker.descriptorCount
      for shape in Self.shapes {
        let found = try await onThread { try meet(shape, port) }
        #expect(found.count <= 1, "\(shape.title): \(found)")
        #expect(found.allSatisfy(shape.statuses.contains), "\(shape.title): \(found)")
      }
      let answers = try await onThread { try pipeline(port) }
      #expect(statuses(answers) == Array(repeating: 201, count: 64))
      let isComplete = (0..<64).allSatisfy {
        answers.contains("Location: /ngsi-ld/v1/entities/urn:x:\($0)\r\n")
      }
      #expect(isComplete)
      try await onThread {
        try disconnect(port)
        try dawdle(port)
        try requireHealth(port)
      }
      // Those of the database's connections may have come; those of clients have to go.
      while broker.descriptorCount > descriptors + 16 { await Task.yield() }
    }
  }

  private func meet(_ shape: Shape, _ port: UInt16) throws -> [Int] {
    let socket = try #require(connected(to: port))
    defer { close(socket) }
    sendAll(shape.text, to: socket)
    shutdown(socket, Int32(SHUT_WR))
    let found = statuses(receiveAll(from: socket))
    try requireHealth(port)
    return found
  }

  /// 64 requests before the first answer is read.
  private func pipeline(_ port: UInt16) throws -> String {
    let socket = try #require(connected(to: port))
    defer { close(socket) }
    var text = ""
    for number in 0..<64 {
      let body = #"{"id":"urn:x:\#(number)","type":"A"}"#
      let end = number == 63 ? "Connection: close\r\n" : ""
      text += """
        POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r
        \(end)Content-Length: \(body.utf8.count)\r\n\r\n\(body)
        """
    }
    sendAll(text, to: socket)
    return receiveAll(from: socket)
  }

  /// Clients that leave in the middle of a request, or before its answer.
  private func disconnect(_ port: UInt16) throws {
    let body = #"{"id":"urn:y:1","type":"A"}"#
    let whole =
      Self.typed.replacing("Connection: close\r\n", with: "")
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    for number in 0..<300 {
      let socket = try #require(connected(to: port))
      sendAll(String(whole.prefix(whole.count * (number % 4 + 1) / 4)), to: socket)
      var reset = linger(l_onoff: number % 2 == 0 ? 1 : 0, l_linger: 0)
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
      close(socket)
    }
    try requireHealth(port)
  }

  /// Clients that begin and go on slowly, beside one that is served meanwhile.
  private func dawdle(_ port: UInt16) throws {
    let sockets = try (0..<100).map { _ in try #require(connected(to: port)) }
    defer { for socket in sockets { close(socket) } }
    for byte in Self.typed.prefix(40) {
      for socket in sockets { sendAll(String(byte), to: socket) }
    }
    for _ in 0..<20 { try requireHealth(port) }
  }
}
