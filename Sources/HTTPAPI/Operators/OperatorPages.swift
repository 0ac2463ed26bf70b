package import HTTPServer
import JSON
package import Log

/// `/health`, `/metrics` and `/version`: what operators and their tools ask for.
package struct OperatorPages: OperatorResponder {
  private let metricsTable: Metrics
  private let programVersion: String
  private let gauges: @Sendable () async -> [Metrics.Gauge]
  /// Whether the database answers; the reason if it does not.
  private let databaseProblem: @Sendable () async -> String?
  private let log: Log

  package init(
    metrics: Metrics, version: String, log: Log,
    gauges: @escaping @Sendable () async -> [Metrics.Gauge],
    databaseProblem: @escaping @Sendable () async -> String?
  ) {
    metricsTable = metrics
    programVersion = version
    self.log = log
    self.gauges = gauges
    self.databaseProblem = databaseProblem
  }

  /// 200 while the broker can serve; 503 while it lives but its database does not answer.
  package func health() async -> HTTPResponse {
    let problem = await databaseProblem()
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("status")
    writer.string(problem == nil ? "ready" : "live")
    writer.name("database")
    writer.string(problem ?? "ready")
    writer.name("version")
    writer.string(programVersion)
    writer.endObject()
    return .plainJSON(writer.bytes, status: problem == nil ? 200 : 503)
  }

  package func metrics() async -> HTTPResponse {
    let text = metricsTable.text(gauges: await gauges())
    return HTTPResponse(
      status: 200, headers: [("Content-Type", "text/plain; version=0.0.4")],
      body: Array(text.utf8))
  }

  package func version() -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("kontext")
    writer.string(programVersion)
    writer.name("ngsi-ld")
    writer.string("1.9.1")
    writer.endObject()
    return .plainJSON(writer.bytes, status: 200)
  }

  package func answered(_ request: AnsweredRequest) {
    metricsTable.requestAnswered(request)
    let level: Log.Level = request.status >= 500 ? .warning : .debug
    guard level >= log.level else { return }
    log.write(
      level, "request",
      [
        "request": String(request.id, radix: 36), "method": request.method,
        "route": request.route, "status": "\(request.status)",
        "duration": "\(request.duration)",
      ])
  }
}
