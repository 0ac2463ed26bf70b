import EventLoop
import Glibc
import Synchronization
import TestSupport

/// A Context Source that sends bytes as the test gives them, well-formed or not.
///
/// `@unchecked Sendable`: what is not in a mutex is touched on its loop's thread only.
final class RawSource: FileDescriptorHandler, @unchecked Sendable {
  /// What the source does once it has read a request.
  enum Behaviour: Sendable {
    /// Sends these bytes and closes the connection.
    case answer([UInt8])
    /// Sends these bytes and no more; the connection stays open until the broker has enough.
    case stall(after: [UInt8])
    /// Sends these bytes, then one more every now and then, without end.
    case drip(after: [UInt8])
    /// Sends these bytes, then the same piece without end.
    case flood(after: [UInt8], piece: [UInt8])
    /// As `answer`, when `release` is called.
    case hold([UInt8])
    /// Resets the connection.
    case reset
  }

  struct Request: Sendable {
    let method: String
    /// Path and query.
    let target: String
    let headers: [(name: String, value: String)]
    let body: String

    subscript(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  private struct State {
    var behaviour: @Sendable (Request) -> Behaviour = { _ in .reset }
    var requests: [Request] = []
    var hangUps = 0
    var bytesSent = 0
    var waiters: [Waiter] = []
  }

  private struct Waiter {
    let isDone: @Sendable (State) -> Bool
    let continuation: CheckedContinuation<Void, Never>
  }

  private let state = Mutex(State())
  private let loop: EventLoop
  private var listener: ListeningSocket?
  private var connections: [Int32: RawConnection] = [:]
  let port: UInt16

  private init(on loop: EventLoop) throws {
    self.loop = loop
    let listener = try ListeningSocket()
    port = listener.port
    listen(listener)
  }

  /// Runs `body` with a source that ends with it.
  static func run(_ body: (RawSource) async throws -> Void) async throws {
    let loop = EventLoop()
    let source = try RawSource(on: loop)
    let thread = loop.start()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(source))
    } catch {
      outcome = .failure(error)
    }
    try await source.goDown()
    loop.stop()
    thread.join()
    try outcome.get()
  }

  var url: String { "http://127.0.0.1:\(port)" }

  // MARK: What it does

  func behave(_ behaviour: Behaviour) { behave { _ in behaviour } }

  func behave(_ behaviour: @escaping @Sendable (Request) -> Behaviour) {
    state.withLock { $0.behaviour = behaviour }
  }

  /// Sends all answers that are held.
  func release() async throws {
    try await loop.task { [self] in
      for connection in connections.values { connection.release() }
    }.value
  }

  /// Closes all connections and refuses new ones.
  func goDown() async throws {
    try await loop.task { [self] in
      for connection in connections.values { connection.close() }
      if let listener {
        loop.unwatch(listener.descriptor)
        listener.close()
      }
      listener = nil
    }.value
  }

  /// Listens again, where it has before.
  func comeBack() async throws {
    try await loop.task { [self] in listen(try ListeningSocket(port: port)) }.value
  }

  // MARK: What was done to it

  var requests: [Request] { state.withLock { $0.requests } }
  var bytesSent: Int { state.withLock { $0.bytesSent } }

  /// Waits until so many requests have come in all.
  func hasRequests(_ count: Int) async { await wait { $0.requests.count >= count } }

  /// Waits until the broker has closed so many connections in all.
  func hasHangUps(_ count: Int) async { await wait { $0.hangUps >= count } }

  private func wait(_ isDone: @escaping @Sendable (State) -> Bool) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if !isDone(state) {
          state.waiters.append(Waiter(isDone: isDone, continuation: continuation))
        }
        return isDone(state)
      }
      if isOver { continuation.resume() }
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let over = state.withLock { state in
      body(&state)
      let waiters = state.waiters
      state.waiters = []
      var over: [Waiter] = []
      for waiter in waiters {
        if waiter.isDone(state) { over.append(waiter) } else { state.waiters.append(waiter) }
      }
      return over
    }
    for waiter in over { waiter.continuation.resume() }
  }

  // MARK: On the loop

  private func listen(_ listener: ListeningSocket) {
    self.listener = listener
    loop.watch(listener.descriptor, for: .read, handler: self)
  }

  func ready(_ events: ReadyEvents) {
    guard let descriptor = listener?.accepted() else { return }
    connections[descriptor] = RawConnection(descriptor, of: self, on: loop)
  }

  fileprivate func behaviour(for request: Request) -> Behaviour {
    change { $0.requests.append(request) }
    return state.withLock { $0.behaviour }(request)
  }

  fileprivate func hasSent(_ count: Int) { change { $0.bytesSent += count } }

  fileprivate func hasClosed(_ descriptor: Int32, byPeer: Bool) {
    connections[descriptor] = nil
    if byPeer { change { $0.hangUps += 1 } }
  }
}

