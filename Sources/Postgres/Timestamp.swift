/// An instant to the microsecond, as `timestamptz` keeps it.
///
/// The greatest and the least value are PostgreSQL's `infinity` and `-infinity`.
package struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01 00:00 UTC.
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package static let infinity = Timestamp(microseconds: .max)
  package static let minusInfinity = Timestamp(microseconds: .min)

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }
}

extension Timestamp {
  /// From 1970 to 2000, where PostgreSQL starts to count.
  private static let epoch: Int64 = 946_684_800_000_000

  /// - Parameter wire: microseconds since 2000-01-01 00:00 UTC.
  init(wire: Int64) {
    switch wire {
    case .max: self = .infinity
    case .min: self = .minusInfinity
    default: self.init(microseconds: wire + Self.epoch)
    }
  }

  /// Microseconds since 2000-01-01 00:00 UTC; what lies too far back is `-infinity`.
  var wire: Int64 {
    guard self != .infinity else { return .max }
    let (wire, isTooEarly) = microseconds.subtractingReportingOverflow(Self.epoch)
    return isTooEarly ? .min : wire
  }
}
