package import EventLoop
package import Log
import Postgres
import Storage

/// Enforces how long history is kept, again and again.
///
/// Every process tries; one at a time does it, on a connection of its own that it opens for the
/// purpose, since a sweep may take long.
///
/// `@unchecked Sendable`: used on its loop only.
package final class RetentionKeeper: @unchecked Sendable {
  private let configuration: BrokerConfiguration
  private let loop: EventLoop
  private let log: Log
  private let interval: Duration
  private var isStopped = false

  /// - Parameter interval: on average, between the end of a sweep and the next one.
  package init(
    _ configuration: BrokerConfiguration, on loop: EventLoop, log: Log,
    interval: Duration = .seconds(600)
  ) {
    self.configuration = configuration
    self.loop = loop
    self.log = log
    self.interval = interval
  }

  package func start() { schedule() }

  /// A sweep under way ends after its next piece of work.
  package func stop() { isStopped = true }

  private func schedule() {
    loop.after(interval * Double.random(in: 0.75...1.25)) { [self] in
      Task(executorPreference: loop) {
        guard !self.isStopped else { return }
        await self.sweep()
        self.schedule()
      }
    }
  }

  /// Returns whether it came to its end: another process may be at it, or it failed. What is left
  /// is left for the next sweep.
  @discardableResult
  package func sweep() async -> Bool {
    let pool = configuration.retentionConnection(on: loop)
    defer { pool.close() }
    do throws(PostgresError) {
      let sweep = RetentionSweep(pool: pool) { [self] in !isStopped }
      guard let outcome = try await sweep.run() else { return false }
      report(outcome)
      return true
    } catch {
      log.warning("retention failed", ["error": "\(error)"])
      return false
    }
  }

  private func report(_ outcome: RetentionSweep.Outcome) {
    if !outcome.inUse.isEmpty {
      log.warning(
        "history not let go: others use it",
        ["partitions": outcome.inUse.joined(separator: ",")])
    }
    guard outcome.rows > 0 || !outcome.partitions.isEmpty else { return }
    log.info(
      "history let go",
      [
        "rows": "\(outcome.rows)",
        "partitions": outcome.partitions.map(\.name).joined(separator: ","),
      ])
  }
}
