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
