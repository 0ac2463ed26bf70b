import CMicroHTTPD

/// Writes the body of a response.
///
/// It runs on the server's loop, in the task of the request, which is cancelled when the client
/// leaves. Where it returns, the body ends. Where it throws, the connection is closed without an
/// end of the body, so that the client knows that something is missing; it has told by then, in a
/// log, why.
package typealias HTTPBodyProducer =
  @Sendable (HTTPBodyWriter) async throws(HTTPBodyBrokenOff) -> Void

/// The body cannot be brought to its end: the client has left, or its producer has failed.
package struct HTTPBodyBrokenOff: Error {
  package init() {}
}

/// Takes a body piece by piece: a bounded buffer between its producer and the client.
///
/// libmicrohttpd asks for bytes when the client takes some. While there are none, the connection
/// is suspended; while there are too many, the producer is.
///
/// `@unchecked Sendable`: used on the server's loop only.
package final class HTTPBodyWriter: @unchecked Sendable {
  private enum State { case open, complete, brokenOff }

  /// Whether the request was HEAD, so that nothing is written.
  let isForHead: Bool
  private let server: HTTPServer
  /// nil once the request is over.
  private var connection: OpaquePointer?
  private var state = State.open
  private var buffer: [UInt8] = []
  /// How many bytes of the buffer were taken.
  private var taken = 0
  /// The producer, while it waits for room.
  private var waiting: UnsafeContinuation<Void, Never>?
  /// Since when the connection has waited for bytes; nil while it does not.
  private(set) var starvingSince: ContinuousClock.Instant?

  init(server: HTTPServer, connection: OpaquePointer, isForHead: Bool) {
    self.isForHead = isForHead
    self.server = server
    self.connection = connection
  }

  // MARK: The producer's side

  /// Returns once the bytes are in the buffer, which a slow client may delay.
  ///
  /// One task writes at a time.
  package func write(_ bytes: [UInt8]) async throws(HTTPBodyBrokenOff) {
    while state == .open && !hasRoom {
      await withUnsafeContinuation { waiting = $0 }
    }
    guard state == .open else { throw HTTPBodyBrokenOff() }
    buffer.append(contentsOf: bytes)
    feed()
  }

  func run(_ produce: HTTPBodyProducer) async {
    guard !isForHead else { return }
    do throws(HTTPBodyBrokenOff) {
      try await produce(self)
      end(.complete)
    } catch {
      end(.brokenOff)
    }
  }

  private var hasRoom: Bool { buffer.count - taken < server.configuration.streamedBytesMax }

  // MARK: The client's side

  /// Fills `target` with what is there; suspends the connection if nothing is.
  ///
  /// Returns what libmicrohttpd's content reader returns.
  func fill(_ target: UnsafeMutableRawBufferPointer) -> Int {
    if state == .brokenOff { return cmicrohttpd_body_broken_off }
    let count = take(into: target)
    if count > 0 { return count }
    if state == .complete { return cmicrohttpd_body_end }
    starvingSince = server.now
    MHD_suspend_connection(connection)
    return 0
  }

  private func take(into target: UnsafeMutableRawBufferPointer) -> Int {
    let piece = buffer[taken...].prefix(target.count)
    target.copyBytes(from: piece)
    taken += piece.count
    discardTaken()
    if hasRoom { resumeProducer() }
    return piece.count
  }

  private func discardTaken() {
    if taken == buffer.count {
      // An idle stream holds no memory.
      buffer = []
    } else if taken > buffer.count / 2 {
      buffer.removeFirst(taken)
    } else {
      return
    }
    taken = 0
  }

  /// The connection gives up what is not sent yet.
  func breakOff() { end(.brokenOff) }

  /// The request is over, and with it the connection's part in it.
  func leave() {
    connection = nil
    end(.brokenOff)
  }

  // MARK: Both

  private func end(_ state: State) {
    guard self.state == .open else { return }
    self.state = state
    feed()
    resumeProducer()
  }

  /// Lets libmicrohttpd ask again.
  private func feed() {
    guard starvingSince != nil, let connection else { return }
    starvingSince = nil
    MHD_resume_connection(connection)
    server.setNeedsRound()
  }

  private func resumeProducer() {
    waiting?.resume()
    waiting = nil
  }
}

/// libmicrohttpd wants bytes of a body; `context` is its writer.
let onBodyWanted: MHD_ContentReaderCallback = { context, _, target, capacity in
  guard let context, let target else { return cmicrohttpd_body_broken_off }
  return Unmanaged<HTTPBodyWriter>.fromOpaque(context)._withUnsafeGuaranteedRef {
    $0.fill(UnsafeMutableRawBufferPointer(start: target, count: capacity))
  }
}

/// The response was sent, or will never be.
let onBodyReleased: MHD_ContentReaderFreeCallback = { context in
  if let context { Unmanaged<HTTPBodyWriter>.fromOpaque(context).release() }
}
