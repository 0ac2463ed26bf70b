import Glibc
import TestSupport

/// Sends requests over one connection and never repeats one: libraries may, which would apply an
/// update twice.
struct BlockingClient: ~Copyable {
  private let port: UInt16
  private var descriptor: Int32 = -1

  init(port: UInt16) { self.port = port }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The status and the body; nil if the outcome is unknown.
  mutating func send(_ method: String, _ path: String, _ body: String = "") -> (Int, String)? {
    if descriptor < 0 { descriptor = connected(to: port) ?? -1 }
    guard descriptor >= 0 else { return nil }
    var request = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
    if !body.isEmpty {
      request += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
    }
    guard write("\(request)\r\n\(body)"), let answer = read() else {
      close(descriptor)
      descriptor = -1
      return nil
    }
    return answer
  }

  private func write(_ text: String) -> Bool { sendAll(text, to: descriptor) }

  private func read() -> (Int, String)? {
    var bytes: [UInt8] = []
    var head: String?
    var length = 0
    while true {
      if head == nil, let end = bytes.endOfHead {
        let text = String(decoding: bytes[..<end], as: UTF8.self)
        head = text
        length = contentLength(text)
        bytes.removeFirst(end)
      }
      if let head, bytes.count >= length {
        let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        return (status, String(decoding: bytes, as: UTF8.self))
      }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private func contentLength(_ head: String) -> Int {
    for line in head.lowercased().split(separator: "\r\n") where line.hasPrefix("content-length:") {
      return Int(line.dropFirst(15).filter { $0 != " " }) ?? 0
    }
    return 0
  }
}

extension [UInt8] {
  fileprivate var endOfHead: Int? {
    guard count >= 4 else { return nil }
    for index in 3..<count where self[(index - 3)...index].elementsEqual([13, 10, 13, 10]) {
      return index + 1
    }
    return nil
  }
}

/// Whether all of `text` went out.
@discardableResult
func sendAll(_ text: String, to descriptor: Int32) -> Bool {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard count > 0 else { return false }
    rest.removeFirst(count)
  }
  return true
}

/// What comes until the peer closes or stays silent.
func receiveAll(from descriptor: Int32) -> String {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
    bytes += buffer[..<count]
  }
}
