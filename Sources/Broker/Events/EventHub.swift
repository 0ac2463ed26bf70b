import EventLoop
import Log
import NGSILD
import Postgres
import Storage
import Subscriptions
import Synchronization

/// The event streams of one loop.
///
/// Streams of one subscription share a feed, which reads new events once for all of them when the
/// database tells that there are some; a stream itself is little more than a number.
///
/// `@unchecked Sendable`: used on its loop's thread only, but for `watched`, which has a mutex.
package final class EventHub: @unchecked Sendable {
  let loop: EventLoop
  let store: EventStore
  let table: SubscriptionTable
  let limits: EventLimits
  let log: Log
  private var feeds: [SubscriptionKey: EventFeed] = [:]
  private let watched = Mutex<Set<SubscriptionKey>>([])
  /// Open streams.
  package private(set) var count = 0
  private(set) var isClosed = false
  private var timer: TimerID?

  init(
    on loop: EventLoop, store: EventStore, table: SubscriptionTable, limits: EventLimits, log: Log
  ) {
    self.loop = loop
    self.store = store
    self.table = table
    self.limits = limits
    self.log = log
  }

  /// Ends all streams, and refuses new ones.
  package func close() {
    isClosed = true
    if let timer { loop.cancel(timer) }
    for feed in feeds.values { feed.wake() }
  }

  // MARK: Streams

  /// A feed for one more stream; `leave` gives it back.
  func join(_ subscription: SubscriptionKey, tenant: TenantNumber) -> EventFeed {
    count += 1
    let feed = feeds[subscription] ?? EventFeed(subscription, tenant: tenant)
    feed.users += 1
    if feed.users == 1 {
      feeds[subscription] = feed
      watched.withLock { _ = $0.insert(subscription) }
      read(feed)
    }
    if timer == nil { scheduleWaking() }
    return feed
  }

  func leave(_ feed: EventFeed) {
    count -= 1
    feed.users -= 1
    guard feed.users == 0 else { return }
    feeds[feed.subscription] = nil
    watched.withLock { _ = $0.remove(feed.subscription) }
  }

  private func scheduleWaking() {
    timer = loop.after(.seconds(1)) { [unowned self] in
      timer = nil
      for feed in feeds.values { feed.wakeDue(at: .now) }
      if !feeds.isEmpty && !isClosed { scheduleWaking() }
    }
  }

  // MARK: News

  /// There are new events of a subscription; callable from any loop.
  func told(_ subscription: SubscriptionKey) {
    guard watched.withLock({ $0.contains(subscription) }) else { return }
    Task(executorPreference: loop) {
      guard let feed = self.feeds[subscription] else { return }
      feed.markStale()
      self.read(feed)
    }
  }

  /// Something may have been told in vain; callable from any loop.
  func readAgain() {
    for subscription in watched.withLock({ $0 }) { told(subscription) }
  }

  /// Ends the streams of subscriptions that are no more; callable from any loop.
  func dropDeleted() {
    guard !watched.withLock({ $0.isEmpty }) else { return }
    Task(executorPreference: loop) {
      for feed in self.feeds.values where self.table.subscription(feed.subscription) == nil {
        feed.wake()
      }
    }
  }

  private func read(_ feed: EventFeed) {
    guard feed.beginReading() else { return }
    Task(executorPreference: loop) {
      do throws(PostgresError) {
        try await self.readNew(feed)
        feed.endReading()
        self.read(feed)
      } catch {
        self.log.warning("events not read", ["error": "\(error)"])
        feed.endReading(failed: true)
        self.loop.after(.seconds(1)) { self.read(feed) }
      }
    }
  }

  private func readNew(_ feed: EventFeed) async throws(PostgresError) {
    guard var last = feed.last else {
      return feed.begin(at: try await store.last(of: feed.subscription, tenant: feed.tenant))
    }
    while true {
      let events = try await store.events(
        of: feed.subscription, tenant: feed.tenant, after: last, limit: limits.pageMax)
      feed.append(events, limits)
      guard events.count == limits.pageMax else { return }
      last = feed.last ?? last
    }
  }
}

/// The hubs of all loops of a process.
final class EventHubs: Sendable {
  private let hubs = Mutex<[EventHub]>([])

  func add(_ hub: EventHub) { hubs.withLock { $0.append(hub) } }

  /// What a NOTIFY on `EventStore.channel` says.
  func told(_ payload: String) {
    guard let subscription = SubscriptionKey(payload) else { return }
    for hub in all { hub.told(subscription) }
  }

  func readAgain() { for hub in all { hub.readAgain() } }
  func dropDeleted() { for hub in all { hub.dropDeleted() } }

  private var all: [EventHub] { hubs.withLock { $0 } }
}
