import Glibc

/// Follows the events of a subscription, over a socket of its own.
///
/// It blocks its thread, for a minute at most: the broker runs on another one.
///
/// `@unchecked Sendable`: each test uses its own, from one task.
package final class EventReader: @unchecked Sendable {
  package struct Event: Sendable {
    package var id: Int64?
    package var type: String?
    package var data: String?
    /// Whether it is nothing but a sign of life.
    package var isComment = false
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private var socket: Int32
  private var received: [UInt8] = []
  /// Of the body, chunks undone.
  private var text: [UInt8] = []
  package let status: Int

  /// - Parameter last: the `Last-Event-ID`; nil for none.
  package init(
    _ client: TestClient, _ subscription: String, after last: Int64? = nil,
    on broker: TestBroker? = nil
  ) throws {
    guard let socket = connected(to: (broker ?? client.broker).port, limit: 20) else {
      throw Failure(description: "The broker does not accept")
    }
    self.socket = socket
    var request =
      "GET /kontext/v1/subscriptions/\(subscription)/events HTTP/1.1\r\nHost: localhost\r\n"
    if let tenant = client.tenant { request += "NGSILD-Tenant: \(tenant)\r\n" }
    if let last { request += "Last-Event-ID: \(last)\r\n" }
    let bytes = Array("\(request)\r\n".utf8)
    _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    var head: String?
    while head == nil {
      try Self.receive(from: socket, into: &received)
      head = Self.take(until: "\r\n\r\n", from: &received)
    }
    status = Int(head?.split(separator: " ")[1] ?? "") ?? 0
  }

  deinit { close() }

  package func close() {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
  }

  // MARK: Events

  /// The next event with data, signs of life aside; nil at the end of the stream.
  package func next() throws -> Event? {
    let deadline = ContinuousClock.now + .seconds(60)
    while let event = try nextBlock() {
      if event.data != nil { return event }
      guard .now < deadline else {
        throw Failure(description: "Nothing came in time but signs of life")
      }
    }
    return nil
  }

  /// The next so many events.
  package func next(_ count: Int) throws -> [Event] {
    try (0..<count).map { _ in
      guard let event = try next() else { throw Failure(description: "The stream has ended") }
      return event
    }
  }

  /// What stands up to the next empty line.
  package func nextBlock() throws -> Event? {
    while true {
      if let block = Self.take(until: "\n\n", from: &text) { return Event(block) }
      guard let chunk = try nextChunk() else { return nil }
      text += chunk
    }
  }

  /// nil for the last one.
  private func nextChunk() throws -> [UInt8]? {
    var size: String?
    while true {
      size = Self.take(until: "\r\n", from: &received)
      if size != nil { break }
      try Self.receive(from: socket, into: &received)
    }
    guard let size, let count = Int(size, radix: 16) else {
      throw Failure(description: "'\(size ?? "")' is no length of a chunk")
    }
    while received.count < count + 2 { try Self.receive(from: socket, into: &received) }
    defer { received.removeFirst(count + 2) }
    return count == 0 ? nil : Array(received.prefix(count))
  }

  private static func take(until separator: String, from bytes: inout [UInt8]) -> String? {
    guard let range = bytes.firstRange(of: Array(separator.utf8)) else { return nil }
    let text = String(decoding: bytes[..<range.lowerBound], as: UTF8.self)
    bytes.removeFirst(range.upperBound)
    return text
  }

  private static func receive(from socket: Int32, into bytes: inout [UInt8]) throws {
    let count = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
      let count = recv(socket, buffer.baseAddress, buffer.count, 0)
      if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
      return count
    }
    guard count > 0 else {
      throw Failure(description: count == 0 ? "The broker has closed" : "Nothing came in time")
    }
  }
}

extension EventReader.Event {
  fileprivate init(_ block: String) {
    for line in block.split(separator: "\n") {
      let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? String(parts[1]) : ""
      switch parts[0] {
      case "id": id = Int64(value)
      case "event": type = value
      case "data": data = data.map { "\($0)\n\(value)" } ?? value
      case ":": isComment = true
      default: break
      }
    }
  }
}
