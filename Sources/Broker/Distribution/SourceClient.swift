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
  /// How long a source may take that says nothing of it itself.
  package let timeout: Duration

  /// Choice: a longer answer is taken for an invalid one.
  private static let answerBytesMax = 10 << 20

  package init(
    client: HTTPClient, registrations: RegistrationTable, health: SourceHealth, timeout: Duration
  ) {
    self.client = client
    self.registrations = registrations
    self.health = health
    self.timeout = timeout
  }

  /// Sends a request, unless the source cools down, and notes what came of it.
  ///
  /// - Parameter deadline: when nobody waits for the answer any more.
  package func send(
    _ request: SourceRequest, to source: CompiledRegistration, deadline: ContinuousClock.Instant
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    guard !health.isCooling(source) else { return .failure(.coolingDown) }
    let time = min(request.timeout ?? timeout, deadline - .now)
    guard time > .zero else { return .failure(.timeout) }
    let outcome = await answer(to: request, within: time)
    note(outcome, of: request, by: source)
    return outcome
  }

  private func answer(
    to request: SourceRequest, within time: Duration
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    do throws(HTTPClientError) {
      return .success(
        try await client.send(
          HTTPClientRequest(
            method: request.method, url: request.url,
            headers: request.headers.map { ($0.name, $0.value) }, body: request.body,
            timeout: time, responseBytesMax: Self.answerBytesMax)))
    } catch {
      switch error {
      case .timeout: return .failure(.timeout)
      case .tooLarge: return .failure(.tooLarge(bytesMax: Self.answerBytesMax))
      default: return .failure(.unreachable("\(error)"))
      }
    }
  }

  /// Choice: that a source does not have what is read is no failure of the source.
  private func note(
    _ outcome: Result<HTTPClientResponse, SourceFailure>, of request: SourceRequest,
    by source: CompiledRegistration
  ) {
    let hasSucceeded =
      switch outcome {
      case .success(let response):
        200..<300 ~= response.status || (request.method == "GET" && response.status == 404)
      case .failure: false
      }
    registrations.note(source, succeeded: hasSucceeded, at: .now)
    health.note(source, succeeded: hasSucceeded)
  }
}

/// Why there is no answer of a Context Source.
package enum SourceFailure: Error, Hashable, Sendable {
  case timeout
  /// It failed a short while ago, and is not asked again so soon.
  case coolingDown
  case tooLarge(bytesMax: Int)
  case unreachable(String)
}

/// Which Context Sources cool down, for all loops of a process.
package final class SourceHealth: Sendable {
  private let cooldowns = Mutex(SourceCooldowns())

  package init() {}

  func isCooling(_ source: CompiledRegistration) -> Bool {
    cooldowns.withLock { $0.isCooling(source.key, at: .now) }
  }

  func note(_ source: CompiledRegistration, succeeded: Bool) {
    guard let cooldown = source.registration.management.cooldown else { return }
    cooldowns.withLock { cooldowns in
      if succeeded {
        cooldowns.succeeded(source.key)
      } else {
        cooldowns.failed(source.key, cooldown: cooldown, at: .now)
      }
    }
  }
}
