import DistributedOperations
import HTTPClient
import JSON
import JSONLD

/// What a source says of a batch.
struct BatchAnswer {
  /// Of all items; nil if each has its own outcome.
  private var common: SourceProblem?
  private var problems: [IRI: SourceProblem] = [:]
  /// Of a batch of which something failed: what did not; nil if it does not tell.
  private var succeeded: Set<IRI>?
  /// nil if it does not tell.
  private var created: Set<IRI>?

  init(_ answer: Result<HTTPClientResponse, SourceFailure>, of source: String) {
    let problem = SourceProblem(answer, of: source)
    guard case .success(let response) = answer, problem == nil || problem == .partial else {
      common = problem
      return
    }
    let body = try? JSONValue(parsing: response.body)
    if response.status == 201 { created = body?.ids ?? [] }
    guard problem == .partial else { return }
    succeeded = body?["success"]?.ids
    for error in body?["errors"]?.elements.map(\.self) ?? [] {
      guard let id = error["entityId"]?.string else { continue }
      problems[id] = .status(
        error["error"]?["status"]?.integer ?? 500, source: source,
        reason: error["error"]?["detail"]?.string ?? "")
    }
    // A source that does not tell what went wrong has told that something did.
    if succeeded == nil && problems.isEmpty { common = .partial }
  }

  func problem(of id: String) -> SourceProblem? {
    if let problem = common ?? problems[id] { return problem }
    guard let succeeded, !succeeded.contains(id) else { return nil }
    return .partial
  }

  func hasCreated(_ id: String, by kind: BatchWrite.Kind) -> Bool {
    guard problem(of: id) == nil else { return false }
    return kind == .create || created?.contains(id) ?? false
  }
}

extension JSONValue {
  /// Of Entities, in an array.
  fileprivate var ids: Set<IRI> { Set(elements.compactMap(\.string)) }
}
