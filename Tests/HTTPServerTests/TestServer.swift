import EventLoop
import HTTPServer
import Synchronization

/// Runs a server on a loop of its own while `body` runs.
///
/// `body` has a thread of its own too, since a raw client blocks it.
func withServer(
  _ responder: any HTTPResponder = Echo(),
  _ configuration: HTTPServerConfiguration = .loopback,
  _ body: @escaping @Sendable (HTTPServer) async throws -> Void
) async throws {
  let loop = EventLoop()
  let server = try HTTPServer(loop: loop, configuration: configuration, responder: responder)
  let thread = loop.start()
  let bodyLoop = EventLoop()
  let bodyThread = bodyLoop.start()
  let result = await Task(executorPreference: bodyLoop) { try await body(server) }.result
  await server.shutDown()
  for (loop, thread) in [(loop, thread), (bodyLoop, bodyThread)] {
    loop.stop()
    thread.join()
  }
  try result.get()
}

extension HTTPServerConfiguration {
  static var loopback: HTTPServerConfiguration {
    HTTPServerConfiguration().with(\.address, "127.0.0.1")
  }

  func with<Value>(
    _ bound: WritableKeyPath<HTTPServerConfiguration, Value>, _ value: Value
  ) -> HTTPServerConfiguration {
    var configuration = self
    configuration[keyPath: bound] = value
    return configuration
  }
}

/// Answers with what the request was, a line each.
final class Echo: HTTPResponder {
  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let body = """
      \(request.method)
      \(request.path)
      \(request.query ?? "no query")
      \(request.remoteAddress)
      \(String(decoding: request.body, as: UTF8.self))
      """
    return HTTPResponse(status: 200, headers: [("X-Echo", "yes")], body: Array(body.utf8))
  }
}

/// Answers as a closure says.
final class Respond: HTTPResponder {
  private let answer: @Sendable (HTTPRequest) async -> HTTPResponse
  private let refusal: @Sendable (HTTPRequest) -> HTTPResponse?

  init(
    refuse: @escaping @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil },
    _ answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
  ) {
    self.answer = answer
    refusal = refuse
  }

  func refuse(_ head: HTTPRequest) -> HTTPResponse? { refusal(head) }
  func respond(to request: HTTPRequest) async -> HTTPResponse { await answer(request) }
}

/// Something that a test waits for.
final class Signal: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

  func send() { continuation.yield() }

  func wait() async {
    for await _ in stream { return }
  }
}

extension HTTPServer {
  /// Waits until the server has so many connections.
  func waitForConnections(_ count: Int) async {
    while await Task(executorPreference: loop, operation: { self.connectionCount }).value
      != count
    {
      await Task.yield()
    }
  }
}
