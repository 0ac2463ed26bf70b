package import EventLoop
package import HTTPClient
package import Log
package import MQTTClient
import NGSILD
import Postgres
package import Storage
import Subscriptions

/// Delivers notifications: from memory as they are committed, and from the database what did not
/// fit into memory or was left by a process that ended.
///
/// A row of the outbox is removed after its delivery, so a crash at any instant loses none. All
/// decisions about order and retries are `EndpointQueue`'s; which of a subscription's rows are in
/// memory is its `Feed`'s.
///
/// Order is kept for each subscription and Entity: whoever owes a notification of such a lane gets
/// the later ones too (see `OutboxStore.insert`), and a process delivers a lane in the order of
/// ids. Two loops may hand over two of them in the wrong order; the later one names its
/// predecessor, and if that is not known here, both are read from the database.
///
/// `@unchecked Sendable`: used on its loop's thread only; `deliver` goes there by itself.
package final class Delivery: @unchecked Sendable {
  /// The number of this process, which its rows carry.
  package let process: ProcessNumber
  let loop: EventLoop
  let client: HTTPClient
  let mqtt: MQTTClient
  let outbox: OutboxStore
  let table: SubscriptionTable
  let limits: DeliveryLimits
  let log: Log

  final class Endpoint {
    var queue: EndpointQueue<OwedNotification>
    var timer: (id: TimerID, due: ContinuousClock.Instant)?
    /// Subscriptions whose notifications went back to the database, to be read once it answers.
    var evicted: Set<SubscriptionKey> = []

    init(_ limits: EndpointLimits) { queue = EndpointQueue(limits: limits) }
  }

  var endpoints: [String: Endpoint] = [:]
  var feeds: [SubscriptionKey: Feed] = [:]
  /// Subscriptions whose rows are to be read, in turn.
  var toRead: [SubscriptionKey] = []
  var readsUnderWay = 0
  /// Of all bodies in memory.
  var bytes = 0
  var inFlight = 0
  var underWay: [SubscriptionKey: AttemptsUnderWay] = [:]
  var isStopping = false
  var whenIdle: UnsafeContinuation<Void, Never>?
  /// No attempt begins later, since another process may deliver then.
  var leasedUntil = ContinuousClock.now
  /// How often another process may have delivered in place of this one.
  var lapses = 0
  /// Processes whose rows this one delivers, beside its own.
  var taken: Set<ProcessNumber> = []

  var settlement = Settlement()
  /// Ids whose rows are removed, for longer than a loop or a new connection takes.
  var recentlyDone = RecentIDs(for: .seconds(10), at: .now)
  /// Ids of new dead letters, for as long.
  var recentlyBuried = RecentIDs(for: .seconds(10), at: .now)
  /// Ids whose removal is not written yet, by subscription.
  var settledIDs: [SubscriptionKey: [Int64]] = [:]
  var isSettling = false
  var settleTimer: TimerID?
  /// Keeps settlements and readings of the counters apart.
  let countsFence = CountsFence()

  /// Called after each attempt with its outcome.
  package var attempted: (_ succeeded: Bool) -> Void = { _ in }

  package init(
    process: ProcessNumber, on loop: EventLoop, client: HTTPClient, mqtt: MQTTClient,
    outbox: OutboxStore, table: SubscriptionTable, limits: DeliveryLimits = DeliveryLimits(),
    log: Log
  ) {
    self.process = process
    self.loop = loop
    self.client = client
    self.mqtt = mqtt
    self.outbox = outbox
    self.table = table
    self.limits = limits
    self.log = log
  }

  /// Notifications in memory that wait or are under way.
  package var waitingCount: Int { endpoints.values.reduce(0) { $0 + $1.queue.count } }

  func feed(of key: SubscriptionKey) -> Feed {
    if let feed = feeds[key] { return feed }
    let feed = Feed()
    feeds[key] = feed
    return feed
  }

  func endpoint(_ uri: String) -> Endpoint {
    if let endpoint = endpoints[uri] { return endpoint }
    let endpoint = Endpoint(limits.endpoint)
    endpoints[uri] = endpoint
    return endpoint
  }

  /// Starts no more attempts, waits for those under way, and writes down what became of all; what
  /// has not ended after `grace` stays owed.
  func stop(grace: Duration) async {
    isStopping = true
    if inFlight > 0 {
      let timer = loop.after(grace) { [self] in resumeWhenIdle() }
      await withUnsafeContinuation { whenIdle = $0 }
      loop.cancel(timer)
    }
    await settleAll()
  }

  func resumeWhenIdle() {
    whenIdle?.resume()
    whenIdle = nil
  }
}

extension OwedNotification {
  var lane: DeliveryLane { DeliveryLane(subscription: subscription, entity: entity) }
  var reference: NotificationReference { NotificationReference(self) }
}
