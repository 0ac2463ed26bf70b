package import Registrations

/// Until when Context Sources that failed are left alone.
///
/// Standard: `management.cooldown` (GS CIM 009, 5.2.34).
package struct SourceCooldowns: Sendable {
  private var ends: [RegistrationKey: ContinuousClock.Instant] = [:]

  package init() {}

  package func isCooling(_ registration: RegistrationKey, at now: ContinuousClock.Instant) -> Bool {
    ends[registration].map { now < $0 } ?? false
  }

  package mutating func failed(
    _ registration: RegistrationKey, cooldown: Duration, at now: ContinuousClock.Instant
  ) {
    if ends.count >= Self.countMax { ends = ends.filter { $0.value > now } }
    ends[registration] = now + cooldown
  }

  package mutating func succeeded(_ registration: RegistrationKey) { ends[registration] = nil }

  /// Ends that have passed are forgotten once there are so many.
  private static let countMax = 1000
}
