import CCurl
package import EventLoop

/// The bounds of a client.
package struct HTTPClientConfiguration: Sendable {
  /// Connections to one host and port; further requests wait for one of them.
  package var connectionsPerHostMax = 16
  /// Connections in all, idle ones included.
  package var connectionsMax = 256
  /// Requests under way, waiting ones included; further ones fail with `overloaded`.
  package var requestsMax = 10_000
  package var addressPolicy = AddressPolicy.publicOnly

  package init() {}
}

/// An HTTP client on one event loop: pooled connections, TLS, HTTP/2 where the server offers it.
///
/// A proxy is used where the environment names one (`http_proxy`, `https_proxy`, `no_proxy`); the
/// address policy then applies to the proxy's address.
///
/// `@unchecked Sendable`: touched on its loop's thread, or while the loop does not run; `send` and
/// `shutDown` go there by themselves.
package final class HTTPClient: @unchecked Sendable {
  package let loop: EventLoop
  private let configuration: HTTPClientConfiguration
  private var multi: UnsafeMutableRawPointer?
  private var hook = 0

  /// The requests under way, by number.
  private var active: [Int: Transfer] = [:]
  /// Handles for the next requests; as many are kept as there may be connections.
  private var idle: [Transfer] = []
  private var lastNumber = 0

  /// When libcurl wants to be called without an event.
  private var due: ContinuousClock.Instant?
  private var watchers: [Int32: SocketWatcher] = [:]

  private static let isReady = ccurl_global_init() == CURLE_OK

  /// Call it on the loop's thread, or before the loop runs.
  package init(loop: EventLoop, configuration: HTTPClientConfiguration) {
    precondition(Self.isReady, "libcurl does not start")
    guard let multi = curl_multi_init() else { preconditionFailure("No memory left for libcurl") }
    self.loop = loop
    self.configuration = configuration
    self.multi = multi
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_multi_set_callbacks(multi, context, onSocket, onTimer)
    ccurl_multi_set_number(
      multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHostMax)
    ccurl_multi_set_number(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connectionsMax)
    ccurl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, configuration.connectionsMax)
    // The hook keeps the client alive until it is shut down.
    hook = loop.beforeSleep(.input) { self.driveBeforeSleep() }
  }

  // MARK: Sending

  /// Sends a request and waits for the whole response; cancelling the task breaks it off.
  package func send(
    _ request: HTTPClientRequest
  ) async throws(HTTPClientError) -> HTTPClientResponse {
    if Task.isCancelled { throw .cancelled }
    if loop.isOnLoop { return try await sendOnLoop(request).get() }
    let task = Task(executorPreference: loop) { await self.sendOnLoop(request) }
    let outcome = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    return try outcome.get()
  }

  private func sendOnLoop(_ request: HTTPClientRequest) async -> Transfer.Outcome {
    lastNumber &+= 1
    let number = lastNumber
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { begin(request, number, $0) }
    } onCancel: {
      // Runs after the request has begun, since that happens without suspension.
      Task(executorPreference: loop) { self.cancel(number) }
    }
  }

  private func begin(
    _ request: HTTPClientRequest, _ number: Int,
    _ continuation: UnsafeContinuation<Transfer.Outcome, Never>
  ) {
    guard let multi else { return continuation.resume(returning: .failure(.cancelled)) }
    guard active.count < configuration.requestsMax else {
      let error = HTTPClientError.overloaded(requestsMax: configuration.requestsMax)
      return continuation.resume(returning: .failure(error))
    }
    let transfer = idle.popLast() ?? Transfer(policy: configuration.addressPolicy)
    do throws(HTTPClientError) {
      try transfer.prepare(request)
    } catch {
      idle.append(transfer)
      return continuation.resume(returning: .failure(error))
    }
    active[number] = transfer
    transfer.begin(request, number: number, continuation)
    guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
      return end(transfer, .failure(.overloaded(requestsMax: configuration.requestsMax)))
    }
  }

  private func cancel(_ number: Int) {
    if let transfer = active[number] { end(transfer, .failure(.cancelled)) }
  }

  private func end(_ transfer: Transfer, _ outcome: Transfer.Outcome) {
    active[transfer.number] = nil
    curl_multi_remove_handle(multi, transfer.easy)
    transfer.end(outcome)
    if idle.count < configuration.connectionsMax { idle.append(transfer) }
  }

  // MARK: Ending

  /// Breaks off all requests, closes all connections and lets go of the loop.
  ///
  /// The client must be shut down before its loop ends.
  package func shutDown() async {
    if loop.isOnLoop {
      close()
    } else {
      await Task(executorPreference: loop) { self.close() }.value
    }
  }

  private func close() {
    guard let multi else { return }
    for transfer in active.values { end(transfer, .failure(.cancelled)) }
    self.multi = nil
    idle = []
    curl_multi_cleanup(multi)
    loop.removeHook(hook)
    for descriptor in watchers.keys { loop.unwatch(descriptor) }
    watchers = [:]
  }

  // MARK: Driving libcurl

  /// Calls libcurl when its timer is due; transfers that were added begin here, all of a tick
  /// together.
  private func driveBeforeSleep() -> Duration? {
    var callsLeft = 16
    while let due {
      let wait = due - .now
      if wait > .zero { return wait }
      if callsLeft == 0 { return .zero }
      callsLeft -= 1
      self.due = nil
      act(on: -1, events: 0)
    }
    return nil
  }

  /// - Parameter descriptor: the socket that is ready, or -1 when the timer is due.
  fileprivate func act(on descriptor: Int32, events: Int32) {
    guard let multi else { return }
    var running: Int32 = 0
    curl_multi_socket_action(multi, descriptor, events, &running)
    var code = CURLE_OK
    while let easy = ccurl_multi_next_ended(multi, &code) {
      guard let context = ccurl_context(easy) else { continue }
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      end(transfer, transfer.outcome(code))
    }
  }

  fileprivate func setTimer(milliseconds: Int) {
    due = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
  }

  fileprivate func watch(_ descriptor: Int32, for events: ReadyEvents) {
    if let watcher = watchers[descriptor] {
      loop.watch(descriptor, for: events, handler: watcher)
    } else {
      let watcher = SocketWatcher(client: self, descriptor: descriptor)
      watchers[descriptor] = watcher
      loop.watch(descriptor, for: events, handler: watcher)
    }
  }

  /// The descriptor is closed next, and its number may soon be someone else's.
  fileprivate func unwatch(_ descriptor: Int32) {
    watchers[descriptor] = nil
    loop.unwatch(descriptor)
  }
}

