import NGSILD
import Storage
import Subscriptions

/// Counters of which the database does not know yet.
extension Delivery {
  /// Reads counters from the database, and returns beside them what this process has counted and
  /// not written: together they are what is true now, whatever is being written meanwhile.
  /// Callable from any loop.
  ///
  /// What other processes count shows once they have written it.
  func withCounts<Read>(
    _ read: () async throws(NGSILDError) -> Read
  ) async throws(NGSILDError) -> (Read, UnwrittenCounts) {
    await Task(executorPreference: loop) { await self.countsFence.beginReading() }.value
    let outcome: Result<Read, NGSILDError>
    do throws(NGSILDError) {
      outcome = .success(try await read())
    } catch {
      outcome = .failure(error)
    }
    let counts = await Task(executorPreference: loop) {
      defer { self.countsFence.endReading() }
      return self.unwrittenCounts
    }.value
    return (try outcome.get(), counts)
  }

  /// Attempts that have ended but are not settled, and those under way.
  private var unwrittenCounts: UnwrittenCounts {
    var counts = settlement.counts
    for (key, attempts) in underWay {
      var sum = counts[key] ?? DeliveryCounts(tenant: 0)
      sum.sent += attempts.firsts.count
      sum.lastAttempt = attempts.last ?? sum.lastAttempt
      counts[key] = sum
    }
    return counts
  }
}

/// Attempts for one subscription that have not ended.
struct AttemptsUnderWay {
  private(set) var notifications: Set<Int64> = []
  /// Those that were not tried before.
  private(set) var firsts: Set<Int64> = []
  /// When the last one of them began.
  private(set) var last: DateTime?

  var count: Int { notifications.count }

  mutating func begin(_ notification: Int64, at now: DateTime, isFirst: Bool) {
    notifications.insert(notification)
    if isFirst { firsts.insert(notification) }
    last = now
  }

  mutating func end(_ notification: Int64) {
    notifications.remove(notification)
    firsts.remove(notification)
  }
}

typealias UnwrittenCounts = [SubscriptionKey: DeliveryCounts]

/// Lets counters be either read, by many, or written, so that nothing is counted twice or not at
/// all. A writer that waits goes before readers that come later, and they go before the next one.
///
/// `@unchecked Sendable`: used on one loop's thread only.
final class CountsFence: @unchecked Sendable {
  private var readers = 0
  private var isWriting = false
  private var waitingReaders: [UnsafeContinuation<Void, Never>] = []
  private var waitingWriter: UnsafeContinuation<Void, Never>?

  func beginReading() async {
    await withUnsafeContinuation { continuation in
      if isWriting {
        waitingReaders.append(continuation)
      } else {
        readers += 1
        continuation.resume()
      }
    }
  }

  func endReading() {
    readers -= 1
    guard readers == 0, let writer = waitingWriter else { return }
    waitingWriter = nil
    writer.resume()
  }

  /// There is one writer at a time.
  func beginWriting() async {
    precondition(!isWriting, "Two settlements are written at once")
    isWriting = true
    await withUnsafeContinuation { continuation in
      if readers > 0 { waitingWriter = continuation } else { continuation.resume() }
    }
  }

  func endWriting() {
    isWriting = false
    let waiting = waitingReaders
    waitingReaders = []
    // They count as readers from now on, not only once they run.
    readers += waiting.count
    for reader in waiting { reader.resume() }
  }
}
