package import JSON
package import NGSILD
package import Postgres

/// `subscription.key`: a subscription's number in the database, never used again.
package typealias SubscriptionNumber = Int64

/// How many changes of subscriptions the database has seen.
package typealias SubscriptionVersion = Int64

/// A row of `subscription`, as it is written.
package struct NewSubscription: Sendable {
  package let tenant: TenantNumber
  package let id: String
  package let created: DateTime
  /// In stored form.
  package let document: [UInt8]
  /// The value of the `@context` of its notifications, as JSON; nil for the Core.
  package let context: [UInt8]?
  /// Whether it is notified periodically, for the first time at once.
  package let isPeriodic: Bool

  package init(
    tenant: TenantNumber, id: String, created: DateTime, document: [UInt8], context: [UInt8]?,
    isPeriodic: Bool = false
  ) {
    self.tenant = tenant
    self.id = id
    self.created = created
    self.document = document
    self.context = context
    self.isPeriodic = isPeriodic
  }
}

/// What a change of a subscription does to its periodic notifications.
package enum PeriodChange: Sendable {
  case stay
  /// The next one is due at once.
  case restart
  case end
}

/// A row of `subscription`, as it was read.
package struct StoredSubscription: Sendable {
  package let tenant: TenantNumber
  package let tenantName: String
  package let number: SubscriptionNumber
  package let version: SubscriptionVersion
  package let created: DateTime
  package let modified: DateTime
  package let document: JSONValue
  /// nil for the Core.
  package let context: JSONValue?
  /// Until when its notifications are kept as events, whatever its endpoint.
  package let streamedUntil: DateTime?
}

/// What `subscription_delivery` says.
package struct StoredDeliveryRecord: Sendable {
  package let timesSent: Int
  package let timesFailed: Int
  package let lastNotification: DateTime?
  package let lastSuccess: DateTime?
  package let lastFailure: DateTime?
}

