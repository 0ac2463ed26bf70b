import DistributedOperations
import HTTPClient
import JSON
import NGSILD
import Synchronization

/// Gets the tokens that requests to Context Sources bear; for all loops of a process.
///
/// However many requests want one, it is asked for once, in the background: a request waits for it
/// no longer than for its source.
package final class AccessTokens: Sendable {
  private typealias Outcome = Result<AccessToken, SourceFailure>

  private struct Slot {
    var state = AccessTokenState()
    var waiting: [AsyncStream<Outcome>.Continuation] = []
  }

  private enum Holding {
    case known(Outcome)
    case coming(AsyncStream<Outcome>)
  }

  private let slots = Mutex<[SourceCredential: Slot]>([:])

  private static let timeMax = Duration.seconds(10)
  private static let answerBytesMax = 64 << 10

  package init() {}

  /// - Parameter refused: one that the source did not take; the same comes back where it is no use
  ///   to ask for another one.
  func token(
    of credential: SourceCredential, refusing refused: AccessToken? = nil, by client: HTTPClient,
    before deadline: ContinuousClock.Instant
  ) async throws(SourceFailure) -> AccessToken {
    let (holding, fetches) = holding(of: credential, refusing: refused)
    if fetches { fetch(credential, by: client) }
    switch holding {
    case .known(let outcome): return try outcome.get()
    case .coming(let outcomes):
      return try await inTime(deadline, otherwise: .timeout) { () throws(SourceFailure) in
        for await outcome in outcomes { return try outcome.get() }
        throw .timeout
      }
    }
  }

  private func holding(
    of credential: SourceCredential, refusing refused: AccessToken?
  ) -> (Holding, fetches: Bool) {
    slots.withLock { slots in
      let (step, fetches) = slots[credential, default: Slot()].state
        .next(refusing: refused, at: .now)
      switch step {
      case .use(let token): return (.known(.success(token)), fetches)
      case .giveUp(let reason): return (.known(.failure(.unauthorized(reason))), fetches)
      case .wait:
        let (outcomes, continuation) = AsyncStream<Outcome>.makeStream()
        slots[credential]?.waiting.append(continuation)
        return (.coming(outcomes), fetches)
      }
    }
  }

  private func fetch(_ credential: SourceCredential, by client: HTTPClient) {
    Task(executorPreference: client.loop) { [self] in
      let start = ContinuousClock.now
      let outcome: Outcome
      do throws(SourceFailure) {
        outcome = .success(try await Self.answer(to: credential, by: client))
      } catch {
        outcome = .failure(error)
      }
      finish(credential, outcome, since: start)
    }
  }

  private func finish(
    _ credential: SourceCredential, _ outcome: Outcome, since start: ContinuousClock.Instant
  ) {
    let waiting = slots.withLock { slots in
      switch outcome {
      case .success(let token): slots[credential]?.state.fetched(token, since: start)
      case .failure(let failure): slots[credential]?.state.failed(failure.reason, at: .now)
      }
      defer { slots[credential]?.waiting = [] }
      return slots[credential]?.waiting ?? []
    }
    for continuation in waiting { continuation.yield(outcome) }
  }

  // MARK: The token endpoint

  private static func answer(
    to credential: SourceCredential, by client: HTTPClient
  ) async throws(SourceFailure) -> AccessToken {
    let request = credential.tokenRequest
    let response: HTTPClientResponse
    do throws(HTTPClientError) {
      response = try await client.send(
        HTTPClientRequest(request, timeout: timeMax, responseBytesMax: answerBytesMax))
    } catch {
      throw .unauthorized("\(request.url) gave no token: \(error)")
    }
    let answer = try? JSONValue(parsing: response.body)
    guard response.status == 200 else {
      throw .unauthorized(
        "\(request.url) gave no token: it answered with the status \(response.status)"
          + (answer?.errorCode.map { " and \($0)" } ?? ""))
    }
    guard let answer else {
      throw .unauthorized("\(request.url) gave no token: it answered with no JSON")
    }
    do throws(NGSILDError) {
      return try AccessToken(answer: answer)
    } catch {
      throw .unauthorized("\(request.url) gave no token: \(error.detail)")
    }
  }
}

extension JSONValue {
  /// Why there is no token, such as `invalid_client` (RFC 6749, 5.2).
  fileprivate var errorCode: String? {
    guard let code = self["error"]?.string, code.utf8.count <= 40,
      code.utf8.allSatisfy("abcdefghijklmnopqrstuvwxyz_".utf8.contains)
    else { return nil }
    return code
  }
}

extension SourceFailure {
  fileprivate var reason: String {
    if case .unauthorized(let reason) = self { reason } else { "\(self)" }
  }
}
