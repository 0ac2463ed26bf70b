import EventLoop
import Log
import Postgres

/// Hears what other processes tell by NOTIFY, over a connection of its own.
///
/// A lost connection is opened again with growing waits; something may have been missed meanwhile,
/// so that each new one begins with a look at the database.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class DatabaseListener: @unchecked Sendable {
  typealias Channel = (name: String, heard: (_ payload: String) -> Void)

  private let loop: EventLoop
  private let configuration: Connection.Configuration
  private let log: Log
  private let channels: [Channel]
  private let opened: () -> Void
  private var connection: Connection?
  private var wait = DatabaseListener.waitMin
  private var isClosed = false

  private static let waitMin = Duration.milliseconds(100)
  private static let waitMax = Duration.seconds(10)

  /// - Parameter opened: called once nothing more is missed.
  init(
    _ configuration: Connection.Configuration, on loop: EventLoop, log: Log, channels: [Channel],
    opened: @escaping () -> Void
  ) {
    self.configuration = configuration
    self.loop = loop
    self.log = log
    self.channels = channels
    self.opened = opened
  }

  func open() async {
    guard !isClosed else { return }
    do throws(PostgresError) {
      let connection = try await Connection.open(configuration, on: loop)
      guard !isClosed else { return connection.close() }
      connection.onNotification = { [channels] name, payload in
        for channel in channels where channel.name == name { channel.heard(payload) }
      }
      connection.onClose = { [weak self] _ in self?.reopen() }
      self.connection = connection
      try await connection.flight(channels.map { "LISTEN \(identifier: $0.name)" })
      wait = Self.waitMin
      opened()
    } catch {
      log.warning("not listening to the database", ["error": "\(error)"])
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
