import Glibc

/// Lets the kernel accept connections, and never reads what they bring.
enum MuteServer {
  static func run(port: UInt16) -> Never {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0, listen(socket, 4096) == 0 else {
      print("Port \(port) is not to be had")
      exit(1)
    }
    while true { pause() }
  }
}
