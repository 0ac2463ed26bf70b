import EventLoop
import Glibc
import HTTPServer

/// Accepts every notification, counts them, and notes how old they are; those to `/failing` are
/// refused.
///
/// `@unchecked Sendable`: called on its server's loop only.
final class Sink: HTTPResponder, @unchecked Sendable {
  private var notifications = 0
  /// Of the latest ones, in microseconds.
  private var ages: [Int64] = []

  private static let agesMax = 100_000

  static func run(port: UInt16) throws {
    let loop = EventLoop()
    var configuration = HTTPServerConfiguration()
    // Of loopback, any address is a host of its own.
    configuration.address = "0.0.0.0"
    configuration.port = port
    let server = try HTTPServer(loop: loop, configuration: configuration, responder: Sink())
    loop.onSignals([SIGTERM, SIGINT]) { _ in loop.stop() }
    withExtendedLifetime(server) { loop.run() }
    exit(0)
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard request.method == "POST" else {
      return HTTPResponse(
        status: 200,
        body: Array("\(request.path == "/latency" ? percentiles() : "\(notifications)")\n".utf8))
    }
    guard request.path != "/failing" else { return HTTPResponse(status: 500) }
    notifications += 1
    if let age = age(of: request.body) { ages.append(age) }
    if ages.count > Self.agesMax { ages.removeFirst(Self.agesMax / 2) }
    return HTTPResponse(status: 204)
  }

  /// The median and the 99th percentile of what has come since the last question.
  private func percentiles() -> String {
    let sorted = ages.sorted()
    ages = []
    guard !sorted.isEmpty else { return "0 0" }
    return "\(sorted[sorted.count / 2]) \(sorted[sorted.count * 99 / 100])"
  }

  /// Microseconds since the time of day that a notification names.
  private func age(of body: [UInt8]) -> Int64? {
    guard let range = body.firstRange(of: Array(#""notifiedAt":""#.utf8)) else { return nil }
    let text = String(decoding: body[range.upperBound...].prefix { $0 != 0x22 }, as: UTF8.self)
    let parts = text.split(separator: "T").last?.dropLast().split(separator: ":") ?? []
    let numbers = parts.compactMap { Double($0) }
    guard numbers.count == 3 else { return nil }
    let seconds = (numbers[0] * 60 + numbers[1]) * 60 + numbers[2]
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let day: Int64 = 86_400_000_000
    let today = (Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec / 1000)) % day
    return (today - Int64(seconds * 1_000_000) + day) % day
  }
}
