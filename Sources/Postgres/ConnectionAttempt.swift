import CLibPQ
import EventLoop

/// A connection that is being made; the loop keeps it alive until it has an outcome.
final class ConnectionAttempt: FileDescriptorHandler {
  typealias Outcome = Result<Connection, PostgresError>

  private let configuration: Connection.Configuration
  private let loop: EventLoop
  private let completion: (Outcome) -> Void
  private var handle: OpaquePointer?
  private var watched: Int32?
  private var timeout: TimerID?

  private init(
    _ configuration: Connection.Configuration, on loop: EventLoop,
    completion: @escaping (Outcome) -> Void
  ) {
    self.configuration = configuration
    self.loop = loop
    self.completion = completion
  }

  deinit { if let handle { PQfinish(handle) } }

  /// Calls `completion` once, at the earliest before this function returns.
  static func start(
    _ configuration: Connection.Configuration, on loop: EventLoop,
    completion: @escaping (Outcome) -> Void
  ) {
    precondition(loop.isOnLoop, "A connection is made on its loop")
    ConnectionAttempt(configuration, on: loop, completion: completion).start()
  }

  private func start() {
    guard let handle = configuration.start() else {
      return completion(.failure(PostgresError(.connectionLost, "No memory for a connection")))
    }
    self.handle = handle
    guard PQstatus(handle) != CONNECTION_BAD else { return fail(PostgresError(connection: handle)) }
    timeout = loop.after(configuration.connectTimeout) { [self] in
      fail(
        PostgresError(
          .connectTimeout, "No connection within \(configuration.connectTimeout)"))
    }
    watch(handle, for: .write)
  }

  func ready(_ events: ReadyEvents) {
    guard let handle else { return }
    // libpq may go on with another socket, even under the same number.
    unwatch()
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_READING: watch(handle, for: .read)
    case PGRES_POLLING_WRITING: watch(handle, for: .write)
    case PGRES_POLLING_OK: succeed(handle)
    default: fail(PostgresError(connection: handle))
    }
  }

  private func succeed(_ handle: OpaquePointer) {
    finish()
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
      return fail(PostgresError(connection: handle))
    }
    self.handle = nil
    completion(.success(Connection(taking: handle, configuration, on: loop)))
  }

  private func fail(_ error: PostgresError) {
    finish()
    if let handle { PQfinish(handle) }
    handle = nil
    completion(.failure(error))
  }

  private func finish() {
    unwatch()
    if let timeout { loop.cancel(timeout) }
    timeout = nil
  }

  private func watch(_ handle: OpaquePointer, for events: ReadyEvents) {
    let descriptor = PQsocket(handle)
    watched = descriptor
    loop.watch(descriptor, for: events, handler: self)
  }

  private func unwatch() {
    if let watched { loop.unwatch(watched) }
    watched = nil
  }
}
