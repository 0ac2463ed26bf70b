/// The bounds of a server, each with the answer that crossing it gets.
package struct HTTPServerConfiguration: Sendable {
  /// A numeric IPv4 or IPv6 address; `*` is every address of both families.
  package var address = "*"
  /// 0 takes a free port; `HTTPServer.port` tells which.
  package var port: UInt16 = 0
  /// Connections that the kernel holds until the server accepts them.
  package var backlog = 1024

  /// A longer body gets 413.
  package var bodyBytesMax = 10 << 20
  /// A refused body up to this size is read and dropped, so that the client sees the answer;
  /// for a longer one the connection is closed at once.
  package var discardedBytesMax = 64 << 20
  /// A longer request line with header fields gets 431.
  package var headerBytesMax = 16 << 10
  /// A longer request target gets 414.
  package var targetBytesMax = 8 << 10
  /// Bodies of such lengths are compressed for clients that accept it; shorter ones gain nothing,
  /// longer ones would hold up the loop.
  package var compressedBytes = 1400...(4 << 20)
  /// Of a body that is written while it is sent, so much waits for the client; then its producer
  /// waits too.
  package var streamedBytesMax = 64 << 10
  /// Further connections wait in the backlog.
  package var connectionsMax = 4096
  /// Further connections of one address are closed; nil for no limit.
  package var connectionsPerAddressMax: Int?

  /// A connection on which nothing moves for so long is closed.
  package var idleTimeout = Duration.seconds(30)
  /// A request may take so long to arrive, then so long to be answered; the answer after that
  /// is 503. A producer that has begun an answer may be silent for so long.
  package var requestDeadline = Duration.seconds(60)

  package init() {}
}

/// Why a server could not start.
package enum HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Neither an IPv4 nor an IPv6 address.
  case addressInvalid(String)
  /// The system refuses the listening socket, for that reason.
  case notListening(address: String, port: UInt16, reason: String)
  /// libmicrohttpd did not start.
  case notStarted

  package var description: String {
    switch self {
    case .addressInvalid(let address):
      "'\(address)' is no numeric IPv4 or IPv6 address; '*' means all"
    case .notListening(let address, let port, let reason):
      "Cannot listen on \(address) port \(port): \(reason)"
    case .notStarted:
      "The HTTP server does not start: no memory or no file descriptors left"
    }
  }
}
