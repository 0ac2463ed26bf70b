import EventLoop
import Glibc
import HTTPServer

/// Context Sources on ports in a row, each of which answers every request with the same ten Entities
/// of its own, at once.
enum FixedSources {
  private static let entityCount = 10

  static func run(port: UInt16, count: Int) throws {
    let loop = EventLoop()
    let servers = try (0..<count).map { number in
      var configuration = HTTPServerConfiguration()
      configuration.address = "127.0.0.1"
      configuration.port = port + UInt16(number)
      return try HTTPServer(
        loop: loop, configuration: configuration, responder: FixedSource(number: number))
    }
    loop.onSignals([SIGTERM, SIGINT]) { _ in loop.stop() }
    withExtendedLifetime(servers) { loop.run() }
    exit(0)
  }

  private final class FixedSource: HTTPResponder {
    private let body: [UInt8]

    init(number: Int) {
      let entities = (0..<entityCount).map { entity("\(number):\($0)", $0) }
      body = Array("[\(entities.joined(separator: ","))]".utf8)
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
      HTTPResponse(status: 200, headers: [("Content-Type", "application/json")], body: body)
    }
  }

  /// As a broker answers with system attributes; without them it would have 1.4 KB.
  private static func entity(_ id: String, _ number: Int) -> String {
    let times =
      #""createdAt":"2026-01-01T00:00:00.000Z","modifiedAt":"2026-01-01T00:00:\#(10 + number).000Z""#
    let observed = #""observedAt":"2026-01-01T00:00:\#(10 + number)Z",\#(times)"#
    let measured = ["temperature", "relativeHumidity", "pm10", "no2"].map { name in
      #""\#(name)":{"type":"Property","value":\#(number).5,"unitCode":"CEL",\#(observed),"#
        + #""accuracy":{"type":"Property","value":0.5,\#(times)}}"#
    }
    let text =
      "Station \(number) of the benchmark: it stands beside a road, reports every few "
      + "minutes, and carries about as much text as the Entities that cities publish."
    return """
      {"id":"urn:ngsi-ld:AirQualityObserved:\(id)","type":"AirQualityObserved",\(times),\
      \(measured.joined(separator: ",")),\
      "address":{"type":"Property","value":{"streetAddress":"Simulated Avenue \(number)",\
      "addressLocality":"Benchtown","addressRegion":"North","postalCode":"00000",\
      "addressCountry":"XX"},\(times)},\
      "description":{"type":"Property","value":"\(text)",\(times)},\
      "refDevice":{"type":"Relationship","object":"urn:ngsi-ld:Hardware:\(number)",\(observed)},\
      "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[0.5,0.5]},\(times)}}
      """
  }
}
