import JSON
package import NGSILD
package import Postgres

/// A part of the subscriptions of a tenant, in the order in which they were created.
package struct SubscriptionPage: Sendable {
  package let subscriptions: [(subscription: StoredSubscription, record: StoredDeliveryRecord)]
  /// Of all subscriptions of the tenant; nil where nobody asked.
  package let count: Int?
}

/// What happened to subscriptions after some version.
package struct SubscriptionChanges: Sendable {
  /// Created and changed ones, in the order of their versions.
  package let subscriptions: [StoredSubscription]
  package let deleted: [SubscriptionNumber]
  /// The version up to which these are all changes.
  package let version: SubscriptionVersion
  /// Whether later changes are known to exist.
  package let isPartial: Bool
}

extension SubscriptionStore {
  package func page(
    of tenant: TenantNumber, limit: Int, offset: Int, counts: Bool
  ) async throws(NGSILDError) -> SubscriptionPage {
    let rows = try await pool.rows(
      """
      SELECT \(Self.columns), \(Self.recordColumns)
      FROM subscription AS s
      JOIN tenant AS t ON t.id = s.tenant
      LEFT JOIN subscription_delivery AS d ON d.tenant = s.tenant AND d.subscription = s.key
      WHERE s.tenant = \(tenant) AND \(isShown)
      ORDER BY s.key
      LIMIT \(limit) OFFSET \(offset)
      """)
    let count =
      counts
      ? try await pool.rows(
        """
        SELECT count(*) FROM subscription AS s
        WHERE s.tenant = \(tenant) AND \(isShown)
        """)[0][0].int
      : nil
    return SubscriptionPage(
      subscriptions: rows.map { (StoredSubscription($0), StoredDeliveryRecord($0)) }, count: count)
  }

  /// Those of the subject, and, of those to registrations, also what the broker itself subscribes
  /// to for a subscription to Entities.
  private var isShown: SQL {
    isOfRegistrations ? "(s.of_registrations OR s.distributed)" : "NOT s.of_registrations"
  }

  /// - Throws: `resourceNotFound`.
  package func subscription(
    _ id: String, tenant: TenantNumber
  ) async throws(NGSILDError) -> (subscription: StoredSubscription, record: StoredDeliveryRecord) {
    try await subscription(
      id, tenant, where: "s.of_registrations = \(isOfRegistrations) AND s.id = \(id)")
  }

  /// The subscription to Entities for which the broker subscribes to registrations by itself.
  ///
  /// - Throws: `resourceNotFound`.
  package func subscription(
    ofInternal id: String, tenant: TenantNumber
  ) async throws(NGSILDError) -> (subscription: StoredSubscription, record: StoredDeliveryRecord) {
    let number = StoredSubscription.number(ofInternal: id) ?? 0
    return try await subscription(id, tenant, where: "s.distributed AND s.key = \(number)")
  }

  private func subscription(
    _ id: String, _ tenant: TenantNumber, where condition: SQL
  ) async throws(NGSILDError) -> (subscription: StoredSubscription, record: StoredDeliveryRecord) {
    let rows = try await pool.rows(
      """
      SELECT \(Self.columns), \(Self.recordColumns)
      FROM subscription AS s
      JOIN tenant AS t ON t.id = s.tenant
      LEFT JOIN subscription_delivery AS d ON d.tenant = s.tenant AND d.subscription = s.key
      WHERE s.tenant = \(tenant) AND \(condition)
      """)
    guard let row = rows.first else {
      throw NGSILDError(.resourceNotFound, "The Subscription '\(id)' does not exist")
    }
    return (StoredSubscription(row), StoredDeliveryRecord(row))
  }

  /// What changed after `version`, at most `limit` subscriptions of it; from 0 on, all there is.
  ///
  /// Deletions are read last, and a number is never used again, so applying subscriptions before
  /// deletions is right even while others write.
  package func changes(
    since version: SubscriptionVersion, limit: Int
  ) async throws(PostgresError) -> SubscriptionChanges {
    let answers = try await pool.flight([
      "SELECT version FROM subscription_clock",
      """
      SELECT \(Self.columns)
      FROM subscription AS s
      JOIN tenant AS t ON t.id = s.tenant
      WHERE s.version > \(version)
      ORDER BY s.version
      LIMIT \(limit)
      """,
      "SELECT subscription FROM subscription_deleted WHERE version > \(version)",
    ])
    let subscriptions = answers[1].map { StoredSubscription($0) }
    let isPartial = subscriptions.count == limit
    let clock = answers[0][0][0].int64
    return SubscriptionChanges(
      subscriptions: subscriptions, deleted: answers[2].map { $0[0].int64 },
      version: isPartial ? subscriptions[limit - 1].version : clock, isPartial: isPartial)
  }

  private static let columns: SQL =
    """
    s.tenant, t.name, s.key, s.version, s.created, s.modified, s.document, s.context,
      s.of_registrations, s.streamed_until, s.distributed, s.broker_url, s.via
    """

  private static let recordColumns: SQL =
    """
    coalesce(d.times_sent, 0), coalesce(d.times_failed, 0), d.last_notification, d.last_success,
      d.last_failure
    """
}

extension StoredSubscription {
  fileprivate init(_ row: Row) {
    tenant = TenantNumber(row[0].int)
    tenantName = row[1].string
    number = row[2].int64
    version = row[3].int64
    created = DateTime(microseconds: row[4].timestamp.microseconds)
    modified = DateTime(microseconds: row[5].timestamp.microseconds)
    document = JSONValue(storedDocument: row[6].bytes)
    let context = JSONValue(storedDocument: row[7].bytes)
    self.context = context.isNull ? nil : context
    subject = row[8].bool ? .registrations : .entities
    streamedUntil = row[9].present.map { DateTime(microseconds: $0.timestamp.microseconds) }
    distribution = SubscriptionDistribution(
      isWanted: row[10].bool, brokerURL: row[11].present?.string, via: row[12].string)
  }
}

/// What the broker itself subscribes to among registrations, so that a subscription to Entities
/// hears of sources, has no row: it follows from that subscription.
extension StoredSubscription {
  private static let internalPrefix = "urn:ngsi-ld:Subscription:registrations-of-"

  /// The id by which it is shown.
  package var internalID: String { "\(Self.internalPrefix)\(number)" }

  static func number(ofInternal id: String) -> SubscriptionNumber? {
    id.hasPrefix(internalPrefix) ? SubscriptionNumber(id.dropFirst(internalPrefix.count)) : nil
  }

  package static func isInternal(_ id: String) -> Bool { number(ofInternal: id) != nil }
}

extension StoredDeliveryRecord {
  fileprivate init(_ row: Row) {
    timesSent = row[13].int
    timesFailed = row[14].int
    let times = (15...17).map { row[$0].present.map { $0.timestamp.microseconds } }
    lastNotification = times[0].map { DateTime(microseconds: $0) }
    lastSuccess = times[1].map { DateTime(microseconds: $0) }
    lastFailure = times[2].map { DateTime(microseconds: $0) }
  }
}
