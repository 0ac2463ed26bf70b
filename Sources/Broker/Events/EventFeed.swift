import Storage
import Subscriptions

/// The newest events of one subscription, for all of a loop that follow it.
///
/// `@unchecked Sendable`: used on its hub's loop only.
final class EventFeed: @unchecked Sendable {
  let subscription: SubscriptionKey
  let tenant: TenantNumber
  /// Streams that use it.
  var users = 0
  /// The number of the newest event that is known; nil until the first read.
  private(set) var last: Int64?
  /// In order, without gaps, up to `last`.
  private var recent: [StreamedEvent] = []
  private var recentBytes = 0
  private var waiting: [Waiter] = []
  private(set) var isReading = false
  /// Whether there may be events that were not read.
  private var isStale = true

  private struct Waiter {
    let due: ContinuousClock.Instant
    let continuation: UnsafeContinuation<Void, Never>
  }

  init(_ subscription: SubscriptionKey, tenant: TenantNumber) {
    self.subscription = subscription
    self.tenant = tenant
  }

  // MARK: Reading

  func markStale() { isStale = true }

  /// Whether the caller is to read now; then it says `endReading`.
  func beginReading() -> Bool {
    guard isStale, !isReading else { return false }
    isReading = true
    isStale = false
    return true
  }

  /// - Parameter failed: so that it has to be read again.
  func endReading(failed: Bool = false) {
    isReading = false
    if failed { isStale = true }
  }

  /// Begins with the newest event that there is.
  func begin(at number: Int64) {
    last = number
    wake()
  }

  /// Takes events that follow the last one; the oldest give way.
  func append(_ events: [StreamedEvent], _ limits: EventLimits) {
    guard let newest = events.last else { return }
    if let first = events.first, let last, first.number != last + 1 {
      // What lay between is kept no more.
      recent = []
      recentBytes = 0
    }
    recent += events
    recentBytes += events.reduce(0) { $0 + $1.body.count }
    last = newest.number
    var excess = max(0, recent.count - limits.recentMax)
    recentBytes -= recent.prefix(excess).reduce(0) { $0 + $1.body.count }
    while recentBytes > limits.recentBytesMax, excess < recent.count - 1 {
      recentBytes -= recent[excess].body.count
      excess += 1
    }
    recent.removeFirst(excess)
    wake()
  }

  /// The events after one; nil if they are not all in memory.
  func events(after number: Int64) -> ArraySlice<StreamedEvent>? {
    guard let first = recent.first?.number, first <= number + 1 else { return nil }
    return recent.dropFirst(Int(number + 1 - first))
  }

  // MARK: Waiting

  /// Waits for news, or until `due`.
  func wait(until due: ContinuousClock.Instant) async {
    await withUnsafeContinuation { waiting.append(Waiter(due: due, continuation: $0)) }
  }

  func wake() {
    let woken = waiting
    waiting = []
    for waiter in woken { waiter.continuation.resume() }
  }

  func wakeDue(at now: ContinuousClock.Instant) {
    let due = waiting.filter { $0.due <= now }
    guard !due.isEmpty else { return }
    waiting.removeAll { $0.due <= now }
    for waiter in due { waiter.continuation.resume() }
  }
}
