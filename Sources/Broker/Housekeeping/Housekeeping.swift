import EventLoop
import Log
import Postgres
import Storage

/// What a process does in the background, again and again: expired Entities and Attributes are
/// reaped, and the census is folded.
///
/// Every process does all of it; what two find at the same time is done once, since the later one
/// finds it done. Pauses vary, so that processes do not go in step.
///
/// `@unchecked Sendable`: used on its broker's loop only.
package final class Housekeeping: @unchecked Sendable {
  private let broker: Broker
  private let interval: Duration
  private var rounds = 0
  private var isStopped = false

  private static let roundsPerPruning = 1000

  /// - Parameter interval: on average, between the end of a round and the next one.
  package init(_ broker: Broker, interval: Duration = .seconds(1)) {
    self.broker = broker
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

  /// Does what there is to do.
  package func round() async {
    rounds += 1
    await attempt("reaping") { () throws(PostgresError) in
      while try await broker.reapExpired(), !isStopped {}
    }
    await attempt("census") { () throws(PostgresError) in
      while try await broker.census.fold(), !isStopped {}
      if rounds % Self.roundsPerPruning == 0 { try await broker.census.prune() }
    }
  }

  private func attempt(
    _ work: String, _ body: () async throws(PostgresError) -> Void
  ) async {
    do throws(PostgresError) {
      try await body()
    } catch {
      broker.log.warning("housekeeping failed", ["work": work, "error": "\(error)"])
    }
  }
}
