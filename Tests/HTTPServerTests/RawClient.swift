import Glibc

/// A client that writes bytes as the test gives them, well-formed or not.
///
/// It blocks its thread, for a few seconds at most: the server runs on another one.
///
/// `@unchecked Sendable`: each test uses its own, from one task.
final class RawClient: @unchecked Sendable {
  struct Response {
    var status = 0
    var reason = ""
    var head = ""
    var headers: [(name: String, value: String)] = []
    var bytes: [UInt8] = []

    var body: String { String(decoding: bytes, as: UTF8.self) }

    func header(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  struct ConnectionRefused: Error {}
  /// The server closed the connection in the middle of a response, or before it.
  struct ConnectionClosed: Error {}

  private var socket: Int32
  private var received: [UInt8] = []

  init(port: UInt16, v6: Bool = false) throws {
    socket = Glibc.socket(v6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let status = v6 ? Self.connectV6(socket, port) : Self.connectV4(socket, port)
    guard status == 0 else {
      Glibc.close(socket)
      socket = -1
      throw ConnectionRefused()
    }
  }

  deinit { close() }

  private static func connectV4(_ socket: Int32, _ port: UInt16) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafeBytes(of: address) { bytes in
      connect(
        socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }

  private static func connectV6(_ socket: Int32, _ port: UInt16) -> Int32 {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &address.sin6_addr) { $0[15] = 1 }
    return withUnsafeBytes(of: address) { bytes in
      connect(
        socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }

  // MARK: Sending

  /// - Returns: false if the server closed the connection meanwhile.
  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// No more bytes from this side; answers can still be read.
  func endSending() { shutdown(socket, Int32(SHUT_WR)) }

  func close() {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
  }

  /// Closes so that the peer sees `connection reset`.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  // MARK: Receiving

  /// Reads one response; the answer to HEAD has no body whatever its headers say.
  func response(hasBody: Bool = true) throws -> Response {
    var response = Response()
    let separator = Array("\r\n\r\n".utf8)
    var end = position(of: separator)
    while end == nil {
      try receive()
      end = position(of: separator)
    }
    response.head = String(decoding: received[..<end!], as: UTF8.self)
    received.removeFirst(end! + separator.count)
    parseHead(&response)
    let length = hasBody ? Int(response.header("Content-Length") ?? "0")! : 0
    while received.count < length { try receive() }
    response.bytes = Array(received[..<length])
    received.removeFirst(length)
    return response
  }

  /// Reads one chunk of a body after its head; nil for the last one, which is empty.
  func chunk() throws -> [UInt8]? {
    let separator = Array("\r\n".utf8)
    while position(of: separator) == nil { try receive() }
    let start = position(of: separator)! + separator.count
    let length = Int(String(decoding: received[..<(start - 2)], as: UTF8.self), radix: 16)!
    while received.count < start + length + separator.count { try receive() }
    defer { received.removeFirst(start + length + separator.count) }
    return length == 0 ? nil : Array(received[start..<(start + length)])
  }

  /// Reads all chunks of a body.
  func chunks() throws -> [UInt8] {
    var body: [UInt8] = []
    while let chunk = try chunk() { body += chunk }
    return body
  }

  /// Everything until the server closes the connection.
  func rest() -> String {
    while (try? receive()) != nil {}
    return String(decoding: received, as: UTF8.self)
  }

  private func parseHead(_ response: inout Response) {
    // A line feed after a carriage return is one character to Swift.
    let lines = response.head.split(separator: "\r\n")
    let parts = lines[0].split(separator: " ", maxSplits: 2)
    response.status = Int(parts[1])!
    response.reason = parts.count > 2 ? String(parts[2]) : ""
    response.headers = lines.dropFirst().map { line in
      let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  private func position(of separator: [UInt8]) -> Int? {
    guard received.count >= separator.count else { return nil }
    return (0...(received.count - separator.count)).first {
      received[$0..<($0 + separator.count)].elementsEqual(separator)
    }
  }

  private func receive() throws {
    let count = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = recv(socket, buffer.baseAddress, buffer.count, 0)
      if count > 0 { received.append(contentsOf: buffer[..<count]) }
      return count
    }
    guard count > 0 else { throw ConnectionClosed() }
  }
}
