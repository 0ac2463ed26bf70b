import DistributedOperations
import HTTPClient
import JSON
import NGSILD
import Registrations

/// Hands parts of writes to Context Sources.
struct SourceWriter: Sendable {
  let distribution: Distribution

  typealias Forward = @Sendable (WritePlan.Share, SourceAddress) -> SourceRequest

  /// What came of a plan's parts, in the order of the plan; sources work at the same time.
  func outcomes(of plan: WritePlan, _ request: @escaping Forward) async -> [WriteOutcome.Part] {
    let parts = await allAtOnce(plan.forwards) { await outcome(of: $0, request) }
    return parts.compactMap(\.self) + conflicts(of: plan)
  }

  func conflicts(of plan: WritePlan) -> [WriteOutcome.Part] {
    plan.conflicts.map {
      WriteOutcome.Part($0, isProxied: true, problem: .unsupported(source: $0.source))
    }
  }

  /// nil where an inclusive source has been passed already, which it need not be again.
  private func outcome(
    of part: WritePlan.Part, _ request: Forward
  ) async -> WriteOutcome.Part? {
    guard let registration = distribution.registration(part.source) else { return nil }
    let isProxied = registration.mode.isProxied
    guard !distribution.origin.isLoop else {
      return isProxied
        ? WriteOutcome.Part(part, isProxied: true, problem: .loop(source: part.source)) : nil
    }
    let address = await distribution.address(of: registration)
    let answer = await distribution.send(request(part.share, address), to: registration)
    return WriteOutcome.Part(
      part, isProxied: isProxied, problem: SourceProblem(answer, of: part.source),
      hasCreated: (try? answer.get().status) == 201)
  }
}

extension SourceProblem {
  /// nil for success.
  init?(_ answer: Result<HTTPClientResponse, SourceFailure>, of source: String) {
    switch answer {
    case .success(let response) where response.status == 207: self = .partial
    case .success(let response) where 200..<300 ~= response.status: return nil
    case .success(let response):
      self = .status(response.status, source: source, reason: response.problemDetail)
    case .failure(.timeout), .failure(.coolingDown): self = .timeout(source: source)
    case .failure(.unreachable(let reason)), .failure(.unauthorized(let reason)):
      self = .unreachable(source: source, reason: reason)
    case .failure(.tooLarge):
      self = .unreachable(
        source: source, reason: "it is longer than \(SourceClient.answerBytesMax) bytes")
    }
  }
}

extension HTTPClientResponse {
  /// What the body says is wrong; empty if it does not tell.
  fileprivate var problemDetail: String {
    guard let value = try? JSONValue(parsing: body),
      let detail = value["detail"]?.string ?? value["title"]?.string
    else { return "" }
    return String(detail.prefix(300))
  }
}
