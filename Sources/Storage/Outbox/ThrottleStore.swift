package import Postgres

/// Changes that wait until throttling allows to tell of them.
///
/// Choice: what comes within the time is not dropped; it is told of in one notification at its end,
/// with the last state of each Entity.
///
/// Standard: `throttling` (GS CIM 009, 5.2.12 and 5.8.6).
package struct ThrottleStore {
  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// Entities that one notification tells of at most; more wait for the next one.
  private static let entitiesMax = 1000
  /// Between looks at whether what goes before has been delivered.
  private static let waitMin = Duration.milliseconds(100)

  /// Puts aside notifications of single changes, each in place of an earlier one of its Entity.
  static func hold(_ due: [DueNotification]) -> SQL {
    // In one order, so that two writers do not wait for each other.
    let due = due.sorted { ($0.subscription, $0.entity) < ($1.subscription, $1.entity) }
    return """
      INSERT INTO throttled_notification (tenant, subscription, entity, body)
      SELECT * FROM unnest(
        \(due.map(\.tenant)), \(due.map(\.subscription)), \(due.map(\.entity)),
        \(due.map(\.body)))
      ON CONFLICT (tenant, subscription, entity) DO UPDATE
      SET id = excluded.id, body = excluded.body
      """
  }

  /// Removes what was put aside while there was throttling, where a later change of the same Entity
  /// is told at once; to be run in a statement of its own before those are written, so that they
  /// queue behind what is just being released.
  static func supersede(by prompt: [DueNotification]) -> SQL {
    """
    DELETE FROM throttled_notification
    WHERE ctid = ANY (ARRAY(
      SELECT found.ctid
      FROM unnest(
        \(prompt.map(\.tenant)), \(prompt.map(\.subscription)), \(prompt.map(\.entity))
      ) AS new (tenant, subscription, entity)
      CROSS JOIN LATERAL (
        SELECT t.ctid FROM throttled_notification AS t
        WHERE t.tenant = new.tenant AND t.subscription = new.subscription
          AND t.entity = new.entity
        LIMIT 1
      ) AS found
    ))
    """
  }

  package enum Release: Sendable {
    case owed([OwedNotification])
    /// Not before so long.
    case wait(Duration)
    case nothing
  }

  /// Makes one notification of what waits, if it may be sent now.
  ///
  /// Choice: nor may it while one before it is still owed; an endpoint that was away then gets what
  /// has come together since.
  ///
  /// - Parameters:
  ///   - throttling: the time between two notifications; nil for a subscription that has none any
  ///     more: each change goes before the later ones of its Entity then, in their lane.
  ///   - join: makes one body of those that were put aside, which are in the order of changes.
  package func release(
    _ subscription: SubscriptionNumber, of tenant: TenantNumber, throttling: Duration?,
    to channels: DueNotification.Channels, by process: ProcessNumber,
    join: ([[UInt8]]) -> [UInt8]
  ) async throws(PostgresError) -> Release {
    try await pool.withConnection { connection throws(PostgresError) in
      if let wait = try await Self.begin(subscription, of: tenant, throttling, on: connection) {
        try await connection.rollback()
        return .wait(wait)
      }
      let rows = try await connection.query(Self.waiting(subscription, of: tenant))
      guard rows.count > 0 else {
        try await connection.rollback()
        return .nothing
      }
      let bodies =
        throttling == nil
        ? rows.map { ($0[0].int64, $0[1].bytes) }
        : [(DueNotification.severalEntities, join(rows.map { $0[1].bytes }))]
      let due = bodies.map { entity, body in
        DueNotification(
          tenant: tenant, subscription: subscription, entity: entity, body: body,
          channels: channels)
      }
      let results = try await connection.flight(
        [
          Self.remove(rows.map { $0[0].int64 }, subscription, of: tenant),
          Self.quiet(subscription, of: tenant, for: throttling ?? .zero),
        ] + OutboxStore.write(due, by: process) + ["COMMIT"])
      return .owed(OutboxStore.owed(due, results[results.count - 2]))
    }
  }

  /// Begins a transaction that locks the subscription's record; returns how long is still to wait.
  private static func begin(
    _ subscription: SubscriptionNumber, of tenant: TenantNumber, _ throttling: Duration?,
    on connection: Connection
  ) async throws(PostgresError) -> Duration? {
    let rows = try await connection.flight([
      "BEGIN",
      """
      SELECT ceil(extract(epoch FROM greatest(
          d.quiet_until,
          d.last_notification + \(throttling?.milliseconds ?? 0) * interval '1 millisecond'
        ) - now()) * 1000)::bigint,
        EXISTS (
          SELECT FROM notification AS n
          WHERE n.tenant = d.tenant AND n.subscription = d.subscription
            AND (\(throttling != nil) OR n.entity = \(DueNotification.severalEntities))
        )
      FROM subscription_delivery AS d
      WHERE d.tenant = \(tenant) AND d.subscription = \(subscription)
      FOR UPDATE
      """,
    ])[1]
    guard let row = rows.first else { return nil }
    let wait = row[0].present?.int ?? 0
    if wait > 0 { return .milliseconds(wait) }
    return row[1].bool ? max(throttling ?? .zero, waitMin) : nil
  }

  /// What another transaction is just putting aside is left for the next notification.
  private static func waiting(_ subscription: SubscriptionNumber, of tenant: TenantNumber) -> SQL {
    """
    SELECT entity, body FROM throttled_notification
    WHERE tenant = \(tenant) AND subscription = \(subscription)
    ORDER BY id
    LIMIT \(entitiesMax)
    FOR UPDATE SKIP LOCKED
    """
  }

  private static func remove(
    _ entities: [Int64], _ subscription: SubscriptionNumber, of tenant: TenantNumber
  ) -> SQL {
    """
    DELETE FROM throttled_notification
    WHERE tenant = \(tenant) AND subscription = \(subscription) AND entity = ANY (\(entities))
    """
  }

  private static func quiet(
    _ subscription: SubscriptionNumber, of tenant: TenantNumber, for throttling: Duration
  ) -> SQL {
    """
    UPDATE subscription_delivery
    SET quiet_until = now() + \(throttling.milliseconds) * interval '1 millisecond'
    WHERE tenant = \(tenant) AND subscription = \(subscription)
    """
  }

  /// Removes what waits for a subscription that is not to be told of it, unless the subscription
  /// has been changed since: another process may have come to know that it is to be told.
  ///
  /// - Parameter version: up to which the caller knows that; 0 for a subscription that is no more.
  package func forget(
    _ subscription: SubscriptionNumber, of tenant: TenantNumber,
    knownUpTo version: SubscriptionVersion
  ) async throws(PostgresError) {
    try await pool.query(
      """
      DELETE FROM throttled_notification
      WHERE tenant = \(tenant) AND subscription = \(subscription)
        AND NOT EXISTS (
          SELECT FROM subscription AS s
          WHERE s.tenant = \(tenant) AND s.key = \(subscription) AND s.version > \(version)
        )
      """)
  }

  /// The subscriptions for which something waits although it could be told.
  package func overdue() async throws(PostgresError)
    -> [(tenant: TenantNumber, subscription: SubscriptionNumber)]
  {
    try await pool.query(
      """
      SELECT DISTINCT t.tenant, t.subscription
      FROM throttled_notification AS t
      LEFT JOIN subscription_delivery AS d USING (tenant, subscription)
      WHERE coalesce(d.quiet_until, '-infinity') <= now()
      """
    ).map { (TenantNumber($0[0].int), $0[1].int64) }
  }
}
