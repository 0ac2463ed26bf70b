package import EventLoop

/// Connections with one configuration on one event loop, opened when they are needed.
///
/// Two kinds of use: `withConnection` has one alone, for a transaction or a long query; `query`
/// shares them, several statements in flight on each. A connection that breaks is replaced at the
/// next need; while none can be made, the pool answers with the reason and tries again after a
/// wait that doubles. End it by `close`.
///
/// `@unchecked Sendable`: every use is on the loop's thread, which the entrances check.
package final class Pool: @unchecked Sendable {
  package struct Configuration: Sendable {
    package var connection: Connection.Configuration
    package var connectionsMax: Int
    /// Callers that wait for a connection; one more is refused.
    package var waitersMax = 1024
    package var waitTimeout = Duration.seconds(5)
    /// Wait after a connection could not be made; it doubles up to `backOffMax`.
    package var backOffMin = Duration.milliseconds(50)
    package var backOffMax = Duration.seconds(5)

    package init(_ connection: Connection.Configuration, connectionsMax: Int) {
      self.connection = connection
      self.connectionsMax = connectionsMax
    }
  }

  package struct Statistics: Sendable, Hashable {
    /// Connections that are open.
    package var open = 0
    /// Those of them that are in exclusive use or have a flight under way.
    package var inUse = 0
    /// Callers that wait for a connection.
    package var waiting = 0
    /// Callers that were refused, by a full queue or after too long a wait, since the start.
    package var refused = 0
  }

  enum Use { case exclusive, shared }

  struct Waiter {
    let number: Int
    let use: Use
    let deadline: ContinuousClock.Instant
    let continuation: UnsafeContinuation<Outcome, Never>
  }

  typealias Outcome = Result<Connection, PostgresError>

  package let configuration: Configuration
  /// Called for each new connection, to set `onNotice` and the like.
  package var onOpen: ((Connection) -> Void)?
  package let loop: EventLoop
  private var connections: [Connection] = []
  private var opening = 0
  private var backOff: BackOff
  private var lastFailure: PostgresError?
  private var isClosed = false
  var waiters = FIFO<Waiter>()
  var lastWaiter = 0
  var timeout: TimerID?
  var refused = 0

  package init(_ configuration: Configuration, on loop: EventLoop) {
    precondition(configuration.connectionsMax > 0, "A pool holds at least one connection")
    self.configuration = configuration
    self.loop = loop
    backOff = BackOff(from: configuration.backOffMin, to: configuration.backOffMax)
  }

  package var statistics: Statistics {
    Statistics(
      open: connections.count,
      inUse: connections.count { $0.isLeased || $0.flightCount > 0 },
      waiting: waiters.count, refused: refused)
  }

  // MARK: Use

  /// Runs one statement on the connection with the least to do.
  ///
  /// - Throws: the server's error, the reason why there is no connection, or `poolExhausted`.
  @discardableResult
  package func query(_ sql: SQL) async throws(PostgresError) -> Rows {
    try await connection(for: .shared).query(sql)
  }

  /// Runs several statements as one transaction on the connection with the least to do.
  ///
  /// - Throws: as `query`.
  @discardableResult
  package func flight(_ statements: [SQL]) async throws(PostgresError) -> [Rows] {
    try await connection(for: .shared).flight(statements)
  }

  /// Gives `body` a connection that nobody else uses meanwhile; a transaction that it leaves open
  /// is rolled back.
  ///
  /// - Throws: as `query`.
  @discardableResult
  package func withConnection<Result>(
    _ body: (Connection) async throws(PostgresError) -> Result
  ) async throws(PostgresError) -> Result {
    let connection = try await connection(for: .exclusive)
    defer { release(connection) }
    return try await body(connection)
  }

  /// Ends all connections; whoever uses or awaits one gets `connectionLost`.
  package func close() {
    isClosed = true
    failWaiters(PostgresError(.connectionLost, "The pool was closed"))
    if let timeout { loop.cancel(timeout) }
    for connection in connections { connection.close() }
  }

  // MARK: Choice

  private func connection(for use: Use) async throws(PostgresError) -> Connection {
    precondition(loop.isOnLoop, "A pool is used on its loop")
    let free = connections.lazy.filter {
      !$0.isLeased && (use == .shared || $0.sharesDue == 0)
    }
    let best = free.min { $0.flightCount < $1.flightCount }
    if best.map({ $0.flightCount > 0 }) ?? true { openAnother() }
    if let best {
      best.isLeased = use == .exclusive
      return best
    }
    if opening == 0, connections.isEmpty, let lastFailure { throw lastFailure }
    let connection = try await wait(for: use)
    if use == .shared {
      connection.sharesDue -= 1
      // Who wants it alone runs after the caller, which does not suspend before it sends.
      serve(connection)
    }
    return connection
  }

  private func release(_ connection: Connection) {
    connection.isLeased = false
    guard connection.isOpen else { return serveByOpening() }
    if connection.isInTransaction {
      connection.launch(CollectionOfOne("ROLLBACK"), waiter: .nobody)
    }
    serve(connection)
  }

  /// Hands a connection that nobody has alone to those who wait.
  private func serve(_ connection: Connection) {
    while !waiters.isEmpty, !connection.isLeased {
      let isExclusive = waiters.first.use == .exclusive
      guard !isExclusive || connection.sharesDue == 0 else { return }
      let waiter = waiters.removeFirst()
      connection.isLeased = isExclusive
      if !isExclusive { connection.sharesDue += 1 }
      waiter.continuation.resume(returning: .success(connection))
    }
  }

  /// Hands what is free to those who wait.
  func serveFree() {
    for connection in connections where !connection.isLeased { serve(connection) }
    if connections.isEmpty { openAnother() }
  }

  // MARK: Opening

  private func serveByOpening() {
    if !waiters.isEmpty { openAnother() }
  }

  private func openAnother() {
    guard !isClosed, connections.count + opening < configuration.connectionsMax,
      backOff.allows(at: .now)
    else { return }
    opening += 1
    ConnectionAttempt.start(configuration.connection, on: loop) { [self] outcome in
      opening -= 1
      switch outcome {
      case .success(let connection): opened(connection)
      case .failure(let error): openingFailed(error)
      }
    }
  }

  private func opened(_ connection: Connection) {
    guard !isClosed else { return connection.close() }
    backOff.succeeded()
    lastFailure = nil
    connections.append(connection)
    connection.onClose = { [weak self, unowned connection] _ in
      self?.connections.removeAll { $0 === connection }
      self?.serveByOpening()
    }
    onOpen?(connection)
    serve(connection)
  }

  private func openingFailed(_ error: PostgresError) {
    backOff.failed(at: .now)
    lastFailure = error
    if connections.isEmpty && opening == 0 { failWaiters(error) }
  }
}
