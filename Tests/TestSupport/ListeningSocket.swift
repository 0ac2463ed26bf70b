import Glibc
import Testing

/// A TCP socket that listens on loopback, for peers that a test writes byte by byte, or that never
/// say a word.
package struct ListeningSocket: Sendable {
  package let descriptor: Int32
  package let port: UInt16

  /// - Parameters:
  ///   - port: 0 for any free one.
  ///   - backlog: connections that the system accepts before `accepted` does.
  package init(port: UInt16 = 0, at host: String = "127.0.0.1", backlog: Int32 = 64) throws {
    let socket = tcpSocket(SOCK_NONBLOCK)
    descriptor = socket
    var isReused: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    try #require(
      withLoopback(port, at: host) { bind(socket, $0, $1) | listen(socket, backlog) } == 0)
    self.port = TestSupport.port(of: socket)
  }

  /// The next connection, whose operations do not block; nil if there is none.
  package func accepted() -> Int32? {
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
    return connection
  }

  package func close() { Glibc.close(descriptor) }
}

/// Swallows requests to connect, as a host does whose firewall drops them: its queue is full.
package struct DeafListener: Sendable {
  package let listener: ListeningSocket
  /// That nobody accepts.
  private let connections: [Int32]

  package var port: UInt16 { listener.port }

  package init(port: UInt16 = 0, at host: String = "127.0.0.1") throws {
    let listener = try ListeningSocket(port: port, at: host, backlog: 0)
    self.listener = listener
    connections = (0..<2).map { _ in
      let connection = tcpSocket(SOCK_NONBLOCK)
      _ = withLoopback(listener.port, at: host) { connect(connection, $0, $1) }
      return connection
    }
  }

  package func close() {
    listener.close()
    for connection in connections { Glibc.close(connection) }
  }
}

/// Closes a connection so that its peer sees `connection reset`.
package func reset(_ connection: Int32) {
  var linger = linger(l_onoff: 1, l_linger: 0)
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  Glibc.close(connection)
}
