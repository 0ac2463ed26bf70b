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
    guard let seconds = notifiedAt(in: body) else { return nil }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let day: Int64 = 86_400_000_000
    let today = (Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec / 1000)) % day
    return (today - Int64(seconds * 1_000_000) + day) % day
  }

  /// The time of day in seconds. Byte by byte, since the sink shares the processor with what is
  /// measured, and the library's searches took longer than all else that it does.
  private func notifiedAt(in body: [UInt8]) -> Double? {
    guard let date = place(after: Self.name, in: body),
      let time = body[date...].firstIndex(of: UInt8(ascii: "T"))
    else { return nil }
    var (whole, part, fraction, unit) = (0, 0, 0.0, 0.0)
    for byte in body[(time + 1)...] {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = Int(byte - UInt8(ascii: "0"))
        if unit > 0 {
          fraction += Double(digit) * unit
          unit /= 10
        } else {
          part = part * 10 + digit
        }
      case UInt8(ascii: ":"): (whole, part) = ((whole + part) * 60, 0)
      case UInt8(ascii: "."): unit = 0.1
      default: return Double(whole + part) + fraction
      }
    }
    return nil
  }

  /// Where the first occurrence of `name` ends.
  private func place(after name: [UInt8], in body: [UInt8]) -> Int? {
    guard body.count > name.count else { return nil }
    return (0..<body.count - name.count).first { start in
      name.indices.allSatisfy { body[start + $0] == name[$0] }
    }.map { $0 + name.count }
  }

  private static let name = Array(#""notifiedAt":""#.utf8)
}
