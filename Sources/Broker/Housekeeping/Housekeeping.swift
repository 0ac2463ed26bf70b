import EventLoop
import Log
package import Postgres
import Storage

/// What a process does in the background, again and again: expired Entities, Attributes and
/// registrations are reaped, the census is folded, removed tenants are forgotten, Snapshots are
/// executed, they and maps of Entities are removed in time, and Context Sources that were away get
/// their copies of subscriptions.
///
/// Every process does all of it; what two find at the same time is done once, since the later one
/// finds it done. Pauses vary, so that processes do not go in step.
///
/// `@unchecked Sendable`: used on its broker's loop only.
package final class Housekeeping: @unchecked Sendable {
  private let broker: Broker
  /// Its own: while the database is away, its attempts must not make requests wait longer.
  private let pool: Pool
  private let interval: Duration
  private var rounds = 0
  private var isStopped = false

  private static let roundsPerPruning = 1000

  /// - Parameter interval: on average, between the end of a round and the next one.
  package init(_ broker: Broker, pool: Pool, interval: Duration = .seconds(1)) {
    self.broker = broker
    self.pool = pool
    self.interval = interval
  }

  package func start() { schedule() }

  /// A round under way ends by itself; its work is of use whenever it ends.
  package func stop() { isStopped = true }

  private func schedule() {
    broker.loop.after(interval * Double.random(in: 0.75...1.25)) { [self] in
      Task(executorPreference: broker.loop) {
        guard !self.isStopped else { return }
        await self.round()
        self.schedule()
      }
    }
  }

  /// Does what there is to do; what fails is left for the next round.
  package func round() async {
    rounds += 1
    // First, since the others may take long: a tenant that was removed must not be used again.
    guard
      await succeeds({ () throws(PostgresError) in try await broker.tenants.refresh(from: pool) })
    else { return }
    await whileSome { () throws(PostgresError) in try await broker.reapExpired(foundIn: pool) }
    await whileSome { () throws(PostgresError) in
      try await broker.reapRegistrations(foundIn: pool)
    }
    await whileSome { () throws(PostgresError) in try await CensusStore.fold(in: pool) }
    broker.snapshots.wake()
    broker.copies.wake()
    await whileSome { () throws(PostgresError) in
      try await EntityMapStore.removeExpired(at: .now, in: pool)
    }
    guard rounds % Self.roundsPerPruning == 0 else { return }
    await succeeds { () throws(PostgresError) in try await CensusStore.prune(in: pool) }
  }

  /// Does `work` as long as it says that there is more.
  private func whileSome(_ work: () async throws(PostgresError) -> Bool) async {
    await succeeds { () throws(PostgresError) in while try await work(), !isStopped {} }
  }

  @discardableResult
  private func succeeds(_ work: () async throws(PostgresError) -> Void) async -> Bool {
    do throws(PostgresError) {
      try await work()
      return true
    } catch {
      broker.log.warning("housekeeping failed", ["error": "\(error)"])
      return false
    }
  }
}
