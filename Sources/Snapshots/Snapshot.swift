package import JSON
package import NGSILD
package import NGSILDQuery
package import Subscriptions

/// A copy of what some queries found, kept for a while, and used as if it were all there is.
///
/// Standard: GS CIM 009, 4.3.7 and 5.2.41.
package struct Snapshot: Sendable {
  package let id: String
  /// As they were given, which is also how they are shown.
  package var queries: [JSONValue] = []
  /// Those for the temporal evolution of Entities.
  package var temporalQueries: [JSONValue] = []
  /// As long as the broker's limit allows; nil for what the broker thinks right.
  package var lifetime: Lifetime?
  package var priority = Self.priorityDefault
  /// Who is notified when it is ready, and when it changes; nil for nobody.
  package var endpoint: String?
  /// Header fields of notifications; they may hold secrets and are never logged.
  package var receiverInfo: [KeyValuePair] = []
  package var status = Status.preparing
  package var results = ExecutionResults()
  package let createdAt: DateTime
  package var modifiedAt: DateTime
  package var expiresAt: DateTime
  package var lastUsedAt: DateTime

  package enum Status: String, Sendable, CaseIterable {
    case preparing, success, partial, empty, failure
  }

  /// How long a client wants to keep it.
  package struct Lifetime: Sendable {
    package let text: String
    package let duration: CalendarDuration
  }

  static let priorityDefault = 5
  static let priorities = 1...10

  package init(id: String, createdAt: DateTime) {
    self.id = id
    self.createdAt = createdAt
    modifiedAt = createdAt
    expiresAt = createdAt
    lastUsedAt = createdAt
  }
}

/// How long Snapshots, and maps of Entities, are kept.
package struct LifetimeLimits: Sendable, Hashable {
  /// Of what says nothing of it.
  package var standard: Duration
  package var longest: Duration

  package init(standard: Duration, longest: Duration) {
    self.standard = standard
    self.longest = longest
  }

  /// When something expires that is given this lifetime at `now`.
  package func expiry(of lifetime: CalendarDuration?, from now: DateTime) -> DateTime {
    let latest = now.advanced(by: longest)
    guard let lifetime else { return min(now.advanced(by: standard), latest) }
    return min(now.advanced(by: lifetime, times: 1), latest)
  }
}

extension DateTime {
  package func advanced(by duration: Duration) -> DateTime {
    let (seconds, attoseconds) = duration.components
    return advanced(
      by: CalendarDuration(
        microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000), times: 1)
  }
}