/// One connection of a source, for one request.
private final class RawConnection: FileDescriptorHandler, @unchecked Sendable {
  private let descriptor: Int32
  private let source: RawSource
  private let loop: EventLoop
  private var received: [UInt8] = []
  private var unsent: ArraySlice<UInt8> = []
  /// nil until the request is complete.
  private var behaviour: RawSource.Behaviour?
  private var isOpen = true

  init(_ descriptor: Int32, of source: RawSource, on loop: EventLoop) {
    self.descriptor = descriptor
    self.source = source
    self.loop = loop
    loop.watch(descriptor, for: .read, handler: self)
  }

  func ready(_ events: ReadyEvents) {
    if events.contains(.write) { send() }
    guard isOpen, !events.isDisjoint(with: [.read, .error, .hangUp]) else { return }
    receive()
  }

  func close(byPeer: Bool = false) {
    guard isOpen else { return }
    isOpen = false
    loop.unwatch(descriptor)
    Glibc.close(descriptor)
    source.hasClosed(descriptor, byPeer: byPeer)
  }

  // MARK: Request

  private func receive() {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else {
      if count == 0 || errno != EAGAIN { close(byPeer: true) }
      return
    }
    received += bytes.prefix(count)
    guard behaviour == nil, let request else { return }
    begin(source.behaviour(for: request))
  }

  /// nil as long as it is not complete.
  private var request: RawSource.Request? {
    let text = String(decoding: received, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    let words = lines[0].split(separator: " ")
    let headers = lines.dropFirst().map { line in
      let name = line.prefix { $0 != ":" }
      return (name: String(name), value: String(line.dropFirst(name.count + 1).trimmed))
    }
    let request = RawSource.Request(
      method: String(words[0]), target: String(words[1]), headers: headers,
      body: String(text[end.upperBound...]))
    let length = request["Content-Length"].flatMap { Int($0) } ?? 0
    return request.body.utf8.count < length ? nil : request
  }

  // MARK: Answer

  private func begin(_ behaviour: RawSource.Behaviour) {
    self.behaviour = behaviour
    switch behaviour {
    case .reset:
      isOpen = false
      loop.unwatch(descriptor)
      reset(descriptor)
      return source.hasClosed(descriptor, byPeer: false)
    case .hold: return
    case .answer(let bytes), .stall(let bytes), .drip(let bytes), .flood(let bytes, _):
      unsent = bytes[...]
    }
    send()
  }

  func release() {
    guard case .hold(let bytes) = behaviour else { return }
    begin(.answer(bytes))
  }

  private func send() {
    while isOpen {
      if unsent.isEmpty { guard goOn() else { return } }
      let count = unsent.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else {
        if errno != EAGAIN { return close(byPeer: true) }
        return loop.rewatch(descriptor, for: [.read, .write])
      }
      unsent = unsent.dropFirst(count)
      source.hasSent(count)
    }
  }

  /// Whether there is more to send at once.
  private func goOn() -> Bool {
    loop.rewatch(descriptor, for: .read)
    switch behaviour {
    case .answer: close()
    case .drip:
      _ = loop.after(.milliseconds(5)) { [self] in
        unsent = [UInt8(ascii: " ")]
        send()
      }
    case .flood(_, let piece):
      unsent = piece[...]
      return true
    default: break
    }
    return false
  }
}

extension Substring {
  fileprivate var trimmed: Substring { drop { $0 == " " } }
}

// MARK: Bytes

/// An HTTP response with its length.
func httpAnswer(_ body: String, status: String = "200 OK", _ headers: String...) -> [UInt8] {
  httpAnswer(Array(body.utf8), head: ["HTTP/1.1 \(status)"] + headers)
}

/// - Parameter head: the status line and header fields, without `Content-Length`.
func httpAnswer(_ body: [UInt8], head: [String] = ["HTTP/1.1 200 OK"]) -> [UInt8] {
  httpHead(head + ["Content-Length: \(body.count)"]) + body
}

func httpHead(_ lines: [String]) -> [UInt8] {
  Array((lines + ["Content-Type: application/json", "", ""]).joined(separator: "\r\n").utf8)
}
