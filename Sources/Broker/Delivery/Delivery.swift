package import EventLoop
package import HTTPClient
package import Log
package import MQTTClient
import NGSILD
import Postgres
package import Storage
package import Subscriptions

/// The bounds of delivery.
package struct DeliveryLimits: Sendable {
  package var endpoint = EndpointLimits()
  /// Of a request whose subscription names none; also the longest that one may name.
  package var timeout = Duration.seconds(10)
  package var timeoutMax = Duration.seconds(60)
  /// Notifications of one subscription in memory; further ones stay in the database until then.
  package var perSubscriptionMax = 500
  /// Bytes of bodies in memory; beyond, new ones stay in the database too.
  package var bytesMax = 64 << 20
  /// Notifications in memory of an endpoint that does not answer.
  package var perSuspectEndpointMax = 16
  /// Reads of the database under way.
  package var readsMax = 2
  /// How long results are collected before they are written.
  package var settleInterval = Duration.milliseconds(5)
  /// After so long an undeliverable notification becomes a dead letter.
  package var ageMax = Duration.seconds(24 * 3600)
  /// Dead letters of one subscription that are kept, the newest.
  package var deadLettersMax = 1000

  package init() {}
}

/// Delivers notifications: from memory as they are committed, and from the database what did not
/// fit into memory or was left by a process that ended.
///
/// A row of the outbox is removed after its delivery, so a crash at any instant loses none. All
/// decisions about order and retries are `EndpointQueue`'s; which of a subscription's rows are in
/// memory is its `Feed`'s.
///
/// Order is kept for each subscription and Entity: whoever owes a notification of such a lane gets
/// the later ones too (see `OutboxStore.insert`), and a process delivers a lane in the order of ids.
/// Two loops may hand over two of them in the wrong order; the later one names its predecessor, and
/// if that is not known here, both are read from the database.
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

  // MARK: Taking in

  /// Takes over notifications that this process has committed; callable from any loop.
  package func deliver(_ notifications: [OwedNotification]) {
    if loop.isOnLoop {
      take(notifications)
    } else {
      Task(executorPreference: loop) { self.take(notifications) }
    }
  }

  /// Notifications of a transaction whose outcome is unknown; callable from any loop.
  package func deliverIfCommitted(_ notifications: [DueNotification]) {
    let keys = Set(notifications.map(\.subscription))
    Task(executorPreference: loop) { self.comeBack(for: keys) }
  }

  private func take(_ notifications: [OwedNotification]) {
    var touched: Set<String> = []
    for notification in notifications {
      let key = notification.subscription
      guard let subscription = table.subscription(key) else {
        // Deleted meanwhile.
        settle { $0.done.append(notification.reference) }
        continue
      }
      guard notification.process == process else {
        // Another one delivers it, unless it is dead and this one does so in its place.
        if taken.contains(notification.process) {
          feed(of: key).addBacklog(of: notification.process, isOwn: false)
          wantRead(key)
        }
        continue
      }
      let stays =
        !hasRoom(for: notification) || hasOvertaken(notification) || isMoving(subscription)
      if feed(of: key).leaves(stays, max: limits.perSubscriptionMax, to: process) {
        wantRead(key)
      } else {
        enqueue(notification, for: subscription)
        touched.insert(subscription.endpointURI)
      }
    }
    for uri in touched { send(to: uri) }
  }

  private func hasRoom(for notification: OwedNotification) -> Bool {
    !isStopping && bytes + notification.body.count <= limits.bytesMax
  }

  /// Whether the one before it has not arrived here yet.
  private func hasOvertaken(_ notification: OwedNotification) -> Bool {
    guard let predecessor = notification.predecessor else { return false }
    return !feed(of: notification.subscription).known.contains(predecessor)
      && !recentlyDone.contains(predecessor) && !recentlyBuried.contains(predecessor)
  }

  /// Puts a notification, new or read, into the queue of its endpoint.
  func enqueue(_ notification: OwedNotification, for subscription: CompiledSubscription) {
    let key = subscription.key
    let feed = feed(of: key)
    // Done before: PostgreSQL has crashed and forgotten that, or another loop was slow to tell.
    guard !recentlyDone.contains(notification.id) else { return finish(notification) }
    // Read before it became a dead letter.
    guard !recentlyBuried.contains(notification.id) else { return }
    guard feed.known.insert(notification.id).inserted else { return }
    let isTaken = endpoint(subscription.endpointURI).queue.append(
      notification, id: notification.id, lane: notification.lane, attempts: notification.attempts,
      cooldown: subscription.cooldown, at: .now)
    guard isTaken else { return finish(notification) }
    feed.queued += 1
    feed.endpoint = subscription.endpointURI
    bytes += notification.body.count
  }

  func feed(of key: SubscriptionKey) -> Feed {
    if let feed = feeds[key] { return feed }
    let feed = Feed()
    feeds[key] = feed
    return feed
  }

  private func endpoint(_ uri: String) -> Endpoint {
    if let endpoint = endpoints[uri] { return endpoint }
    let endpoint = Endpoint(limits.endpoint)
    endpoints[uri] = endpoint
    return endpoint
  }

  // MARK: Sending

  /// Sends what may be sent to an endpoint now.
  func send(to uri: String) {
    while !isStopping {
      guard let action = endpoints[uri]?.queue.next(at: .now) else { return }
      switch action {
      case .send(let notification, let attempts):
        let subscription = table.subscription(notification.subscription)
        if let subscription, subscription.endpointURI != uri {
          endpoints[uri]?.queue.dropped(notification.lane)
          evict([notification])
          moveAway(subscription.key, from: uri)
        } else if let subscription {
          attempt(notification, subscription, uri, attempts: attempts)
        } else {
          endpoints[uri]?.queue.dropped(notification.lane)
          leaveMemory(notification)
          finish(notification)
        }
      case .wait(let due): return schedule(uri, at: due)
      case .rest:
        if endpoints[uri]?.queue.isEmpty == true { forget(uri) }
        return
      }
    }
  }

  /// An endpoint without notifications is forgotten; one that fails keeps what it has failed on.
  private func forget(_ uri: String) {
    readEvicted(of: uri)
    if let timer = endpoints[uri]?.timer { loop.cancel(timer.id) }
    endpoints[uri] = nil
  }

  private func schedule(_ uri: String, at due: ContinuousClock.Instant) {
    if let timer = endpoints[uri]?.timer {
      if timer.due <= due { return }
      loop.cancel(timer.id)
    }
    let id = loop.after(due - .now) { [self] in
      endpoints[uri]?.timer = nil
      send(to: uri)
    }
    endpoints[uri]?.timer = (id, due)
  }

  private func attempt(
    _ notification: OwedNotification, _ subscription: CompiledSubscription, _ uri: String,
    attempts: Int
  ) {
    inFlight += 1
    let began = DateTime.now
    underWay[notification.subscription, default: AttemptsUnderWay()].begin(
      notification.id, at: began, isFirst: attempts == 0)
    Task(executorPreference: loop) { [self] in
      let error = await failure(of: notification, to: subscription)
      inFlight -= 1
      attempted(error == nil)
      underWay[notification.subscription]?.end(notification.id)
      if underWay[notification.subscription]?.count == 0 {
        underWay[notification.subscription] = nil
      }
      count(notification, begun: began, isFirst: attempts == 0, failed: error != nil)
      if let error {
        failed(notification, subscription, uri, attempts: attempts + 1, error)
      } else {
        endpoints[uri]?.queue.succeeded(notification.lane)
        leaveMemory(notification)
        finish(notification)
        readEvicted(of: uri)
      }
      send(to: uri)
      if isStopping && inFlight == 0 { resumeWhenIdle() }
    }
  }

  private func failed(
    _ notification: OwedNotification, _ subscription: CompiledSubscription, _ uri: String,
    attempts: Int, _ error: String
  ) {
    let wait =
      endpoints[uri]?.queue.failed(
        notification.lane, at: .now, cooldown: subscription.cooldown,
        chance: .random(in: 0..<1)) ?? .zero
    let retry = Settlement.Retry(
      notification.reference, attempts: attempts, wait: wait, error: error)
    settle { $0.retries[retry.reference] = retry }
    moveIfNeeded(notification.subscription)
    guard endpoints[uri]?.queue.isSuspect == true else { return }
    buryOld(in: uri, error)
    evict(from: uri)
  }

  /// Dead letters: what an endpoint that does not answer was owed for too long.
  private func buryOld(in uri: String, _ error: String) {
    let ageMax = limits.ageMax
    let old = endpoints[uri]?.queue.remove { .now - $0.since > ageMax } ?? []
    for notification in old {
      leaveMemory(notification)
      let retry = Settlement.Retry(
        notification.reference, attempts: notification.attempts, wait: .zero, error: error)
      settle { $0.dead.append(retry) }
    }
  }

  private func evict(from uri: String) {
    let evicted = endpoints[uri]?.queue.evict(keeping: limits.perSuspectEndpointMax) ?? []
    endpoints[uri]?.evicted.formUnion(evicted.map(\.subscription))
    evict(evicted)
  }

  /// What goes back to the database, to be read again.
  private func evict(_ notifications: [OwedNotification]) {
    for notification in notifications {
      feeds[notification.subscription]?.evicted(notification.id, to: notification.process)
    }
    for notification in notifications { leaveMemory(notification) }
  }

  private func readEvicted(of uri: String) {
    guard let endpoint = endpoints[uri], !endpoint.evicted.isEmpty else { return }
    let keys = endpoint.evicted
    endpoint.evicted = []
    for key in keys { wantRead(key) }
  }

  // MARK: Moving to another endpoint

  /// Moves all subscriptions whose endpoint was changed.
  func followEndpoints() {
    for key in Array(feeds.keys) { moveIfNeeded(key) }
  }

  private func moveIfNeeded(_ key: SubscriptionKey) {
    guard let subscription = table.subscription(key), isMoving(subscription),
      let uri = feeds[key]?.endpoint
    else { return }
    moveAway(key, from: uri)
  }

  /// Whether something is still queued or under way at an endpoint that is no more the
  /// subscription's. Until that has ended, nothing goes to the new one, so that order is kept.
  func isMoving(_ subscription: CompiledSubscription) -> Bool {
    guard let feed = feeds[subscription.key], feed.queued > 0 else { return false }
    return feed.endpoint != subscription.endpointURI
  }

  /// Gives back what waits at the old endpoint; it is read again for the new one.
  private func moveAway(_ key: SubscriptionKey, from uri: String) {
    evict(endpoints[uri]?.queue.remove { $0.subscription == key } ?? [])
  }

  // MARK: Leaving

  private func leaveMemory(_ notification: OwedNotification) {
    bytes -= notification.body.count
    feeds[notification.subscription]?.queued -= 1
    wantRead(notification.subscription)
  }

  /// The row can go; its id stays known until it has.
  private func finish(_ notification: OwedNotification) {
    settle { $0.done.append(notification.reference) }
    settledIDs[notification.subscription, default: []].append(notification.id)
  }

  /// Choice: counters tell of notifications, each of which is counted once however often it is tried
  /// (its attempts are shown among the deliveries); the times and the status tell of the last attempt.
  private func count(
    _ notification: OwedNotification, begun: DateTime, isFirst: Bool, failed: Bool
  ) {
    let now = DateTime.now
    settle { settlement in
      var counts =
        settlement.counts[notification.subscription] ?? DeliveryCounts(tenant: notification.tenant)
      if isFirst { counts.sent += 1 }
      counts.lastAttempt = max(counts.lastAttempt ?? begun, begun)
      if failed {
        if isFirst { counts.failed += 1 }
        counts.lastFailure = now
      } else {
        counts.lastSuccess = now
      }
      settlement.counts[notification.subscription] = counts
    }
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
