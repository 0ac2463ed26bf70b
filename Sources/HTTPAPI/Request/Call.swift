import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage

/// A request to one operation, its parameters known and its identifiers checked.
struct Call: Sendable {
  let operation: Operation
  let parameters: Parameters
  let request: HTTPRequest
  /// The variable parts of the path, decoded.
  let identifiers: [String]
  /// The media type of the response body.
  let accepts: MediaType
  /// nil where the answer has no body.
  let preferences: Preferences?

  /// - Throws: `notAcceptable`, `invalidRequest` or `badRequestData`, in the order of the checks.
  init(
    _ request: HTTPRequest, _ operation: Operation, _ resource: Resource
  ) throws(NGSILDError) {
    self.operation = operation
    self.request = request
    identifiers = resource.identifiers
    let available = operation.representations
    let accept = operation.answersWithBody ? request.headers.first("Accept") : nil
    guard let accepts = MediaType.negotiate(accept, among: available) else {
      let types = available.map(\.rawValue).joined(separator: ", ")
      throw NGSILDError(.notAcceptable, "'\(accept ?? "")' is not available; \(types) are")
    }
    self.accepts = accepts
    preferences = operation.answersWithBody ? Preferences(request.headers.all("Prefer")) : nil
    parameters = try Parameters(query: request.query)
    try parameters.require(knownTo: operation)
    _ = try parameters.boolean("local")
  }

  /// The Entity id of the path.
  func entityID() throws(NGSILDError) -> String {
    let id = identifiers.first ?? ""
    try requireEntityID(id)
    return id
  }

  /// The Attribute name of the path, as it is given.
  func attributeName() throws(NGSILDError) -> String {
    let name = identifiers.count > 1 ? identifiers[1] : ""
    try requireName(name, as: "The Attribute name")
    return name
  }

  /// The id of the Snapshot that the operation is to work on (6.3.22).
  var snapshot: String? { request.headers.first(API.snapshotHeader) }

  /// The header fields of the request, some of which notifications repeat.
  var headers: RequestHeaders {
    RequestHeaders { [headers = request.headers] in headers.first($0) }
  }

  /// The host and port by which the client calls this broker (RFC 9110, 7.2); `localhost` for one
  /// that does not say, or says what is no host.
  var host: String {
    let host = request.headers.first("Host") ?? ""
    let isHost = host.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "-")...UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: ":"),
        UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return isHost && !host.isEmpty ? host : "localhost"
  }

  /// Says which version of the standard a body keeps to, where the request prefers one (6.3.6).
  func acknowledge(in response: inout HTTPResponse) {
    guard let version = preferences?.version, !response.body.isEmpty else { return }
    response.headers.append(("Preference-Applied", "ngsi-ld=\(version)"))
  }
}
