import EventLoop
import Glibc

/// Many clients of one event stream.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Streams: @unchecked Sendable {
  private let loop = EventLoop()
  private let count: Int
  private var clients: [Client] = []
  private var opened = 0
  private var reached = 0
  private var first = ContinuousClock.now

  private init(count: Int) { self.count = count }

  static func run(port: UInt16, count: Int, path: String) {
    let streams = Streams(count: count)
    let request = Array(
      "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".utf8)
    for _ in 0..<count {
      guard let client = Client(port, request, of: streams) else {
        print("Only \(streams.clients.count) connections are accepted")
        exit(1)
      }
      streams.clients.append(client)
      streams.loop.watch(client.socket, for: .read, handler: client)
    }
    streams.loop.onSignals([SIGTERM, SIGINT]) { _ in exit(0) }
    streams.loop.run()
  }

  fileprivate func didOpen() {
    opened += 1
    if opened == count { tell("open \(count)") }
  }

  fileprivate func gotEvent() {
    if reached == 0 { first = .now }
    reached += 1
    guard reached == count else { return }
    reached = 0
    tell("event \((ContinuousClock.now - first).components.attoseconds / 1_000_000_000_000)")
  }

  private func tell(_ line: String) {
    print(line)
    fflush(nil)
  }
}

private final class Client: FileDescriptorHandler {
  let socket: Int32
  private unowned let streams: Streams
  private var isOpen = false

  init?(_ port: UInt16, _ request: [UInt8], of streams: Streams) {
    self.streams = streams
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.socket = socket
    let status = withLoopback(port) { connect(socket, $0, $1) }
    guard status == 0, send(socket, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
      return nil
    }
  }

  func ready(_ events: ReadyEvents) {
    withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
      let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      guard count > 0 else {
        print("A stream has ended")
        exit(1)
      }
      let bytes = buffer[..<count]
      if !isOpen, bytes.contains(UInt8(ascii: "\n")) {
        isOpen = true
        streams.didOpen()
      } else if bytes.firstRange(of: Array("data:".utf8)) != nil {
        streams.gotEvent()
      }
    }
  }
}