/// Tells libcurl that one of its sockets is ready.
private final class SocketWatcher: FileDescriptorHandler {
  private unowned let client: HTTPClient
  private let descriptor: Int32

  init(client: HTTPClient, descriptor: Int32) {
    self.client = client
    self.descriptor = descriptor
  }

  func ready(_ events: ReadyEvents) {
    var mask: Int32 = 0
    if events.contains(.read) { mask |= CURL_CSELECT_IN }
    if events.contains(.write) { mask |= CURL_CSELECT_OUT }
    if !events.isDisjoint(with: [.error, .hangUp]) { mask |= CURL_CSELECT_ERR | CURL_CSELECT_IN }
    client.act(on: descriptor, events: mask)
  }
}

private let onSocket: curl_socket_callback = { _, descriptor, what, context, _ in
  withClient(context) { client in
    switch what {
    case CURL_POLL_IN: client.watch(descriptor, for: .read)
    case CURL_POLL_OUT: client.watch(descriptor, for: .write)
    case CURL_POLL_INOUT: client.watch(descriptor, for: [.read, .write])
    default: client.unwatch(descriptor)
    }
  }
  return 0
}

private let onTimer: curl_multi_timer_callback = { _, milliseconds, context in
  withClient(context) { $0.setTimer(milliseconds: milliseconds) }
  return 0
}

private func withClient(_ context: UnsafeMutableRawPointer?, _ body: (HTTPClient) -> Void) {
  Unmanaged<HTTPClient>.fromOpaque(context!)._withUnsafeGuaranteedRef(body)
}
