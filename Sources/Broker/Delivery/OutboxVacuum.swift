import EventLoop
import Log
import Postgres
import Storage

/// Keeps the outbox as small as what is owed.
///
/// PostgreSQL's own vacuum looks at a table once a minute. By then a busy broker has written and
/// removed 100,000 notifications, and an outbox in which a few of them are owed at a time would
/// take hundreds of megabytes.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class OutboxVacuum: @unchecked Sendable {
  private let outbox: OutboxStore
  private let loop: EventLoop
  private let log: Log
  private let interval: Duration
  private var isStopped = false

  /// - Parameters:
  ///   - outbox: over a connection of its own, since that may take long.
  ///   - interval: on average, between the end of one look and the next one.
  init(_ outbox: OutboxStore, on loop: EventLoop, log: Log, interval: Duration = .seconds(3)) {
    self.outbox = outbox
    self.loop = loop
    self.log = log
    self.interval = interval
  }

  func start() {
    // Processes must not go in step.
    loop.after(interval * Double.random(in: 0.75...1.25)) { [self] in
      Task(executorPreference: loop) {
        guard !self.isStopped else { return }
        await self.look()
        self.start()
      }
    }
  }

  func stop() { isStopped = true }

  private func look() async {
    do throws(PostgresError) {
      _ = try await outbox.vacuum()
    } catch {
      if !isStopped { log.warning("outbox not vacuumed", ["error": "\(error)"]) }
    }
  }
}
