import DistributedOperations
import HTTPServer
import JSON
import NGSILD

/// The one place that knows status codes of errors.
///
/// Standard: error types (GS CIM 009, 5.5.2, 5.5.3, 6.3.2).
struct ProblemDetails {
  let type: String
  let title: String
  let status: Int
  let detail: String

  init(_ error: NGSILDError) {
    status = error.kind.status
    title = error.kind.title
    detail = error.detail
    type =
      error.kind.isRegistered
      ? "https://uri.etsi.org/ngsi-ld/errors/\(error.kind.rawValue)" : "about:blank"
  }

  /// A plain HTTP error, for which the standard registers no type.
  init(status: Int, title: String, detail: String) {
    self.status = status
    self.title = title
    self.detail = detail
    type = "about:blank"
  }

  /// Choice: the standard has no error type of its own for what sources did.
  init(_ problem: SourceProblem) {
    guard !problem.isConflict else {
      self.init(NGSILDError(.conflict, problem.detail))
      return
    }
    self.init(status: problem.status, title: "Context Source failed", detail: problem.detail)
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("type")
    writer.string(type)
    writer.name("title")
    writer.string(title)
    writer.name("detail")
    writer.string(detail)
    writer.name("status")
    writer.integer(status)
    writer.endObject()
  }

  /// Always `application/json`, whatever was asked for (5.5.3).
  var response: HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 256)
    write(to: &writer)
    var headers = [("Content-Type", MediaType.json.rawValue)]
    if status == NGSILDError.Kind.overloaded.status { headers.append(("Retry-After", "1")) }
    return HTTPResponse(status: status, headers: headers, body: writer.bytes)
  }
}

extension NGSILDError.Kind {
  var status: Int {
    switch self {
    case .invalidRequest, .badRequestData: 400
    case .alreadyExists, .conflict: 409
    case .operationNotSupported: 422
    case .resourceNotFound, .nonexistentTenant: 404
    case .internalError: 500
    case .tooComplexQuery, .tooManyResults: 403
    case .ldContextNotAvailable: 504
    case .noMultiTenantSupport: 501
    case .overloaded: 503
    case .payloadTooLarge: 413
    case .notAcceptable: 406
    case .loopDetected: 508
    }
  }

  var isRegistered: Bool {
    switch self {
    case .overloaded, .payloadTooLarge, .notAcceptable, .loopDetected: false
    default: true
    }
  }

  var title: String {
    switch self {
    case .invalidRequest: "Invalid request"
    case .badRequestData: "Bad request data"
    case .alreadyExists: "Already exists"
    case .conflict: "Conflict"
    case .operationNotSupported: "Operation not supported"
    case .resourceNotFound: "Resource not found"
    case .internalError: "Internal error"
    case .tooComplexQuery: "Query too complex"
    case .tooManyResults: "Too many results"
    case .ldContextNotAvailable: "JSON-LD @context not available"
    case .noMultiTenantSupport: "No multi-tenant support"
    case .nonexistentTenant: "Tenant does not exist"
    case .overloaded: "Temporarily overloaded"
    case .payloadTooLarge: "Content too large"
    case .notAcceptable: "Not acceptable"
    case .loopDetected: "Loop detected"
    }
  }
}
