import EventLoop
import Log
import NGSILD
import Postgres
import Storage
import Subscriptions

/// Tells subscriptions with `throttling` what has come together, as often as they allow.
///
/// What waits and until when is in the database, so any process can take over; this one has timers
/// for what its own writes have put aside, and looks now and then for what others left.
///
/// `@unchecked Sendable`: used on its loop's thread only; `hold` goes there by itself.
final class Throttle: @unchecked Sendable {
  private let loop: EventLoop
  private let store: ThrottleStore
  private let table: SubscriptionTable
  private let delivery: Delivery
  private let log: Log
  private var timers: [SubscriptionKey: TimerID] = [:]
  /// Being released; true if something was put aside meanwhile.
  private var underWay: [SubscriptionKey: Bool] = [:]
  private var isStopped = false

  private static let waitAfterFailure = Duration.seconds(1)

  init(store: ThrottleStore, table: SubscriptionTable, delivery: Delivery, log: Log) {
    self.store = store
    self.table = table
    self.delivery = delivery
    self.log = log
    loop = delivery.loop
  }

  func stop() {
    isStopped = true
    for timer in timers.values { loop.cancel(timer) }
    timers = [:]
  }

  /// Hears of changes that were put aside; callable from any loop.
  func hold(_ due: [DueNotification]) {
    guard !due.isEmpty else { return }
    let subscriptions = Dictionary(due.map { ($0.subscription, $0.tenant) }) { first, _ in first }
    Task(executorPreference: loop) {
      for (key, tenant) in subscriptions { self.release(key, of: tenant) }
    }
  }

  /// Takes up what other processes have put aside and not told, and what may be told sooner since
  /// `throttling` was changed.
  func sweep() async throws(PostgresError) {
    for (tenant, key) in try await store.overdue() {
      if let timer = timers.removeValue(forKey: key) { loop.cancel(timer) }
      release(key, of: tenant)
    }
  }

  private func release(_ key: SubscriptionKey, of tenant: TenantNumber) {
    guard !isStopped, timers[key] == nil else { return }
    guard underWay[key] == nil else {
      underWay[key] = true
      return
    }
    underWay[key] = false
    Task(executorPreference: loop) { [self] in
      let wait = await attempt(key, of: tenant)
      let isAgain = underWay.removeValue(forKey: key) ?? false
      if let wait {
        schedule(key, of: tenant, after: wait)
      } else if isAgain {
        release(key, of: tenant)
      }
    }
  }

  private func schedule(_ key: SubscriptionKey, of tenant: TenantNumber, after wait: Duration) {
    guard !isStopped, timers[key] == nil else { return }
    timers[key] = loop.after(wait) { [self] in
      timers[key] = nil
      release(key, of: tenant)
    }
  }

  /// Returns when to try again.
  private func attempt(_ key: SubscriptionKey, of tenant: TenantNumber) async -> Duration? {
    do throws(PostgresError) {
      // Before the subscription, which may be newer.
      let version = table.version
      let subscription = table.subscription(key)
      guard let subscription, subscription.isActive(at: .now) else {
        // What is left is for those who know better, or for the next sweep.
        try await store.forget(key, of: tenant, knownUpTo: subscription == nil ? 0 : version)
        return nil
      }
      let released = try await store.release(
        key, of: tenant, throttling: subscription.throttling, to: .init(subscription, at: .now),
        by: delivery.process
      ) { coalesced($0, at: .now, uuid: UUIDText()) }
      switch released {
      case .owed(let notifications):
        delivery.deliver(notifications)
        return subscription.throttling ?? .zero
      case .wait(let wait): return wait
      case .nothing: return nil
      }
    } catch {
      log.warning("throttled notifications not released", ["error": "\(error)"])
      return Self.waitAfterFailure
    }
  }
}
