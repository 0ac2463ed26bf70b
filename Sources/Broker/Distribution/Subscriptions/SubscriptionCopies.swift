import EventLoop
import Log
import NGSILD
import Postgres
import Storage

/// Sees that Context Sources have the copies of subscriptions that they are to have.
///
/// What is to be follows from the subscriptions and registrations that are committed: whoever comes
/// upon changes for which copies are not planned yet plans them (`CopyPlanning`), and whoever comes
/// upon a copy that is not at its source as it is to be sees to that (`CopyExchange`), both in the
/// database, so that nothing depends on who made a change, or lives to see it through.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class SubscriptionCopies: @unchecked Sendable {
  let store: SubscriptionCopyStore
  /// Which owns this.
  weak var broker: Broker?
  private let loop: EventLoop
  private let log: Log
  private var isPlanning = false
  private var isAskedAgain = false
  private var planned = PlannedVersions(subscriptions: 0, registrations: 0)
  private var underWay = 0

  /// Requests to sources at once.
  private static let underWayMax = 32

  init(pool: Pool, on loop: EventLoop, log: Log) {
    store = SubscriptionCopyStore(pool: pool)
    self.loop = loop
    self.log = log
  }

  /// Does what there is to do, in the background.
  func wake() {
    guard !isPlanning else {
      isAskedAgain = true
      return
    }
    isPlanning = true
    Task(executorPreference: loop) { [self] in
      repeat {
        isAskedAgain = false
        await work()
      } while isAskedAgain
      isPlanning = false
    }
  }

  /// What fails is left for the next time.
  private func work() async {
    guard let broker else { return }
    do throws(PostgresError) {
      planned = try await CopyPlanning(broker: broker).run(after: planned)
      let due = try await store.claim(
        Self.underWayMax - underWay, for: CopyExchange.lease)
      for copy in due { exchange(copy, by: broker) }
    } catch {
      log.warning("copies of subscriptions not kept", ["error": "\(error)"])
    }
  }

  private func exchange(_ copy: DueCopy, by broker: Broker) {
    underWay += 1
    Task(executorPreference: loop) { [self] in
      await CopyExchange(broker: broker).run(copy)
      underWay -= 1
      // What it is to be may have changed meanwhile, and others may have waited.
      wake()
    }
  }
}

/// What needs no copies now is left to the next look in the background.
extension Broker {
  /// Brings copies up to date after a change of a subscription.
  func keepCopies(in tenant: TenantNumber) {
    if hasSources(in: tenant) { copies.wake() }
  }

  /// Brings copies up to date after a change of a registration.
  func keepCopiesAtSources(of tenant: TenantNumber) {
    if subscriptionTable.hasDistributed(in: tenant) { copies.wake() }
  }
}
