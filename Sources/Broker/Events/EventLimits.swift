/// The bounds of event streams.
package struct EventLimits: Sendable {
  /// For how long events are kept, and how many of each subscription.
  package var keptFor = Duration.seconds(3600)
  package var keptMax = 10_000
  /// Open streams of one loop.
  package var streamsMax = 3072
  /// Events of each subscription in memory, and their bytes; who is further behind reads the
  /// database.
  package var recentMax = 256
  package var recentBytesMax = 1 << 20
  /// Events that are read at once.
  package var pageMax = 100
  /// For so long a stream may be quiet, and half of it at least.
  package var quietMax = Duration.seconds(20)
  /// For how long the events of a subscription with another endpoint are kept after the last time
  /// that someone was found following them.
  package var term = Duration.seconds(24 * 3600)

  package init() {}
}
