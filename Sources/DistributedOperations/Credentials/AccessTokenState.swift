/// What is known of the tokens of one client; time is an argument.
///
/// A token is replaced while it is still good, so that nobody waits for the next one, and where a
/// source refuses it.
package struct AccessTokenState: Sendable {
  package enum Step: Equatable, Sendable {
    case use(AccessToken)
    /// Until the token comes that somebody asks for.
    case wait
    /// There is none, and why.
    case giveUp(String)
  }

  private struct Kept {
    let token: AccessToken
    let since: ContinuousClock.Instant

    /// When it is not used any more: it has to live until it is there.
    var end: ContinuousClock.Instant {
      since + token.lifetime - min(.seconds(5), token.lifetime / 10)
    }

    /// From when on another one is looked for.
    var replacement: ContinuousClock.Instant {
      since + token.lifetime - min(.seconds(60), token.lifetime / 4)
    }
  }

  private struct Failure {
    let reason: String
    let at: ContinuousClock.Instant
  }

  private var kept: Kept?
  private var failure: Failure?
  private var isBeingFetched = false
  /// When one was last given up because a source refused it.
  private var refusedAt: ContinuousClock.Instant?

  /// How long a token endpoint is left alone that has not given one.
  private static let pauseAfterFailure = Duration.seconds(5)
  /// Choice: a source that refuses all tokens does not make this broker a burden to their endpoint.
  private static let pauseAfterRefusal = Duration.seconds(10)

  package init() {}

  /// What a request to a source is to do, and whether a token is to be fetched, of which `fetched`
  /// or `failed` then tells.
  ///
  /// - Parameter refused: what the source did not take.
  package mutating func next(
    refusing refused: AccessToken? = nil, at now: ContinuousClock.Instant
  ) -> (step: Step, fetches: Bool) {
    if let refused, kept?.token == refused { giveUp(refused, at: now) }
    guard let kept, now < kept.end else { return stepWithoutToken(at: now) }
    let fetches = now >= kept.replacement && mayFetch(at: now)
    if fetches { isBeingFetched = true }
    return (.use(kept.token), fetches)
  }

  /// - Parameter start: when it was asked for.
  package mutating func fetched(_ token: AccessToken, since start: ContinuousClock.Instant) {
    isBeingFetched = false
    failure = nil
    kept = Kept(token: token, since: start)
  }

  package mutating func failed(_ reason: String, at now: ContinuousClock.Instant) {
    isBeingFetched = false
    failure = Failure(reason: reason, at: now)
  }

  private mutating func giveUp(_ token: AccessToken, at now: ContinuousClock.Instant) {
    if let refusedAt, now < refusedAt + Self.pauseAfterRefusal { return }
    refusedAt = now
    kept = nil
  }

  private mutating func stepWithoutToken(
    at now: ContinuousClock.Instant
  ) -> (step: Step, fetches: Bool) {
    if isBeingFetched { return (.wait, false) }
    guard mayFetch(at: now) else { return (.giveUp(failure?.reason ?? ""), false) }
    isBeingFetched = true
    return (.wait, true)
  }

  private func mayFetch(at now: ContinuousClock.Instant) -> Bool {
    !isBeingFetched && failure.map { now >= $0.at + Self.pauseAfterFailure } ?? true
  }
}
