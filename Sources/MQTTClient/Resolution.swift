import Glibc

/// Runs `work`, which may block, on a thread of its own; false if there is none left.
func inThread(_ work: @escaping @Sendable () -> Void) -> Bool {
  final class Work {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var thread = pthread_t()
  let context = Unmanaged.passRetained(Work(work))
  let status = pthread_create(
    &thread, nil,
    { context in
      if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
      return nil
    }, context.toOpaque())
  guard status == 0 else {
    context.release()
    return false
  }
  pthread_detach(thread)
  return true
}

/// The addresses that a host name stands for, as text; blocks. Empty if there is none.
func numericAddresses(of host: String) -> [String] {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  var list: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
  defer { freeaddrinfo(list) }
  var addresses: [String] = []
  var next = list
  while let entry = next {
    if let address = numericText(entry.pointee.ai_addr, entry.pointee.ai_addrlen) {
      addresses.append(address)
    }
    next = entry.pointee.ai_next
  }
  return addresses
}

/// To which a socket is connected; nil if it is not, or not yet.
func peerAddress(of socket: Int32) -> String? {
  var storage = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  return withUnsafeMutablePointer(to: &storage) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      guard getpeername(socket, address, &length) == 0 else { return nil }
      return numericText(address, length)
    }
  }
}

private func numericText(_ address: UnsafePointer<sockaddr>?, _ length: socklen_t) -> String? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
    guard let text = buffer.baseAddress,
      getnameinfo(address, length, text, socklen_t(NI_MAXHOST), nil, 0, NI_NUMERICHOST) == 0
    else { return nil }
    return String(cString: text)
  }
}
