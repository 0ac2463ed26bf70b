import DistributedOperations
import HTTPServer
import JSON
import JSONLD
import NGSILD

/// What an operation on several Entities, or by several brokers, succeeded and failed on.
///
/// Standard: GS CIM 009, 5.2.16 and 5.2.17.
struct BatchOperationResult {
  struct Failure {
    let id: String
    /// nil for what this broker did itself.
    let registration: String?
    let problem: ProblemDetails
  }

  /// Each once.
  private(set) var success: [String] = []
  private(set) var errors: [Failure] = []

  init() {}

  init(_ outcome: WriteOutcome, of id: String) { add(outcome, of: id) }

  mutating func succeed(_ id: String) {
    if seen.insert(IRI(id)).inserted { success.append(id) }
  }

  mutating func fail(_ id: String, _ error: NGSILDError) {
    errors.append(Failure(id: id, registration: nil, problem: ProblemDetails(error)))
  }

  mutating func add(_ outcome: WriteOutcome, of id: String) {
    switch outcome.local {
    case .failure(let error)?: fail(id, error)
    case .success(let result)?:
      if let left = result.notUpdated.first {
        fail(id, .badRequestData("'\(left.name)' was left alone: \(left.reason)"))
      } else {
        succeed(id)
      }
    case nil: break
    }
    if outcome.parts.contains(where: { $0.problem == nil || $0.problem == .partial }) {
      succeed(id)
    }
    for part in outcome.parts {
      guard let problem = part.problem else { continue }
      errors.append(
        Failure(id: id, registration: part.source, problem: ProblemDetails(problem)))
    }
  }

  /// What a source made of an operation that names no Entities.
  ///
  /// Choice: the id of the registration stands for those that it may have.
  mutating func add(_ part: WriteOutcome.Part) {
    guard let problem = part.problem else { return }
    errors.append(
      Failure(id: part.source, registration: part.source, problem: ProblemDetails(problem)))
  }

  private var seen: Set<IRI> = []

  /// 207.
  var response: HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("success")
    writer.beginArray()
    for id in success { writer.string(id) }
    writer.endArray()
    writer.name("errors")
    writer.beginArray()
    for error in errors { error.write(to: &writer) }
    writer.endArray()
    writer.endObject()
    return .plainJSON(writer.bytes, status: 207)
  }
}

extension BatchOperationResult.Failure {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("entityId")
    writer.string(id)
    if let registration {
      writer.name("registrationId")
      writer.string(registration)
    }
    writer.name("error")
    problem.write(to: &writer)
    writer.endObject()
  }
}
