import CLibPQ
package import EventLoop

/// A session with a PostgreSQL server, in pipeline mode, owned by one event loop.
///
/// Several calls may be under way at once; the server runs and answers them in order. Each call is
/// a *flight*: one or more statements and one Sync. Outside BEGIN and COMMIT a flight is a
/// transaction of its own, so an error in one leaves the others alone.
///
/// The loop keeps an open connection alive: end it by `close`.
///
/// `@unchecked Sendable`: every use is on the loop's thread, which the entrances check.
package final class Connection: @unchecked Sendable {
  package let configuration: Configuration
  let loop: EventLoop
  let descriptor: Int32
  /// nil once closed.
  var handle: OpaquePointer?
  var flights = FIFO<Flight>()
  private var lastFlight = 0
  var statements: StatementCache
  var isWaitingToWrite = false

  /// The flight that a cancel request is under way for; its end waits for the request's end.
  var cancelling: Int?
  /// Whether a cancel request was sent: the session then ends with what is under way.
  var mayBeHit = false
  /// Flights to cancel when their turn comes.
  var cancelled: Set<Int> = []

  /// Received, and not passed to `onNotice` yet.
  var notices: [PostgresError] = []

  /// In exclusive use; kept here for the pool.
  var isLeased = false
  /// Callers that were given it to share and have not run yet.
  var sharesDue = 0

  /// Called when the connection ends, with the reason unless `close` ended it.
  package var onClose: ((PostgresError?) -> Void)?
  /// Called for warnings and notices, and for the reason when the server ends an idle session.
  package var onNotice: ((PostgresError) -> Void)?
  /// Called for each NOTIFY on a channel that the session listens to.
  package var onNotification: ((_ channel: String, _ payload: String) -> Void)?

  /// - Throws: `connectionLost` or `connectTimeout`.
  package static func open(
    _ configuration: Configuration, on loop: EventLoop
  ) async throws(PostgresError) -> Connection {
    let outcome = await withUnsafeContinuation { continuation in
      ConnectionAttempt.start(configuration, on: loop) { continuation.resume(returning: $0) }
    }
    return try outcome.get()
  }

  /// Takes over a connection in pipeline mode.
  init(taking handle: OpaquePointer, _ configuration: Configuration, on loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    self.handle = handle
    descriptor = PQsocket(handle)
    statements = StatementCache(capacity: configuration.statementsMax)
    receiveNotices()
    loop.watch(descriptor, for: .read, handler: self)
  }

  deinit { if let handle { PQfinish(handle) } }

  package var isOpen: Bool { handle != nil }

  /// Flights that are not answered yet.
  package var flightCount: Int { flights.count }

  /// Whether a BEGIN was answered that no COMMIT or ROLLBACK ended; known while no flight is
  /// under way.
  package var isInTransaction: Bool {
    guard let handle else { return false }
    let status = PQtransactionStatus(handle)
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
  }

  // MARK: Statements

  /// Runs one statement.
  ///
  /// - Throws: the server's error, `connectionLost`, or `poolExhausted` with `flightsMax` under
  ///   way.
  @discardableResult
  package func query(_ sql: SQL) async throws(PostgresError) -> Rows {
    try await fly(CollectionOfOne(sql)).get()[0]
  }

  /// Runs several statements with one Sync, and returns the rows of each.
  ///
  /// They are one transaction, unless BEGIN, COMMIT or ROLLBACK is among them. After an error the
  /// rest is not run, and the call throws that error; a transaction that was open is rolled back
  /// first, so the connection is as good as new.
  ///
  /// ```swift
  /// let locked = try await connection.flight(["BEGIN", lock(ids)])
  /// try await connection.flight([update(rows), insert(history), "COMMIT"])
  /// ```
  ///
  /// - Throws: as `query`.
  @discardableResult
  package func flight(_ statements: [SQL]) async throws(PostgresError) -> [Rows] {
    try await fly(statements).get()
  }

  /// Ends a transaction that the caller gives up; without one it only warns by a notice.
  package func rollback() async throws(PostgresError) {
    precondition(loop.isOnLoop, "A connection is used on its loop")
    _ = try await uncancellable(CollectionOfOne("ROLLBACK")).get()
  }

  private func fly(_ statements: some Collection<SQL>) async -> Flight.Answer {
    precondition(loop.isOnLoop, "A connection is used on its loop")
    guard configuration.cancelsQueries else { return await uncancellable(statements) }
    if Task.isCancelled {
      return .failure(
        PostgresError(.statement, "Cancelled before it was sent", sqlState: .queryCanceled))
    }
    let number = nextFlightNumber()
    return await withTaskCancellationHandler {
      await uncancellable(statements, number: number)
    } onCancel: {
      Task(executorPreference: loop) { [self] in cancel(number) }
    }
  }

  private func uncancellable(
    _ statements: some Collection<SQL>, number: Int? = nil
  ) async -> Flight.Answer {
    await withUnsafeContinuation { continuation in
      launch(statements, waiter: .task(continuation), number: number)
    }
  }

  func nextFlightNumber() -> Int {
    lastFlight += 1
    return lastFlight
  }

  // MARK: End

  /// Ends the session; calls under way fail as `connectionLost`.
  package func close() { end(nil) }

  func end(_ reason: PostgresError?) {
    guard let handle else { return }
    loop.unwatch(descriptor)
    self.handle = nil
    PQfinish(handle)
    let error = reason ?? PostgresError(.connectionLost, "The connection was closed")
    while !flights.isEmpty { deliver(flights.removeFirst().waiter, .failure(error)) }
    cancelled = []
    let onClose = onClose
    (self.onClose, onNotice, onNotification) = (nil, nil, nil)
    onClose?(reason)
  }
}
