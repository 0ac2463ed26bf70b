import Postgres
import Storage
import Subscriptions

/// Writing down what became of notifications: collected, and written one transaction at a time.
extension Delivery {
  func settle(_ change: (inout Settlement) -> Void) {
    change(&settlement)
    guard !isSettling, settleTimer == nil else { return }
    settleTimer = loop.after(limits.settleInterval) { [self] in
      settleTimer = nil
      startSettling()
    }
  }

  private func startSettling() {
    guard !isSettling, !settlement.isEmpty else { return }
    isSettling = true
    Task(executorPreference: loop) { [self] in
      await writeSettlement()
      isSettling = false
      if !settlement.isEmpty { settle { _ in } }
    }
  }

  /// Writes until nothing is left, or the database refuses.
  func settleAll() async {
    if let settleTimer { loop.cancel(settleTimer) }
    settleTimer = nil
    while isSettling { await turn() }
    isSettling = true
    await writeSettlement()
    isSettling = false
  }

  private func turn() async {
    await withUnsafeContinuation { continuation in
      loop.after(.milliseconds(1)) { continuation.resume() }
    }
  }

  private func writeSettlement() async {
    guard !settlement.isEmpty else { return }
    await countsFence.beginWriting()
    let isWritten = await writeFenced()
    countsFence.endWriting()
    if !isWritten { await waitForDatabase() }
  }

  /// Returns whether the database took it.
  private func writeFenced() async -> Bool {
    let written = settlement
    let ids = settledIDs
    settlement = Settlement()
    settledIDs = [:]
    do throws(PostgresError) {
      try await outbox.settle(written)
      for (key, ids) in ids {
        feeds[key]?.known.subtract(ids)
        recentlyDone.insert(ids, at: .now)
        forgetIfIdle(key)
      }
      for retry in written.dead { buried(retry.reference) }
      return true
    } catch {
      log.warning("outbox not settled", ["error": "\(error)"])
      putBack(written, ids)
      return false
    }
  }

  private func buried(_ notification: NotificationReference) {
    feeds[notification.subscription]?.known.remove(notification.id)
    recentlyBuried.insert([notification.id], at: .now)
    forgetIfIdle(notification.subscription)
    log.warning("dead letter", ["notification": "\(notification.id)"])
  }

  private func waitForDatabase() async {
    guard !isStopping else { return }
    await withUnsafeContinuation { continuation in
      loop.after(.milliseconds(500)) { continuation.resume() }
    }
  }

  /// What was not written is written with what comes next; counts add up.
  private func putBack(_ old: Settlement, _ ids: [SubscriptionKey: [Int64]]) {
    var merged = old
    merged.done += settlement.done
    merged.retries.merge(settlement.retries) { $1 }
    merged.dead += settlement.dead
    for (key, counts) in settlement.counts {
      guard var sum = merged.counts[key] else {
        merged.counts[key] = counts
        continue
      }
      sum.sent += counts.sent
      sum.failed += counts.failed
      sum.lastAttempt = counts.lastAttempt ?? sum.lastAttempt
      sum.lastSuccess = counts.lastSuccess ?? sum.lastSuccess
      sum.lastFailure = counts.lastFailure ?? sum.lastFailure
      merged.counts[key] = sum
    }
    settlement = merged
    settledIDs.merge(ids) { $0 + $1 }
  }
}
