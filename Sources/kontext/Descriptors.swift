import Glibc

/// File descriptors, of which each connection and each event stream takes one.
enum Descriptors {
  /// Lets the process have as many as it may, which is often far more than it has at first; returns
  /// whether it does.
  static func raiseLimit() -> Bool {
    let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(descriptors, &limit) == 0 else { return false }
    limit.rlim_cur = limit.rlim_max
    return setrlimit(descriptors, &limit) == 0
  }
}
