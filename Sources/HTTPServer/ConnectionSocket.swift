import CMicroHTTPD
import Glibc

/// The socket of a connection, past libmicrohttpd.
struct ConnectionSocket {
  let connection: OpaquePointer

  private var descriptor: Int32 { cmicrohttpd_socket(connection) }

  /// Whether the client has closed or reset its side, with nothing left to read.
  ///
  /// libmicrohttpd does not notice an end that arrives together with the last bytes: it reads those
  /// and waits for another edge of the edge-triggered event.
  var hasPeerLeft: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
    return count == 0 || count < 0 && errno == ECONNRESET
  }

  /// Sends the connection's last bytes; what libmicrohttpd sends after them fails.
  func end(with bytes: [UInt8]) {
    let descriptor = descriptor
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    shutdown(descriptor, Int32(SHUT_WR))
    drop()
  }

  /// Lets libmicrohttpd see the end of the connection.
  func breakOff() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Reads what has come, since a connection closed over unread bytes is reset, and the client may
  /// lose the answer.
  private func drop() {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      for _ in 0..<16 {
        guard recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) > 0 else {
          return
        }
      }
    }
  }
}