/// Subscriptions in the database.
package struct SubscriptionStore {
  /// Every change is announced here; the payload is the version that it made.
  package static let channel = "kontext_subscription"

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: Changes

  /// Returns the version from which on caches know it.
  ///
  /// - Throws: `alreadyExists`.
  package func insert(
    _ new: NewSubscription
  ) async throws(NGSILDError) -> SubscriptionVersion {
    do throws(PostgresError) {
      return try await pool.query(Self.insert(new))[0][0].int64
    } catch  where error.isUniqueViolation {
      throw NGSILDError(.alreadyExists, "The Subscription '\(new.id)' exists already")
    } catch {
      throw NGSILDError(error)
    }
  }

  static func insert(_ new: NewSubscription) -> SQL {
    """
    WITH tick AS (
      UPDATE subscription_clock SET version = version + 1 RETURNING version
    ), new AS (
      INSERT INTO subscription (tenant, id, version, created, modified, document, context)
      SELECT \(new.tenant), \(new.id), version, \(new.created.timestamp),
        \(new.created.timestamp), \(new.document), \(new.context ?? Array("null".utf8))
      FROM tick
      RETURNING tenant, key, version
    ), record AS (
      INSERT INTO subscription_delivery (tenant, subscription) SELECT tenant, key FROM new
    ), period AS (
      INSERT INTO subscription_period (tenant, subscription, due)
      SELECT tenant, key, now() FROM new WHERE \(new.isPeriodic)
    )
    SELECT version, pg_notify(\(channel), version::text) FROM new
    """
  }

  /// Replaces a subscription as it was read; nil if it has changed or gone since.
  package func update(
    _ old: StoredSubscription, modified: DateTime, document: [UInt8], context: [UInt8]?,
    period: PeriodChange
  ) async throws(NGSILDError) -> SubscriptionVersion? {
    try await pool.rows(
      Self.update(old, modified: modified, document: document, context: context, period: period)
    ).first?[0].int64
  }

  static func update(
    _ old: StoredSubscription, modified: DateTime, document: [UInt8], context: [UInt8]?,
    period: PeriodChange
  ) -> SQL {
    """
    WITH tick AS (
      UPDATE subscription_clock SET version = version + 1
      WHERE EXISTS (
        SELECT FROM subscription
        WHERE tenant = \(old.tenant) AND key = \(old.number) AND version = \(old.version)
      )
      RETURNING version
    ), changed AS (
      UPDATE subscription AS s
      SET version = tick.version, modified = \(modified.timestamp), document = \(document),
        context = \(context ?? Array("null".utf8))
      FROM tick
      WHERE s.tenant = \(old.tenant) AND s.key = \(old.number) AND s.version = \(old.version)
      RETURNING s.version
    ), restarted AS (
      INSERT INTO subscription_period (tenant, subscription, due)
      SELECT \(old.tenant), \(old.number), now() FROM changed WHERE \(period == .restart)
      ON CONFLICT (tenant, subscription) DO UPDATE SET due = excluded.due
    ), ended AS (
      DELETE FROM subscription_period USING changed
      WHERE tenant = \(old.tenant) AND subscription = \(old.number) AND \(period == .end)
    )
    SELECT version, pg_notify(\(channel), version::text) FROM changed
    """
  }

  /// Keeps the notifications of a subscription as events too, for `term` from now on. Returns the
  /// version from which on caches know it; nil if it has gone.
  package func stream(
    _ subscription: SubscriptionNumber, tenant: TenantNumber, for term: Duration
  ) async throws(NGSILDError) -> SubscriptionVersion? {
    try await pool.rows(
      """
      WITH tick AS (
        UPDATE subscription_clock SET version = version + 1 RETURNING version
      ), changed AS (
        UPDATE subscription AS s
        SET version = tick.version,
          streamed_until = now() + \(term.milliseconds) * interval '1 millisecond'
        FROM tick
        WHERE s.tenant = \(tenant) AND s.key = \(subscription)
        RETURNING s.version
      )
      SELECT version, pg_notify(\(Self.channel), version::text) FROM changed
      """
    ).first?[0].int64
  }

  /// Removes a subscription with its counters and, as far as they are few, what it is owed; the
  /// rest goes when delivery comes upon it.
  ///
  /// Returns the version from which on caches have forgotten it.
  ///
  /// - Throws: `resourceNotFound`.
  package func delete(
    _ id: String, tenant: TenantNumber
  ) async throws(NGSILDError) -> SubscriptionVersion {
    let rows = try await pool.rows(Self.delete(id, tenant: tenant))
    guard let row = rows.first else {
      throw NGSILDError(.resourceNotFound, "The Subscription '\(id)' does not exist")
    }
    return row[0].int64
  }

  static func delete(_ id: String, tenant: TenantNumber) -> SQL {
    """
    WITH gone AS (
      DELETE FROM subscription WHERE tenant = \(tenant) AND id = \(id) RETURNING key
    ), tick AS (
      UPDATE subscription_clock SET version = version + 1
      WHERE EXISTS (SELECT FROM gone)
      RETURNING version
    ), told AS (
      INSERT INTO subscription_deleted (version, subscription)
      SELECT version, key FROM tick, gone
    ), record AS (
      DELETE FROM subscription_delivery AS d USING gone
      WHERE d.tenant = \(tenant) AND d.subscription = gone.key
    ), period AS (
      DELETE FROM subscription_period AS p USING gone
      WHERE p.tenant = \(tenant) AND p.subscription = gone.key
    ), throttled AS (
      DELETE FROM throttled_notification AS t USING gone
      WHERE t.tenant = \(tenant) AND t.subscription = gone.key
    ), stream AS (
      DELETE FROM event_stream AS s USING gone
      WHERE s.tenant = \(tenant) AND s.subscription = gone.key
    ), events AS (
      DELETE FROM event AS e USING gone
      WHERE e.tenant = \(tenant) AND e.subscription = gone.key
    ), dead AS (
      DELETE FROM dead_notification AS d USING gone
      WHERE d.tenant = \(tenant) AND d.subscription = gone.key
    ), owed AS (
      DELETE FROM notification AS n
      USING (
        SELECT n.tenant, n.id
        FROM gone, broker_process AS p
        JOIN LATERAL (
          SELECT n.tenant, n.id FROM notification AS n
          WHERE n.process = p.id AND n.subscription = gone.key
          LIMIT 1000
        ) AS n ON true
      ) AS old
      WHERE n.tenant = old.tenant AND n.id = old.id
    )
    SELECT version, pg_notify(\(channel), version::text) FROM tick
    """
  }

  /// Forgets deletions that every cache has heard of.
  package func pruneDeletions() async throws(PostgresError) {
    try await pool.query(
      "DELETE FROM subscription_deleted WHERE deleted < now() - interval '1 day'")
  }
}
