import EventLoop
import Log
import Postgres
import Storage

/// Hears of changes of subscriptions that other processes make, over a connection of its own.
///
/// A lost connection is opened again with growing waits; since changes may have been missed
/// meanwhile, each new one counts as a change.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class SubscriptionListener: @unchecked Sendable {
  private let loop: EventLoop
  private let configuration: Connection.Configuration
  private let log: Log
  private let changed: () -> Void
  private var connection: Connection?
  private var wait = SubscriptionListener.waitMin
  private var isClosed = false

  private static let waitMin = Duration.milliseconds(100)
  private static let waitMax = Duration.seconds(10)

  init(
    _ configuration: Connection.Configuration, on loop: EventLoop, log: Log,
    changed: @escaping () -> Void
  ) {
    self.configuration = configuration
    self.loop = loop
    self.log = log
    self.changed = changed
  }

  func open() async {
    guard !isClosed else { return }
    do throws(PostgresError) {
      let connection = try await Connection.open(configuration, on: loop)
      guard !isClosed else { return connection.close() }
      connection.onNotification = { [changed] _, _ in changed() }
      connection.onClose = { [weak self] _ in self?.reopen() }
      self.connection = connection
      try await connection.query("LISTEN \(identifier: SubscriptionStore.channel)")
      wait = Self.waitMin
      changed()
    } catch {
      log.warning("not listening for changes of subscriptions", ["error": "\(error)"])
      if let connection, connection.isOpen { connection.close() } else { reopen() }
    }
  }

  func close() {
    isClosed = true
    connection?.close()
    connection = nil
  }

  private func reopen() {
    guard !isClosed else { return }
    connection = nil
    loop.after(wait) { [self] in
      Task(executorPreference: loop) { await self.open() }
    }
    wait = min(wait * 2, Self.waitMax)
  }
}
