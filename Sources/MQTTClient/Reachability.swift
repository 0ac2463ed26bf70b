import Glibc

/// Opens a TCP connection and closes it again; blocks, for `limit` at most.
///
/// Returns 0 if the address takes connections, or else the `errno` that says why not: `ETIMEDOUT`
/// where nothing has answered.
func connectionFault(_ address: String, port: UInt16, within limit: Duration) -> Int32 {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
  var found: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(address, String(port), &hints, &found) == 0, let target = found?.pointee else {
    return EADDRNOTAVAIL
  }
  defer { freeaddrinfo(found) }
  let type = target.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
  let descriptor = socket(target.ai_family, type, target.ai_protocol)
  guard descriptor >= 0 else { return errno }
  defer { close(descriptor) }
  if connect(descriptor, target.ai_addr, target.ai_addrlen) == 0 { return 0 }
  guard errno == EINPROGRESS else { return errno }
  return outcomeOfConnecting(descriptor, within: limit)
}

/// As above, of a socket that is connecting.
private func outcomeOfConnecting(_ descriptor: Int32, within limit: Duration) -> Int32 {
  let deadline = ContinuousClock.now + limit
  var awaited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  while true {
    let left = max(.zero, deadline - .now) / .milliseconds(1)
    switch poll(&awaited, 1, Int32(left.rounded(.up))) {
    case 0: return ETIMEDOUT
    case 1: return pendingError(of: descriptor)
    default: if errno != EINTR { return errno }
    }
  }
}

private func pendingError(of descriptor: Int32) -> Int32 {
  var error: Int32 = 0
  var length = socklen_t(MemoryLayout<Int32>.size)
  let status = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
  return status == 0 ? error : errno
}
