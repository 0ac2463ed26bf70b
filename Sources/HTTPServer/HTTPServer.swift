import CMicroHTTPD
package import EventLoop
import Glibc

/// An HTTP/1.1 server on one event loop.
///
/// Several servers, on several loops or in several processes, share a port: the kernel spreads the
/// connections among them.
///
/// `@unchecked Sendable`: touched on its loop's thread, or while the loop does not run;
/// `stopAccepting`, `drain` and `shutDown` go there by themselves.
package final class HTTPServer: @unchecked Sendable {
  package let loop: EventLoop
  let configuration: HTTPServerConfiguration
  let responder: any HTTPResponder
  /// The port that the server listens on.
  package let port: UInt16

  private var daemon: OpaquePointer?
  private var epoll: Int32 = -1
  private var hook = 0
  private var sweep: TimerID?
  private var connections: [HTTPConnection] = []
  private(set) var isAccepting = true
  private var drained: CheckedContinuation<Void, Never>?

  /// Requests that have begun and are not over.
  var requestsOpen = 0
  /// Counts the times that the loop was about to sleep.
  private(set) var round = 0
  /// Counts the requests handed to the responder.
  var tasksStarted = 0
  private var needsRound = false
  /// The time of the last sweep: good enough for deadlines, and free.
  private(set) var now = ContinuousClock.now

  /// Listens at once; requests are answered as soon as the loop runs.
  ///
  /// Call it on the loop's thread, or before the loop runs.
  package init(
    loop: EventLoop, configuration: HTTPServerConfiguration, responder: any HTTPResponder
  ) throws(HTTPServerError) {
    self.loop = loop
    self.configuration = configuration
    self.responder = responder
    let listener = try Self.listen(configuration)
    port = UInt16(cmicrohttpd_port(listener))
    var options = Self.options(configuration, listener: listener)
    options.context = Unmanaged.passUnretained(self).toOpaque()
    guard let daemon = cmicrohttpd_start(&options) else {
      Glibc.close(listener)
      throw .notStarted
    }
    self.daemon = daemon
    attach(daemon)
  }

  private static func listen(
    _ configuration: HTTPServerConfiguration
  ) throws(HTTPServerError) -> Int32 {
    let address = configuration.address == "*" ? nil : configuration.address
    let listener = cmicrohttpd_listen(address, configuration.port, Int32(configuration.backlog))
    if listener == -EINVAL { throw .addressInvalid(configuration.address) }
    guard listener >= 0 else {
      throw .notListening(
        address: configuration.address, port: configuration.port,
        reason: String(cString: strerror(-listener)))
    }
    return listener
  }

  private static func options(
    _ configuration: HTTPServerConfiguration, listener: Int32
  ) -> cmicrohttpd_options {
    var options = cmicrohttpd_options()
    options.listener = listener
    options.connections_max = UInt32(configuration.connectionsMax)
    options.connections_per_address_max = UInt32(configuration.connectionsPerAddressMax ?? 0)
    options.idle_timeout_seconds = UInt32(max(1, configuration.idleTimeout.components.seconds))
    // Head, its table of fields and the response's head share it. What exceeds it is answered by
    // libmicrohttpd itself, with 414 or 431 in HTML, so it is wider than the server's own bound.
    options.connection_memory = configuration.headerBytesMax * 3
    options.request_line = onRequestLine
    options.handle = onRequest
    options.completed = onCompletion
    options.connection_changed = onConnectionChange
    options.refusing = onRefusal
    return options
  }

  private func attach(_ daemon: OpaquePointer) {
    epoll = cmicrohttpd_epoll(daemon)
    loop.watch(epoll, for: .read, handler: self)
    hook = loop.beforeSleep(.input) { [unowned self] in driveBeforeSleep() }
    scheduleSweep()
    // The first round puts the listening socket into libmicrohttpd's epoll.
    MHD_run(daemon)
  }

  // MARK: Ending

  /// Closes the listening socket; a connection is closed after the next answer on it.
  package func stopAccepting() async {
    await onLoop { $0.closeListener() }
  }

  /// Stops accepting, lets open requests end for at most `grace`, then shuts down.
  package func drain(grace: Duration) async {
    await onLoop { server in
      server.closeListener()
      for connection in server.connections where connection.isIdle { connection.breakOff() }
    }
    await Task(executorPreference: loop) { await self.waitUntilDrained(grace) }.value
    await shutDown()
  }

  private func waitUntilDrained(_ grace: Duration) async {
    guard requestsOpen > 0, daemon != nil else { return }
    let timer = loop.after(grace) { [unowned self] in endDraining() }
    await withCheckedContinuation { drained = $0 }
    loop.cancel(timer)
  }

  private func endDraining() {
    drained?.resume()
    drained = nil
  }

  /// Closes everything now; requests that still run are answered with 503 and cancelled.
  ///
  /// The server must be shut down before it is released.
  package func shutDown() async {
    await onLoop { $0.end() }
  }

  private func onLoop(_ body: @escaping @Sendable (HTTPServer) -> Void) async {
    if loop.isOnLoop {
      body(self)
    } else {
      await Task(executorPreference: loop) { body(self) }.value
    }
  }

  private func closeListener() {
    guard isAccepting, let daemon else { return }
    isAccepting = false
    let listener = MHD_quiesce_daemon(daemon)
    if listener >= 0 { Glibc.close(listener) }
  }

  private func end() {
    guard let daemon else { return }
    closeListener()
    for connection in connections { connection.timeOut(detail: "The server is shutting down") }
    // One round takes the answers, one sends what did not fit into the first.
    for _ in 0..<3 { MHD_run(daemon) }
    self.daemon = nil
    loop.unwatch(epoll)
    loop.removeHook(hook)
    if let sweep { loop.cancel(sweep) }
    MHD_stop_daemon(daemon)
    endDraining()
  }

  // MARK: Connections

  /// Connections that are open now; read it on the loop.
  package var connectionCount: Int { connections.count }

  func add(_ connection: HTTPConnection) {
    connection.index = connections.count
    connections.append(connection)
  }

  func remove(_ connection: HTTPConnection) {
    setNeedsRound()
    let last = connections.removeLast()
    guard last !== connection else { return }
    last.index = connection.index
    connections[connection.index] = last
  }

  /// libmicrohttpd, which does not tell of which connection, is about to refuse a request by
  /// itself.
  ///
  /// Only a request whose head was read can be told from others that are under way; of the rest,
  /// which are broken or too long, the answers of libmicrohttpd are HTML but well formed.
  func answerRefusal(status: Int) {
    connections.first(where: \.isBeingChecked)?.answerRefusal(status: status)
  }

  func requestEnded() {
    requestsOpen -= 1
    if requestsOpen == 0 { endDraining() }
  }

  private static let sweepInterval = Duration.milliseconds(200)
  /// A request that takes longer is given up when its client leaves. To ask for that costs a system
  /// call, which a request is spared that began after the sweep before.
  static let patience = sweepInterval * 3 / 2

  /// Deadlines are checked a few times per deadline, for all connections at once: a timer for each
  /// request would cost more than the request.
  private func scheduleSweep() {
    let shortest = min(configuration.requestDeadline, configuration.idleTimeout)
    sweep = loop.after(min(Self.sweepInterval, shortest / 4)) { [unowned self] in
      now = .now
      for connection in connections { connection.check(at: now) }
      scheduleSweep()
    }
  }
}

// MARK: Driving libmicrohttpd

extension HTTPServer: FileDescriptorHandler {
  package func ready(_ events: ReadyEvents) {
    if let daemon { MHD_run(daemon) }
  }

  /// Asks for a round that libmicrohttpd's epoll descriptor does not announce: for an answer that
  /// waits, and after a connection was closed at the limit, since only the next round listens
  /// again.
  func setNeedsRound() { needsRound = true }

  /// Runs libmicrohttpd until it has nothing more to do without the outside world.
  ///
  /// It stops where new tasks were made, since their answers cannot be there yet; the loop does
  /// not sleep while tasks are queued.
  private func driveBeforeSleep() -> Duration? {
    guard let daemon else { return nil }
    round &+= 1
    let started = tasksStarted
    var timeout: UInt64 = 0
    for _ in 0..<64 {
      if !needsRound {
        guard MHD_get_timeout(daemon, &timeout) == .YES else { return nil }
        guard timeout == 0 else { return .milliseconds(timeout) }
      }
      guard tasksStarted == started else { return .zero }
      needsRound = false
      MHD_run(daemon)
    }
    return .zero
  }
}
