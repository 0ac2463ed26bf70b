/// When to try again what failed: after a wait that doubles from failure to failure.
struct BackOff {
  let shortest: Duration
  let longest: Duration
  private var next: Duration?
  private var blockedUntil: ContinuousClock.Instant?

  init(from shortest: Duration, to longest: Duration) {
    self.shortest = shortest
    self.longest = longest
  }

  func allows(at now: ContinuousClock.Instant) -> Bool { blockedUntil.map { $0 <= now } ?? true }

  mutating func failed(at now: ContinuousClock.Instant) {
    let wait = min(next ?? shortest, longest)
    blockedUntil = now + wait
    next = wait * 2
  }

  mutating func succeeded() { (next, blockedUntil) = (nil, nil) }
}
