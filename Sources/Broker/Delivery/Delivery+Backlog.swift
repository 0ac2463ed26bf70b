import Postgres
import Storage
import Subscriptions

/// Reading back what is in the database only.
extension Delivery {
  /// Lists a subscription to be read if it has rows to read and room for them.
  func wantRead(_ key: SubscriptionKey) {
    guard !isStopping, let feed = feeds[key], !feed.backlog.isEmpty, !feed.isReading,
      !feed.isListed, roomFor(key, feed) > 0
    else { return }
    feeds[key]?.isListed = true
    toRead.append(key)
    readNext()
  }

  /// How many may be read: few for an endpoint that does not answer, none while memory is full,
  /// unless the subscription has nothing in memory and so would never go on.
  private func roomFor(_ key: SubscriptionKey, _ feed: Feed) -> Int {
    if let subscription = table.subscription(key), isMoving(subscription) { return 0 }
    if feed.queued == 0 { return isSuspect(key) || bytes >= limits.bytesMax ? 1 : pageMax }
    if isSuspect(key) || bytes >= limits.bytesMax { return 0 }
    return feed.queued <= limits.perSubscriptionMax / 4 ? pageMax : 0
  }

  private var pageMax: Int { max(1, limits.perSubscriptionMax / 2) }

  private func isSuspect(_ key: SubscriptionKey) -> Bool {
    guard let uri = table.subscription(key)?.endpointURI else { return false }
    return endpoints[uri]?.queue.isSuspect ?? false
  }

  private func readNext() {
    while readsUnderWay < limits.readsMax, !toRead.isEmpty, !isStopping {
      let key = toRead.removeFirst()
      feeds[key]?.isListed = false
      guard let feed = feeds[key], let process = feed.backlog.first else { continue }
      feeds[key]?.isReading = true
      feeds[key]?.hasNewRows = false
      readsUnderWay += 1
      Task(executorPreference: loop) { [self] in
        await read(key, of: process, limit: max(1, roomFor(key, feed)))
        readsUnderWay -= 1
        wantRead(key)
        readNext()
      }
    }
  }

  private func read(_ key: SubscriptionKey, of process: ProcessNumber, limit: Int) async {
    guard table.subscription(key) != nil else { return await forgetRows(of: key, process) }
    do throws(PostgresError) {
      let rows = try await outbox.owed(
        by: process, to: key, excluding: Array(feeds[key]?.known ?? []), limit: limit)
      // Meanwhile it may have been deleted, its endpoint changed, or the rows become another's.
      guard let subscription = table.subscription(key), !isMoving(subscription),
        isDeliverer(of: process)
      else {
        feeds[key]?.readEnded(of: process, isLast: false)
        return
      }
      for row in rows { enqueue(row, for: subscription) }
      feeds[key]?.readEnded(of: process, isLast: rows.count < limit)
      forgetIfIdle(key)
      send(to: subscription.endpointURI)
    } catch {
      log.warning("outbox not read", ["error": "\(error)"])
      feeds[key]?.isReading = false
      // Not at once: the database may be gone for a while.
      feeds[key]?.isListed = true
      loop.after(.seconds(1)) { [self] in
        feeds[key]?.isListed = false
        wantRead(key)
      }
    }
  }

  /// Removes the rows of a subscription that is no more.
  private func forgetRows(of key: SubscriptionKey, _ process: ProcessNumber) async {
    do throws(PostgresError) {
      while try await outbox.forget(owedBy: process, to: key) > 0 {}
      feeds[key]?.readEnded(of: process, isLast: true)
    } catch {
      log.warning("outbox not cleared", ["error": "\(error)"])
      feeds[key]?.isReading = false
      feeds[key]?.backlog = []
    }
    forgetIfIdle(key)
  }

  func forgetIfIdle(_ key: SubscriptionKey) {
    guard let feed = feeds[key], feed.isIdle else { return }
    feeds[key] = nil
  }

  // MARK: Taking over

  /// Delivers from now on what dead processes left; `dead` are all that this one is the taker of.
  func takeOver(_ dead: [ProcessNumber]) async throws(PostgresError) -> [ProcessNumber] {
    // Thought dead and alive after all, they deliver their rows themselves.
    giveUp(taken.subtracting(dead))
    taken = Set(dead)
    var empty: [ProcessNumber] = []
    for process in dead {
      let keys = try await outbox.subscriptions(owedBy: process)
      if keys.isEmpty { empty.append(process) }
      for key in keys {
        feed(of: key).addBacklog(of: process, isOwn: false)
        wantRead(key)
      }
    }
    return empty
  }

  /// Comes back for rows of which nobody knows whether they were committed: soon, and once more
  /// when the server has noticed that the connection is gone.
  func comeBack(for keys: Set<SubscriptionKey>) {
    for wait in [Duration.seconds(1), .seconds(60)] {
      loop.after(wait) { [self] in
        for key in keys { readOwn(key) }
      }
    }
  }

  /// Another process has written a row that this one delivers, since it owes what goes before.
  func told(_ payload: String) {
    guard let (owner, key) = OutboxStore.told(payload) else { return }
    guard isDeliverer(of: owner) else { return }
    feed(of: key).addBacklog(of: owner, isOwn: owner == process)
    wantRead(key)
  }

  /// Reads what this process has written for a subscription beside its changes.
  func readOwn(_ key: SubscriptionKey) {
    feed(of: key).addBacklog(of: process)
    wantRead(key)
  }

  /// Looks for rows of which another process may have told in vain.
  func readAgain() {
    Task(executorPreference: loop) { [self] in
      do throws(PostgresError) {
        try await findOwed()
      } catch {
        log.warning("outbox not read", ["error": "\(error)"])
      }
    }
  }

  /// Reads all that this process owes; what it has in memory already stays as it is.
  func findOwed() async throws(PostgresError) {
    for key in try await outbox.subscriptions(owedBy: process) { readOwn(key) }
  }

  /// Makes dead letters of old rows in the database whose endpoint does not answer.
  func buryOldRows() async throws(PostgresError) {
    for (key, feed) in feeds where !feed.backlog.isEmpty && isSuspect(key) {
      for process in feed.backlog {
        let count = try await outbox.bury(owedBy: process, to: key, olderThan: limits.ageMax)
        if count > 0 {
          log.warning("dead letters", ["subscription": "\(key)", "notifications": "\(count)"])
        }
      }
    }
  }
}
