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
  let answers: AnswerCache
  package let credentials: SourceCredentials
  private let tokens: AccessTokens
  /// How long a source may take that says nothing of it itself.
  package let timeout: Duration

  /// Choice: a longer answer is taken for an invalid one.
  static let answerBytesMax = 10 << 20

  package init(
    client: HTTPClient, registrations: RegistrationTable, health: SourceHealth,
    memory: AnswerMemory = AnswerMemory(), answers: AnswerCache = AnswerCache(),
    credentials: SourceCredentials = SourceCredentials(),
    tokens: AccessTokens = AccessTokens(), timeout: Duration
  ) {
    self.client = client
    self.registrations = registrations
    self.health = health
    self.memory = memory
    self.answers = answers
    self.credentials = credentials
    self.tokens = tokens
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
    let outcome: Result<HTTPClientResponse, SourceFailure>
    do throws(SourceFailure) {
      outcome = .success(try await answer(to: request, before: deadline, bytesMax))
    } catch {
      outcome = .failure(error)
    }
    note(outcome, of: request, by: source)
    return outcome
  }

  /// With a token, where the source wants one; one that it refuses is replaced once.
  private func answer(
    to request: SourceRequest, before deadline: ContinuousClock.Instant, _ bytesMax: Int
  ) async throws(SourceFailure) -> HTTPClientResponse {
    guard let grant = request.grant else {
      return try await send(request, bearing: nil, before: deadline, bytesMax)
    }
    guard let credential = credentials.credential(for: grant) else {
      throw .unauthorized("there are no credentials for \(grant.tokenEndpoint)")
    }
    let token = try await tokens.token(of: credential, by: client, before: deadline)
    let response = try await send(request, bearing: token, before: deadline, bytesMax)
    // Where no other token is to be had, the source's own refusal says more.
    guard response.status == 401,
      let next = try? await tokens.token(
        of: credential, refusing: token, by: client, before: deadline),
      next != token
    else { return response }
    return try await send(request, bearing: next, before: deadline, bytesMax)
  }

  private func send(
    _ request: SourceRequest, bearing token: AccessToken?,
    before deadline: ContinuousClock.Instant, _ bytesMax: Int
  ) async throws(SourceFailure) -> HTTPClientResponse {
    let time = deadline - .now
    guard time > .zero else { throw .timeout }
    var outgoing = HTTPClientRequest(request, timeout: time, responseBytesMax: bytesMax)
    if let token { outgoing.headers.append(("Authorization", "Bearer \(token.text)")) }
    do throws(HTTPClientError) {
      return try await client.send(outgoing)
    } catch {
      switch error {
      case .timeout: throw .timeout
      case .tooLarge: throw .tooLarge
      default: throw .unreachable("\(error)")
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
  func noteUnusable(_ source: CompiledRegistration) {
    health.note(source, isWell: false)
    answers.drop(source)
  }
}

extension HTTPClientRequest {
  init(_ request: SourceRequest, timeout: Duration, responseBytesMax: Int) {
    self.init(
      method: request.method, url: request.url,
      headers: request.headers.map { ($0.name, $0.value) }, body: request.body, timeout: timeout,
      responseBytesMax: responseBytesMax)
  }
}

/// Why there is no answer of a Context Source.
package enum SourceFailure: Error, Hashable, Sendable {
  case timeout
  /// It failed a short while ago, and is not asked again so soon.
  case coolingDown
  case tooLarge
  /// There is no token for it, and why.
  case unauthorized(String)
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
