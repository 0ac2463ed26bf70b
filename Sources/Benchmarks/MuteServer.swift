import Glibc

/// Lets the kernel accept connections, and never reads what they bring.
enum MuteServer {
  static func run(port: UInt16) -> Never {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard withLoopback(port, { bind(socket, $0, $1) }) == 0, listen(socket, 4096) == 0 else {
      print("Port \(port) is not to be had")
      exit(1)
    }
    while true { pause() }
  }
}
