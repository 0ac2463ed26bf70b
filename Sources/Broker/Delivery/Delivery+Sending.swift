import NGSILD
import Storage
import Subscriptions

/// Attempts, and what comes of them.
extension Delivery {
  /// Sends what may be sent to an endpoint now.
  func send(to uri: String) {
    while !isStopping, hasLease {
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
    let lapsesBefore = lapses
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
        // What has failed may have been delivered by another process.
        if lapses != lapsesBefore { evict(from: uri, keeping: 0) }
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
    evict(from: uri, keeping: limits.perSuspectEndpointMax)
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

  func evict(from uri: String, keeping kept: Int) {
    let evicted = endpoints[uri]?.queue.evict(keeping: kept) ?? []
    endpoints[uri]?.evicted.formUnion(evicted.map(\.subscription))
    evict(evicted)
  }

  /// What goes back to the database, to be read again.
  func evict(_ notifications: [OwedNotification]) {
    for notification in notifications {
      let feed = feeds[notification.subscription]
      feed?.known.remove(notification.id)
      if isDeliverer(of: notification.process) { feed?.addBacklog(of: notification.process) }
    }
    for notification in notifications { leaveMemory(notification) }
  }

  func readEvicted(of uri: String) {
    guard let endpoint = endpoints[uri], !endpoint.evicted.isEmpty else { return }
    let keys = endpoint.evicted
    endpoint.evicted = []
    for key in keys { wantRead(key) }
  }

  // MARK: Leaving memory

  func leaveMemory(_ notification: OwedNotification) {
    bytes -= notification.body.count
    feeds[notification.subscription]?.queued -= 1
    wantRead(notification.subscription)
  }

  /// The row can go; its id stays known until it has.
  func finish(_ notification: OwedNotification) {
    settle { $0.done.append(notification.reference) }
    settledIDs[notification.subscription, default: []].append(notification.id)
  }

  /// Choice: counters tell of notifications, each of which is counted once however often it is tried
  /// (its attempts are shown among the deliveries); the times and the status tell of the last attempt.
  func count(_ notification: OwedNotification, begun: DateTime, isFirst: Bool, failed: Bool) {
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
}
