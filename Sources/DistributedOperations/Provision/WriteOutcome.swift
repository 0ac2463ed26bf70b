package import JSONLD
package import NGSILD

/// What became of a write, of which sources had parts.
///
/// Standard: GS CIM 009, 5.2.16 to 5.2.19 and 6.3.17.
package struct WriteOutcome: Sendable {
  /// What a source made of its part.
  package struct Part: Sendable {
    package let source: String
    /// Whether what it has is nowhere else.
    package let isProxied: Bool
    package let share: WritePlan.Share
    /// nil for success.
    package let problem: SourceProblem?
    /// Whether it made a new Entity, as far as it said.
    package let hasCreated: Bool

    package init(
      _ part: WritePlan.Part, isProxied: Bool, problem: SourceProblem?, hasCreated: Bool = false
    ) {
      source = part.source
      share = part.share
      self.isProxied = isProxied
      self.problem = problem
      self.hasCreated = hasCreated
    }
  }

  /// What this broker did itself.
  package enum Own: Sendable {
    case operation(OperationResult)
    /// An operation on the history.
    case history(updated: [IRI], hasCreated: Bool)

    package var updated: [IRI] {
      switch self {
      case .operation(let result): result.change.attributes.map(\.name)
      case .history(let updated, _): updated
      }
    }

    /// What it left alone, with the reason.
    package var notUpdated: [OperationResult.NotUpdated] {
      if case .operation(let result) = self { result.notUpdated } else { [] }
    }

    /// Whether it made a new Entity.
    package var hasCreated: Bool {
      switch self {
      case .operation(let result): result.change.before == nil
      case .history(_, let hasCreated): hasCreated
      }
    }
  }

  /// Where it is no failure that something is not there.
  package enum Absence: Sendable {
    case nowhere
    /// Here, of what a source has claimed.
    case whereClaimed
    /// Everywhere but at one place: that which holds the one instance.
    case exceptOnce
  }

  /// nil if nothing was to be done here.
  package private(set) var local: Result<Own, NGSILDError>?
  package private(set) var parts: [Part]

  package init(
    local: Result<Own, NGSILDError>?, parts: [Part], tolerating absence: Absence = .nowhere
  ) {
    self.parts = parts
    self.local = local
    switch absence {
    case .nowhere: break
    case .whereClaimed: if parts.contains(where: \.isProxied) { forgiveLocalAbsence() }
    case .exceptOnce:
      guard hasSucceeded else { return }
      forgiveLocalAbsence()
      self.parts.removeAll { $0.problem?.status == 404 }
    }
  }

  private mutating func forgiveLocalAbsence() {
    if case .failure(let error)? = local, error.kind == .resourceNotFound { local = nil }
  }

  /// What the client is told.
  package enum Verdict: Sendable {
    /// Everybody did it; nil if nothing was to be done here.
    case success(Own?)
    /// Nobody did it, for one reason.
    case failure(NGSILDError)
    case problem(SourceProblem)
    /// 207: somebody did not.
    case partial
  }

  package var verdict: Verdict {
    let problems = parts.compactMap(\.problem)
    guard !problems.isEmpty else {
      switch local {
      case .failure(let error)?: return parts.isEmpty ? .failure(error) : .partial
      case .success(let result)?: return .success(result)
      case nil: return .success(nil)
      }
    }
    if hasSucceeded { return .partial }
    if problems.allSatisfy(\.isConflict) && local == nil { return .problem(problems[0]) }
    if parts.count == 1 && parts[0].isProxied && local == nil {
      return .problem(problems[0].ofGateway)
    }
    return .partial
  }

  private var isDoneHere: Bool {
    if case .success? = local { true } else { false }
  }

  /// Whether anybody did anything.
  package var hasSucceeded: Bool {
    isDoneHere || parts.contains { $0.problem == nil || $0.problem == .partial }
  }

  package var hasCreated: Bool {
    if case .success(let own)? = local, own.hasCreated { return true }
    return parts.contains(where: \.hasCreated)
  }
}

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
  fileprivate var ofGateway: SourceProblem {
    switch self {
    case .status(let status, _, _) where status != 404 && status != 508:
      .gateway(status: 502, detail: detail)
    default: self
    }
  }
}
