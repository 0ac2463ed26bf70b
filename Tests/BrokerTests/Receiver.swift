import EventLoop
import HTTPServer
import JSON
import TestSupport
import Testing

/// Where notifications go in a test.
protocol Endpoint {
  var url: String { get }
}

/// A server that takes notifications, and behaves as it is told.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Receiver: HTTPResponder, Endpoint, @unchecked Sendable {
  enum Behaviour: Sendable {
    case answer(Int)
    /// Answers when `release` is called.
    case hold
    /// Refuses when `release` is called.
    case holdAndRefuse
  }

  struct Notification: Sendable {
    let headers: HTTPHeaders
    let body: JSONValue
    let wasAccepted: Bool

    /// The first Entity.
    var entity: JSONValue? { body["data"]?.elements.first { _ in true } }
    var entityID: String { entity?["id"]?.string ?? "" }
    var value: Int { entity?["level"]?["value"]?.integer ?? -1 }
  }

  private let loop: EventLoop
  private var server: HTTPServer?
  private(set) var port: UInt16
  /// Decides by the number of requests before.
  var behaviour: @Sendable (Int) -> Behaviour = { _ in .answer(200) }
  private(set) var received: [Notification] = []
  private var held: [UnsafeContinuation<Void, Never>] = []
  private var waiters: [Waiter] = []

  private struct Waiter {
    let count: Int
    let continuation: UnsafeContinuation<Void, any Error>
    let timeout: TimerID
  }

  /// - Parameter port: 0 for any free one.
  init(on loop: EventLoop, port: UInt16 = 0) throws {
    self.loop = loop
    self.port = port
    try open()
  }

  var url: String { "http://127.0.0.1:\(port)/notify" }

  func open() throws {
    var configuration = HTTPServerConfiguration()
    configuration.address = "127.0.0.1"
    configuration.port = port
    let server = try HTTPServer(loop: loop, configuration: configuration, responder: self)
    port = server.port
    self.server = server
  }

  func close() async {
    release()
    await server?.shutDown()
    server = nil
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let number = received.count
    let behaviour = behaviour(number)
    var status = 200
    var isHeld = true
    switch behaviour {
    case .answer(let code): (status, isHeld) = (code, false)
    case .hold: break
    case .holdAndRefuse: status = 500
    }
    guard let body = try? JSONValue(parsing: request.body) else { return HTTPResponse(status: 400) }
    received.append(
      Notification(headers: request.headers, body: body, wasAccepted: 200...299 ~= status))
    tellWaiters()
    if isHeld { await withUnsafeContinuation { held.append($0) } }
    return HTTPResponse(status: status)
  }

  /// Answers requests that are held, the oldest first.
  func release(first count: Int = .max) {
    let released = held.prefix(count)
    held.removeFirst(released.count)
    for continuation in released { continuation.resume() }
  }

  /// Waits for so many notifications in all.
  func received(_ count: Int) async throws {
    if received.count >= count { return }
    try await withUnsafeThrowingContinuation {
      (continuation: UnsafeContinuation<Void, any Error>) in
      let timeout = loop.after(.seconds(60)) { [self] in giveUp(count) }
      waiters.append(Waiter(count: count, continuation: continuation, timeout: timeout))
    }
  }

  private func giveUp(_ count: Int) {
    let timedOut = TimedOut(
      description: "Not in time: \(count) notifications, of which \(received.count) came")
    for waiter in waiters where waiter.count == count {
      loop.cancel(waiter.timeout)
      waiter.continuation.resume(throwing: timedOut)
    }
    waiters.removeAll { $0.count == count }
  }

  private func tellWaiters() {
    for waiter in waiters where waiter.count <= received.count {
      loop.cancel(waiter.timeout)
      waiter.continuation.resume()
    }
    waiters.removeAll { $0.count <= received.count }
  }

  var accepted: [Notification] { received.filter(\.wasAccepted) }

  /// Whether each Entity's values came in order from 0 on, repetitions of the last one aside, and
  /// each of them up to `last`.
  func hasAll(_ ids: [String], last: Int) -> Bool {
    ids.allSatisfy { id in
      var values: [Int] = []
      for notification in accepted where notification.entityID == id {
        if values.last != notification.value { values.append(notification.value) }
      }
      return values == Array(0...last)
    }
  }
}

/// A path of a receiver: an endpoint of its own.
struct ReceiverPath: Endpoint {
  let url: String
}

/// A port where each connection is reset.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class RudeEndpoint: Endpoint, FileDescriptorHandler, @unchecked Sendable {
  private let loop: EventLoop
  private let listener: ListeningSocket
  private(set) var connections = 0

  init(on loop: EventLoop) throws {
    self.loop = loop
    listener = try ListeningSocket()
    loop.watch(listener.descriptor, for: .read, handler: self)
  }

  var url: String { "http://127.0.0.1:\(listener.port)/notify" }

  func ready(_ events: ReadyEvents) {
    guard let connection = listener.accepted() else { return }
    connections += 1
    reset(connection)
  }

  func close() {
    loop.unwatch(listener.descriptor)
    listener.close()
  }
}
