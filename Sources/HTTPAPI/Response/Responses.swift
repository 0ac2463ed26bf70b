import HTTPServer
import JSON
import JSONLD
import NGSILD

extension HTTPResponse {
  static let noContent = HTTPResponse(status: 204)

  static func created(at location: String) -> HTTPResponse {
    HTTPResponse(status: 201, headers: [("Location", location)])
  }

  /// A body in the negotiated media type, with the `@context` as a Link unless it stands in the
  /// body (6.3.6).
  ///
  /// - Parameter embedsContext: nil for what the media type says.
  static func body(
    _ bytes: [UInt8], as type: MediaType, context: Context, embedsContext: Bool? = nil,
    status: Int = 200
  ) -> HTTPResponse {
    var response = HTTPResponse(
      status: status, headers: [("Content-Type", type.rawValue)], body: bytes)
    if !(embedsContext ?? (type != .json)), let url = context.linkURL {
      response.headers.append(("Link", LinkHeader.context(url)))
    }
    return response
  }

  /// A JSON body that no `@context` belongs to.
  static func plainJSON(_ bytes: [UInt8], status: Int) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("Content-Type", MediaType.json.rawValue)], body: bytes)
  }
}
