import CLibPQ
import EventLoop
import Glibc

extension Connection {
  /// How long to wait for the effect of a cancel request before the next one.
  private static let cancelInterval = Duration.milliseconds(100)

  /// Whether answers wait for a cancel request, so that it cannot hit the next flight.
  var isHeld: Bool { cancelling != nil && cancelling == flights.first.number }

  /// Asks the server to cancel a flight, now or when its turn comes.
  func cancel(_ number: Int) {
    guard flights.contains(where: { $0.number == number }) else { return }
    cancelled.insert(number)
    if flights.first.number == number { cancelFirst() }
  }

  func cancelFirst() {
    guard let handle, cancelling == nil, let request = CancelRequest(to: handle) else { return }
    cancelling = flights.first.number
    mayBeHit = true
    request.send { [self] in
      Task(executorPreference: loop) { [self] in cancelRequestEnded() }
    }
  }

  private func cancelRequestEnded() {
    let number = cancelling
    cancelling = nil
    receive()
    guard isOpen, !flights.isEmpty, flights.first.number == number else { return }
    // A request that overtakes its query finds nothing to cancel.
    loop.after(Self.cancelInterval) { [weak self] in
      if let number { self?.cancel(number) }
    }
  }
}

/// A cancel request, which goes over a connection of its own.
///
/// `@unchecked Sendable`: one thread uses the handle after `send`, and libpq allows any.
private final class CancelRequest: @unchecked Sendable {
  private let handle: OpaquePointer
  private var completion: (@Sendable () -> Void)?

  init?(to connection: OpaquePointer) {
    guard let handle = PQgetCancel(connection) else { return nil }
    self.handle = handle
  }

  deinit { PQfreeCancel(handle) }

  /// Sends it from a thread of its own, since libpq waits for the server; then calls `completion`
  /// there.
  func send(completion: @escaping @Sendable () -> Void) {
    self.completion = completion
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<CancelRequest>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    if status == 0 {
      pthread_detach(thread)
    } else {
      // No thread left: the query runs on, and is cancelled at the next attempt.
      Unmanaged<CancelRequest>.fromOpaque(context).release()
      completion()
    }
  }

  private func run() {
    // A refusal changes nothing: the query ends by itself, or at the next attempt.
    var reason = [CChar](repeating: 0, count: 256)
    PQcancel(handle, &reason, Int32(reason.count))
    completion?()
  }
}
