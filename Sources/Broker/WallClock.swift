import Glibc

/// The time of day.
package enum WallClock {
  /// Since 1970-01-01 00:00 UTC.
  package static var sinceEpoch: Duration {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
