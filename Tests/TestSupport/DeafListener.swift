import Glibc
import Testing

/// Swallows requests to connect, as a host does whose firewall drops them: its queue is full.
package struct DeafListener: Sendable {
  package let port: UInt16
  /// The listening one, and the connections that nobody accepts.
  private let descriptors: [Int32]

  /// - Parameter address: one of the loopback interface.
  package init(on address: String, port: UInt16) throws {
    self.port = port
    let sockets = (0..<3).map { _ in
      socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    }
    descriptors = sockets
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = inet_addr(address)
    let isListening = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard bind(sockets[0], name, length) == 0, listen(sockets[0], 0) == 0 else { return false }
        for client in sockets.dropFirst() { _ = connect(client, name, length) }
        return true
      }
    }
    try #require(isListening)
  }

  package func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
}
