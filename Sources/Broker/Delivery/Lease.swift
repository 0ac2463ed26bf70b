import EventLoop
import Log
import Postgres
import Storage

/// Renews the lease of this process, whatever else it waits for, and tells delivery how long it may
/// send.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class Lease: @unchecked Sendable {
  private let store: ProcessStore
  private let delivery: Delivery
  private let length: Duration
  private let log: Log
  private var timer: TimerID?
  private var isStopped = false

  /// - Parameter entered: before the process was entered.
  init(
    _ length: Duration, entered: ContinuousClock.Instant, store: ProcessStore, delivery: Delivery,
    log: Log
  ) {
    self.store = store
    self.delivery = delivery
    self.length = length
    self.log = log
    delivery.leasedUntil = end(from: entered)
    renewLater()
  }

  func stop() {
    isStopped = true
    if let timer { delivery.loop.cancel(timer) }
  }

  /// A little early, since an attempt and the clocks take their time.
  private func end(from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
    start + length * 4 / 5
  }

  private func renewLater() {
    guard !isStopped else { return }
    timer = delivery.loop.after(length / 3) { [self] in
      Task(executorPreference: delivery.loop) { await self.renew() }
    }
  }

  private func renew() async {
    let began = ContinuousClock.now
    do throws(PostgresError) {
      let wasHeld = try await store.renew(delivery.process, lease: length)
      if !isStopped { delivery.leaseRenewed(until: end(from: began), wasHeld: wasHeld) }
    } catch {
      log.warning("lease not renewed", ["error": "\(error)"])
    }
    renewLater()
  }
}

/// Whose notifications this process delivers, and how long.
extension Delivery {
  /// Whether what `owner` owes is delivered by this process.
  func isDeliverer(of owner: ProcessNumber) -> Bool { owner == process || taken.contains(owner) }

  /// Whether no other process can have taken over.
  package var hasLease: Bool { .now < leasedUntil }

  /// - Parameter wasHeld: false if another process may have delivered in place of this one.
  func leaseRenewed(until end: ContinuousClock.Instant, wasHeld: Bool) {
    let hasWaited = !hasLease
    leasedUntil = end
    if !wasHeld { readAllAgain() }
    guard hasWaited || !wasHeld else { return }
    for uri in Array(endpoints.keys) { send(to: uri) }
  }

  /// Gives up what is not under way; of that, what another process has not delivered is read again.
  private func readAllAgain() {
    lapses += 1
    giveUp(taken)
    for uri in Array(endpoints.keys) { evict(from: uri, keeping: 0) }
  }

  /// Leaves what these processes owe to others.
  func giveUp(_ others: Set<ProcessNumber>) {
    guard !others.isEmpty else { return }
    taken.subtract(others)
    for feed in feeds.values { feed.backlog.removeAll { others.contains($0) } }
    for endpoint in endpoints.values {
      evict(endpoint.queue.remove { others.contains($0.process) })
    }
  }
}
