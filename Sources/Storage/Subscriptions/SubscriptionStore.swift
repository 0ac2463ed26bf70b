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
  /// How long it is until the first periodic notification; nil for one that has none.
  package let firstPeriod: Duration?
  package let distribution: SubscriptionDistribution

  package init(
    tenant: TenantNumber, id: String, created: DateTime, document: [UInt8], context: [UInt8]?,
    firstPeriod: Duration? = nil, distribution: SubscriptionDistribution
  ) {
    self.tenant = tenant
    self.id = id
    self.created = created
    self.document = document
    self.context = context
    self.firstPeriod = firstPeriod
    self.distribution = distribution
  }
}

/// What of a subscription concerns Context Sources.
package struct SubscriptionDistribution: Sendable {
  /// Whether it is to hear of what they have.
  package var isWanted: Bool
  /// How sources reach this broker; nil where nobody knows.
  package let brokerURL: String?
  /// The fields of the request by which it was made, joined by commas.
  package let via: String

  package init(isWanted: Bool, brokerURL: String?, via: String = "") {
    self.isWanted = isWanted
    self.brokerURL = brokerURL
    self.via = via
  }
}

/// What a change of a subscription does to its periodic notifications.
package enum PeriodChange: Sendable {
  case stay
  case restart(after: Duration)
  case end

  fileprivate var restart: Duration? { if case .restart(let wait) = self { wait } else { nil } }
  fileprivate var isEnd: Bool { if case .end = self { true } else { false } }
}

/// A row of `subscription`, as it was read.
package struct StoredSubscription: Sendable {
  package let tenant: TenantNumber
  package let tenantName: String
  package let subject: SubscriptionSubject
  package let number: SubscriptionNumber
  package let version: SubscriptionVersion
  package let created: DateTime
  package let modified: DateTime
  package let document: JSONValue
  /// nil for the Core.
  package let context: JSONValue?
  /// Until when its notifications are kept as events, whatever its endpoint.
  package let streamedUntil: DateTime?
  package let distribution: SubscriptionDistribution
}

/// What `subscription_delivery` says.
package struct StoredDeliveryRecord: Sendable {
  package let timesSent: Int
  package let timesFailed: Int
  package let lastNotification: DateTime?
  package let lastSuccess: DateTime?
  package let lastFailure: DateTime?
}

/// Subscriptions in the database; ids are told apart by what the subscriptions are to.
package struct SubscriptionStore {
  /// Every change is announced here; the payload is the version that it made.
  package static let channel = "kontext_subscription"

  let pool: Pool
  let subject: SubscriptionSubject

  package init(pool: Pool, of subject: SubscriptionSubject = .entities) {
    self.pool = pool
    self.subject = subject
  }

  /// The same database, for subscriptions to something else.
  package func of(_ subject: SubscriptionSubject) -> SubscriptionStore {
    SubscriptionStore(pool: pool, of: subject)
  }

  var isOfRegistrations: Bool { subject == .registrations }

  // MARK: Changes

  /// Returns the version from which on caches know it.
  ///
  /// - Throws: `alreadyExists`.
  package func insert(
    _ new: NewSubscription
  ) async throws(NGSILDError) -> SubscriptionVersion {
    do throws(PostgresError) {
      return try await pool.query(insert(new))[0][0].int64
    } catch  where error.isUniqueViolation {
      throw NGSILDError(.alreadyExists, "The Subscription '\(new.id)' exists already")
    } catch {
      throw NGSILDError(error)
    }
  }

  func insert(_ new: NewSubscription) -> SQL {
    let wait = new.firstPeriod?.milliseconds
    return """
      WITH tick AS (
        UPDATE subscription_clock SET version = version + 1 RETURNING version
      ), new AS (
        INSERT INTO subscription
          (tenant, of_registrations, id, version, created, modified, document, context,
            distributed, broker_url, via)
        SELECT \(new.tenant), \(isOfRegistrations), \(new.id), version,
          \(new.created.timestamp), \(new.created.timestamp), \(new.document),
          \(new.context ?? Array("null".utf8)), \(new.distribution.isWanted),
          \(new.distribution.brokerURL as String?), \(new.distribution.via)
        FROM tick
        RETURNING tenant, key, version
      ), record AS (
        INSERT INTO subscription_delivery (tenant, subscription) SELECT tenant, key FROM new
      ), period AS (
        INSERT INTO subscription_period (tenant, subscription, due)
        SELECT tenant, key, now() + \(wait ?? 0) * interval '1 millisecond'
        FROM new WHERE \(wait != nil)
      )
      SELECT version, pg_notify(\(Self.channel), version::text) FROM new
      """
  }

  /// Replaces a subscription as it was read; nil if it has changed or gone since.
  ///
  /// - Parameters:
  ///   - endsQuiet: whether what throttling holds back may be told before the time set for it.
  ///   - distribution: its `brokerURL` counts where none was known.
  package func update(
    _ old: StoredSubscription, modified: DateTime, document: [UInt8], context: [UInt8]?,
    period: PeriodChange, endsQuiet: Bool = false, distribution: SubscriptionDistribution
  ) async throws(NGSILDError) -> SubscriptionVersion? {
    try await pool.rows(
      Self.update(
        old, modified: modified, document: document, context: context, period: period,
        endsQuiet: endsQuiet, distribution: distribution)
    ).first?[0].int64
  }

  static func update(
    _ old: StoredSubscription, modified: DateTime, document: [UInt8], context: [UInt8]?,
    period: PeriodChange, endsQuiet: Bool, distribution: SubscriptionDistribution
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
        context = \(context ?? Array("null".utf8)), distributed = \(distribution.isWanted),
        broker_url = coalesce(s.broker_url, \(distribution.brokerURL as String?))
      FROM tick
      WHERE s.tenant = \(old.tenant) AND s.key = \(old.number) AND s.version = \(old.version)
      RETURNING s.version
    ), restarted AS (
      INSERT INTO subscription_period (tenant, subscription, due)
      SELECT \(old.tenant), \(old.number),
        now() + \(period.restart?.milliseconds ?? 0) * interval '1 millisecond'
      FROM changed WHERE \(period.restart != nil)
      ON CONFLICT (tenant, subscription) DO UPDATE SET due = excluded.due, lease = NULL
    ), ended AS (
      DELETE FROM subscription_period USING changed
      WHERE tenant = \(old.tenant) AND subscription = \(old.number) AND \(period.isEnd)
    ), quiet AS (
      UPDATE subscription_delivery SET quiet_until = NULL FROM changed
      WHERE tenant = \(old.tenant) AND subscription = \(old.number) AND \(endsQuiet)
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
    let rows = try await pool.rows(delete(id, tenant: tenant))
    guard let row = rows.first else {
      throw NGSILDError(.resourceNotFound, "The Subscription '\(id)' does not exist")
    }
    return row[0].int64
  }

  func delete(_ id: String, tenant: TenantNumber) -> SQL {
    """
    WITH gone AS (
      DELETE FROM subscription
      WHERE tenant = \(tenant) AND of_registrations = \(isOfRegistrations) AND id = \(id)
      RETURNING key
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
    SELECT version, pg_notify(\(Self.channel), version::text) FROM tick
    """
  }

  /// Forgets deletions that every cache has heard of.
  package func pruneDeletions() async throws(PostgresError) {
    try await pool.query(
      "DELETE FROM subscription_deleted WHERE deleted < now() - interval '1 day'")
  }
}
