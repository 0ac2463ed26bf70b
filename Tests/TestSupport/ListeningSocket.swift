import Glibc
import Testing

/// A TCP socket that listens on loopback, for peers that a test writes byte by byte.
package struct ListeningSocket: Sendable {
  package let descriptor: Int32
  package let port: UInt16

  /// - Parameter port: 0 for any free one.
  package init(port: UInt16 = 0) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var isReused: Int32 = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    self.port = try #require(Self.listen(descriptor, &address))
  }

  private static func listen(_ descriptor: Int32, _ address: inout sockaddr_in) -> UInt16? {
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 64) == 0
          && getsockname(descriptor, address, &length) == 0
      }
    }
    return isListening ? UInt16(bigEndian: address.sin_port) : nil
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

/// Closes a connection so that its peer sees `connection reset`.
package func reset(_ connection: Int32) {
  var linger = linger(l_onoff: 1, l_linger: 0)
  setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  Glibc.close(connection)
}
