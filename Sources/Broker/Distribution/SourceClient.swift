package import DistributedOperations
package import HTTPClient
import NGSILD
package import Registrations
import Synchronization

/// Sends requests to Context Sources, each bounded in time and size.
package struct SourceClient: Sendable {
  private let client: HTTPClient
  private let registrations: RegistrationTable
  private let health: SourceHealth
  let memory: AnswerMemory
  /// How long a source may take that says nothing of it itself.
  package let timeout: Duration

  /// Choice: a longer answer is taken for an invalid one.
  static let answerBytesMax = 10 << 20

  package init(
    client: HTTPClient, registrations: RegistrationTable, health: SourceHealth,
    memory: AnswerMemory = AnswerMemory(), timeout: Duration
  ) {
    self.client = client
    self.registrations = registrations
    self.health = health
    self.memory = memory
    self.timeout = timeout
  }

  /// Sends a request, unless the source cools down, and notes what came of it.
  ///
  /// - Parameters:
  ///   - deadline: when nobody waits for the answer any more.
  ///   - bytesMax: of the answer.
  package func send(
    _ request: SourceRequest, to source: CompiledRegistration, deadline: ContinuousClock.Instant,
    bytesMax: Int = answerBytesMax
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    guard !health.isCooling(source) else { return .failure(.coolingDown) }
    let time = deadline - .now
    guard time > .zero else { return .failure(.timeout) }
    let outcome = await answer(to: request, within: time, bytesMax)
    note(outcome, of: request, by: source)
    return outcome
  }

  private func answer(
    to request: SourceRequest, within time: Duration, _ bytesMax: Int
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    do throws(HTTPClientError) {
      return .success(
        try await client.send(
          HTTPClientRequest(
            method: request.method, url: request.url,
            headers: request.headers.map { ($0.name, $0.value) }, body: request.body,
            timeout: time, responseBytesMax: bytesMax)))
    } catch {
      switch error {
      case .timeout: return .failure(.timeout)
      case .tooLarge: return .failure(.tooLarge)
      default: return .failure(.unreachable("\(error)"))
      }
    }
  }

  /// Choice: that a source does not have what is read is no failure of the source.
  private func note(
    _ outcome: Result<HTTPClientResponse, SourceFailure>, of request: SourceRequest,
    by source: CompiledRegistration
  ) {
    let status = try? outcome.get().status
    let hasSucceeded =
      status.map { 200..<300 ~= $0 || ($0 == 404 && request.method == "GET") } ?? false
    registrations.note(source, succeeded: hasSucceeded, at: .now)
    // What a source refuses is the fault of who asked for it, and no reason to leave it alone.
    health.note(source, isWell: status.map { $0 < 500 } ?? false)
  }

  /// Notes that a source has answered with what is no answer.
  func noteUnusable(_ source: CompiledRegistration) { health.note(source, isWell: false) }
}

/// Why there is no answer of a Context Source.
package enum SourceFailure: Error, Hashable, Sendable {
  case timeout
  /// It failed a short while ago, and is not asked again so soon.
  case coolingDown
  case tooLarge
  case unreachable(String)
}

/// Which Context Sources cool down, for all loops of a process.
package final class SourceHealth: Sendable {
  private let cooldowns = Mutex(SourceCooldowns())

  package init() {}

  func isCooling(_ source: CompiledRegistration) -> Bool {
    cooldowns.withLock { $0.isCooling(source.key, at: .now) }
  }

  func note(_ source: CompiledRegistration, isWell: Bool) {
    guard let cooldown = source.registration.management.cooldown else { return }
    cooldowns.withLock { cooldowns in
      if isWell {
        cooldowns.succeeded(source.key)
      } else {
        cooldowns.failed(source.key, cooldown: cooldown, at: .now)
      }
    }
  }
}
