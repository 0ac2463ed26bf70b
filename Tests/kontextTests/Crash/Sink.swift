import EventLoop
import HTTPServer
import JSON

/// Where notifications go: keeps the number of each update that it hears of, in order.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Sink: HTTPResponder, @unchecked Sendable {
  private let server: Server
  private(set) var numbers: [String: [Int]] = [:]
  private var waiting:
    (condition: ([String: [Int]]) -> Bool, resume: UnsafeContinuation<Void, Never>)?

  /// Breaks the cycle between a server and its responder.
  private final class Server { var server: HTTPServer? }

  init(on loop: EventLoop) throws {
    server = Server()
    var configuration = HTTPServerConfiguration()
    configuration.address = "127.0.0.1"
    server.server = try HTTPServer(loop: loop, configuration: configuration, responder: self)
  }

  var url: String { "http://127.0.0.1:\(server.server?.port ?? 0)/notify" }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard let body = try? JSONValue(parsing: request.body) else { return HTTPResponse(status: 400) }
    for entity in body["data"]?.elements.map(\.self) ?? [] {
      guard let id = entity["id"]?.string, let number = entity["n"]?["value"]?.integer else {
        continue
      }
      numbers[id, default: []].append(number)
    }
    if let waiting, waiting.condition(numbers) {
      self.waiting = nil
      waiting.resume.resume()
    }
    return HTTPResponse(status: 200)
  }

  /// Returns once the condition holds for what has arrived.
  func wait(until condition: @escaping ([String: [Int]]) -> Bool) async {
    guard !condition(numbers) else { return }
    await withUnsafeContinuation { waiting = (condition, $0) }
  }

  func close() async {
    await server.server?.shutDown()
    server.server = nil
  }
}
