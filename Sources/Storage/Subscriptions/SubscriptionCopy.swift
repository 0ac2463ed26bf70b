import JSON
import NGSILD
import Postgres

/// The key of a row of `subscription_copy`.
package struct CopyReference: Sendable, Hashable {
  package let tenant: TenantNumber
  let key: Int64
}

/// A copy that a Context Source is to have.
package struct NewCopy: Sendable {
  package let id: String
  package let subscription: SubscriptionNumber
  package let registration: RegistrationNumber
  package let part: Int
  /// The registration, in stored form.
  package let source: [UInt8]
  /// In stored form.
  package let wanted: [UInt8]

  package init(
    id: String, subscription: SubscriptionNumber, registration: RegistrationNumber, part: Int,
    source: [UInt8], wanted: [UInt8]
  ) {
    self.id = id
    self.subscription = subscription
    self.registration = registration
    self.part = part
    self.source = source
    self.wanted = wanted
  }
}

/// A copy that a source has or is to have.
package struct PlannedCopy: Sendable {
  package let reference: CopyReference
  package let id: String
  package let subscription: SubscriptionNumber
  package let registration: RegistrationNumber
  package let part: Int
  package let source: [UInt8]
  package let wanted: [UInt8]

  static let columns: SQL = "tenant, key, id, subscription, registration, part, source, wanted"

  init(_ row: Row) {
    reference = CopyReference(tenant: TenantNumber(row[0].int), key: row[1].int64)
    id = row[2].string
    subscription = row[3].int64
    registration = row[4].int64
    part = row[5].int
    source = row[6].bytes
    wanted = row[7].bytes
  }
}

/// A copy about which something is to be done, by whoever has the lease.
package struct DueCopy: Sendable {
  package let reference: CopyReference
  package let tenantName: String
  package let id: String
  /// What the source calls it, if otherwise.
  package let givenID: String?
  package let subscription: SubscriptionNumber
  package let registration: RegistrationNumber
  package let source: [UInt8]
  /// nil: it is to go.
  package let wanted: [UInt8]?
  /// nil where the source has none, or what it has is not known.
  package let present: [UInt8]?
  /// Those that failed before.
  package let attempts: Int
  /// Since it is to be so.
  package let age: Duration
  let revision: Int64

  static let columns: SQL =
    """
    c.tenant, c.key, t.name, c.id, c.given_id, c.subscription, c.registration, c.source, c.wanted,
      c.present, c.attempts, (extract(epoch FROM now() - c.changed) * 1000)::bigint, c.revision
    """

  init(_ row: Row) {
    reference = CopyReference(tenant: TenantNumber(row[0].int), key: row[1].int64)
    tenantName = row[2].string
    id = row[3].string
    givenID = row[4].present?.string
    subscription = row[5].int64
    registration = row[6].int64
    source = row[7].bytes
    wanted = row[8].present?.bytes
    present = row[9].present?.bytes
    attempts = row[10].int
    age = .milliseconds(row[11].int)
    revision = row[12].int64
  }
}

/// A copy that a source notifies of.
package struct NotifyingCopy: Sendable {
  package let tenant: TenantNumber
  package let tenantName: String
  package let subscription: SubscriptionNumber
  package let registration: RegistrationNumber
  package let source: [UInt8]
  /// Whether it has not gone here yet.
  package let isWanted: Bool
}
