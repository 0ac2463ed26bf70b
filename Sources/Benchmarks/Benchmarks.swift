import EventLoop
import Glibc
import HTTPServer

/// What `Scripts/bench` needs beside the broker: `Benchmarks sink PORT`.
@main
enum Benchmarks {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, arguments[1] == "sink", let port = UInt16(arguments[2]) else {
      print("Benchmarks sink PORT: takes notifications, and tells their number at GET /count")
      exit(2)
    }
    let loop = EventLoop()
    var configuration = HTTPServerConfiguration()
    configuration.address = "127.0.0.1"
    configuration.port = port
    let server = try HTTPServer(loop: loop, configuration: configuration, responder: Sink())
    loop.onSignals([SIGTERM, SIGINT]) { _ in loop.stop() }
    withExtendedLifetime(server) { loop.run() }
    exit(0)
  }
}

/// Accepts every notification and counts them.
///
/// `@unchecked Sendable`: called on its server's loop only.
private final class Sink: HTTPResponder, @unchecked Sendable {
  private var notifications = 0

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard request.method == "POST" else {
      return HTTPResponse(status: 200, body: Array("\(notifications)\n".utf8))
    }
    notifications += 1
    return HTTPResponse(status: 204)
  }
}
