/// Why a source did not carry out its part of a write.
package enum SourceProblem: Hashable, Sendable {
  /// The registration claims the data, but not this operation.
  case unsupported(source: String)
  case loop(source: String)
  case timeout(source: String)
  case unreachable(source: String, reason: String)
  case status(Int, source: String, reason: String)
  /// It did a part of its part (207).
  case partial
  /// What this broker answers for the one source that holds everything.
  case gateway(status: Int, detail: String)

  package var isConflict: Bool {
    if case .unsupported = self { true } else { false }
  }

  package var status: Int {
    switch self {
    case .unsupported: 409
    case .loop: 508
    case .timeout: 504
    case .unreachable: 502
    case .status(let status, _, _), .gateway(let status, _): status
    case .partial: 207
    }
  }

  package var detail: String {
    switch self {
    case .unsupported(let source):
      "The registration '\(source)' claims this data, but does not support the operation"
    case .loop(let source):
      "The request has been here before; it was not sent to '\(source)' again"
    case .timeout(let source): "The source of '\(source)' did not answer in time"
    case .unreachable(let source, let reason):
      "The source of '\(source)' gave no answer: \(reason)"
    case .status(let status, let source, let reason):
      "The source of '\(source)' answered with \(status)\(reason.isEmpty ? "" : ": \(reason)")"
    case .partial: "The source has done a part of it"
    case .gateway(_, let detail): detail
    }
  }

  /// As this broker answers for a source that alone holds everything (6.3.17).
  var ofGateway: SourceProblem {
    switch self {
    case .status(let status, _, _) where status != 404 && status != 508:
      .gateway(status: 502, detail: detail)
    default: self
    }
  }
}
