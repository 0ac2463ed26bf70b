package import Glibc

/// Calls `body` with an address of the loopback interface as the system takes it.
package func withLoopback(
  _ port: UInt16, at host: String = "127.0.0.1",
  _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = inet_addr(host)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}

/// A TCP socket that no child process inherits; `flags` as `socket` takes them.
package func tcpSocket(_ flags: __socket_type...) -> Int32 {
  let type = flags.reduce(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) { $0 | $1.rawValue }
  return socket(AF_INET, Int32(type), 0)
}

/// A connection; nil if nobody listens.
///
/// - Parameter limit: seconds after which reading gives up.
package func connected(to port: UInt16, limit: Int = 10) -> Int32? {
  let descriptor = tcpSocket()
  var limit = timeval(tv_sec: limit, tv_usec: 0)
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  guard withLoopback(port, { connect(descriptor, $0, $1) }) == 0 else {
    close(descriptor)
    return nil
  }
  return descriptor
}

/// The port that a socket is bound to.
package func port(of descriptor: Int32) -> UInt16 {
  var address = sockaddr_in()
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = getsockname(descriptor, $0, &length)
    }
  }
  return UInt16(bigEndian: address.sin_port)
}

/// A port that nobody listens on.
package func freePort() throws -> UInt16 {
  let descriptor = tcpSocket()
  defer { close(descriptor) }
  guard withLoopback(0, { bind(descriptor, $0, $1) }) == 0 else {
    throw ChildProcess.Failure(description: "No port is free")
  }
  return port(of: descriptor)
}
