import HTTPServer

/// The origins whose web pages may call the API from a browser.
///
/// Standard: CORS protocol (Fetch standard, 3.2).
package enum AllowedOrigins: Sendable, Hashable {
  case none
  case all
  case some(Set<String>)

  /// Reads `*`, or a comma-separated list such as `https://map.example,http://localhost:3000`.
  package init?(parsing text: String) {
    guard text != "*" else {
      self = .all
      return
    }
    let origins = text.split(separator: ",").map(\.trimmed)
    guard !origins.isEmpty, origins.allSatisfy(isOrigin) else { return nil }
    self = .some(Set(origins.map { $0.lowercased() }))
  }

  private func allows(_ origin: String) -> Bool {
    switch self {
    case .none: false
    case .all: true
    case .some(let origins): origins.contains(origin.lowercased())
    }
  }

  /// Lets the browser give a response to the page that asked for it.
  func admit(_ request: HTTPRequest, to response: inout HTTPResponse) {
    if case .none = self { return }
    let origin = request.headers.first("Origin")
    if case .some = self { response.headers.append(("Vary", "Origin")) }
    guard let origin, allows(origin) else { return }
    response.headers += [
      ("Access-Control-Allow-Origin", self == .all ? "*" : origin),
      ("Access-Control-Expose-Headers", Self.exposedHeaders),
    ]
  }

  /// Answers what a browser asks before it sends a request.
  ///
  /// - Parameter allow: the methods of the resource.
  func answer(preflight request: HTTPRequest, allow: String, in response: inout HTTPResponse) {
    guard let origin = request.headers.first("Origin"), allows(origin),
      request.headers.contains("Access-Control-Request-Method")
    else { return }
    response.headers += [
      ("Access-Control-Allow-Methods", allow),
      ("Access-Control-Max-Age", "\(Self.secondsMax)"),
    ]
    // None can do harm here: what a header may do is decided when the request comes.
    if let wanted = request.headers.first("Access-Control-Request-Headers") {
      response.headers.append(("Access-Control-Allow-Headers", wanted))
    }
  }

  /// As long as browsers remember it at most.
  private static let secondsMax = 7200
  private static let exposedHeaders =
    "Allow, Link, Location, NGSILD-EntityMap, NGSILD-Results-Count, NGSILD-Snapshot, "
    + "NGSILD-Tenant, NGSILD-Warning, Preference-Applied, Retry-After"
}

/// Whether `text` is a scheme, a host and perhaps a port, with nothing after them.
private func isOrigin(_ text: String) -> Bool {
  let parts = text.split(separator: "://", omittingEmptySubsequences: false)
  return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
    && !parts[1].utf8.contains { "/?#* ".utf8.contains($0) }
}
