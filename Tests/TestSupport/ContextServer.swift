import EventLoop
package import HTTPServer
import Synchronization

/// A host of contexts on loopback, on an event loop of its own, that behaves as it is told.
package final class ContextServer: HTTPResponder {
  private struct State {
    var answers: [String: HTTPResponse] = [:]
    var slow: Set<String> = []
    var requests: [(path: String, body: [UInt8])] = []
  }

  private let state = Mutex(State())

  /// Runs `body` with a server and its address, which ends without a slash.
  package static func run<Result: Sendable>(
    _ body: (ContextServer, String) async throws -> Result
  ) async throws -> Result {
    var configuration = HTTPServerConfiguration()
    configuration.address = "127.0.0.1"
    let loop = EventLoop()
    let responder = ContextServer()
    let server = try HTTPServer(loop: loop, configuration: configuration, responder: responder)
    let thread = loop.start()
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try await body(responder, "http://127.0.0.1:\(server.port)"))
    } catch {
      outcome = .failure(error)
    }
    await server.shutDown()
    loop.stop()
    thread.join()
    return try outcome.get()
  }

  /// What a GET of `path` is answered with from now on; 404 for all others.
  package func set(
    _ path: String, _ body: String, status: Int = 200,
    headers: [(name: String, value: String)] = [("Content-Type", "application/ld+json")]
  ) {
    let response = HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    state.withLock { $0.answers[path] = response }
  }

  package func remove(_ path: String) { state.withLock { $0.answers[path] = nil } }

  /// Lets requests for `path` wait for an hour.
  package func stall(_ path: String) { _ = state.withLock { $0.slow.insert(path) } }

  /// How often `path` was asked for.
  package func requests(of path: String) -> Int {
    bodies(of: path).count
  }

  /// What requests for `path` brought.
  package func bodies(of path: String) -> [[UInt8]] {
    state.withLock { state in state.requests.filter { $0.path == path }.map(\.body) }
  }

  package func respond(to request: HTTPRequest) async -> HTTPResponse {
    let (answer, isSlow) = state.withLock { state in
      state.requests.append((request.path, request.body))
      return (state.answers[request.path], state.slow.contains(request.path))
    }
    // Long enough for others to ask meanwhile.
    try? await Task.sleep(for: isSlow ? .seconds(3600) : .milliseconds(20))
    return answer ?? HTTPResponse(status: 404)
  }
}
