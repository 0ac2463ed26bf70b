import NGSILD
package import Postgres

/// `broker_process.id`: a process of the broker, from its start to its end.
package typealias ProcessNumber = Int64

/// A notification that a change owes to a subscription; written with the change.
package struct OwedNotification: Sendable {
  package let tenant: TenantNumber
  /// Ascending within a process, so that it orders what one process wrote.
  package let id: Int64
  package let subscription: SubscriptionNumber
  /// `entity.key`: order is kept per subscription and Entity.
  package let entity: Int64
  /// The process that wrote it and is the first to deliver it.
  package let process: ProcessNumber
  /// The request body, whole.
  package let body: [UInt8]
  /// Attempts that failed so far.
  package let attempts: Int
  package let since: ContinuousClock.Instant

  package init(
    tenant: TenantNumber, id: Int64, subscription: SubscriptionNumber, entity: Int64,
    process: ProcessNumber, body: [UInt8], attempts: Int = 0,
    since: ContinuousClock.Instant = .now
  ) {
    self.tenant = tenant
    self.id = id
    self.subscription = subscription
    self.entity = entity
    self.process = process
    self.body = body
    self.attempts = attempts
    self.since = since
  }
}

/// The key of an owed notification.
package struct NotificationReference: Sendable, Hashable {
  package let tenant: TenantNumber
  package let id: Int64

  package init(tenant: TenantNumber, id: Int64) {
    self.tenant = tenant
    self.id = id
  }
}

/// The outbox in the database.
package struct OutboxStore {
  package static let idsPerBlock: Int64 = 1000

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  static func insert(_ notifications: [OwedNotification]) -> [SQL] {
    guard !notifications.isEmpty else { return [] }
    return [
      """
      INSERT INTO notification (tenant, id, subscription, entity, process, created, body)
      SELECT tenant, id, subscription, entity, process, now(), body
      FROM unnest(
        \(notifications, each: { $0.tenant }), \(notifications, each: { $0.id }),
        \(notifications, each: { $0.subscription }), \(notifications, each: { $0.entity }),
        \(notifications, each: { $0.process }), \(notifications, each: { $0.body })
      ) AS new (tenant, id, subscription, entity, process, body)
      """
    ]
  }

  /// The first of `idsPerBlock` numbers that nobody else gets.
  package func reserveIDs() async throws(PostgresError) -> Int64 {
    try await pool.query("SELECT nextval('notification_id')")[0][0].int64
  }

  // MARK: Reading back

  /// The oldest notifications that `process` owes to a subscription, but for those that the caller
  /// has.
  package func owed(
    by process: ProcessNumber, to subscription: SubscriptionNumber, excluding known: [Int64],
    limit: Int
  ) async throws(PostgresError) -> [OwedNotification] {
    let rows = try await pool.query(
      """
      SELECT tenant, id, entity, attempts, body,
        (extract(epoch FROM now() - created) * 1000)::bigint
      FROM notification
      WHERE process = \(process) AND subscription = \(subscription) AND id <> ALL (\(known))
      ORDER BY id
      LIMIT \(limit)
      """)
    return rows.map { row in
      OwedNotification(
        tenant: TenantNumber(row[0].int), id: row[1].int64, subscription: subscription,
        entity: row[2].int64, process: process, body: row[4].bytes, attempts: row[3].int,
        since: .now - .milliseconds(row[5].int))
    }
  }

  /// The subscriptions to which `process` owes something, by one index look-up each.
  package func subscriptions(
    owedBy process: ProcessNumber
  ) async throws(PostgresError) -> [SubscriptionNumber] {
    let rows = try await pool.query(
      """
      WITH RECURSIVE step AS (
        SELECT min(subscription) AS subscription FROM notification WHERE process = \(process)
        UNION ALL
        SELECT (
          SELECT min(n.subscription) FROM notification AS n
          WHERE n.process = \(process) AND n.subscription > step.subscription
        )
        FROM step WHERE step.subscription IS NOT NULL
      )
      SELECT subscription FROM step WHERE subscription IS NOT NULL
      """)
    return rows.map { $0[0].int64 }
  }

  /// Notifications that wait, and how long the oldest has.
  package func depth() async throws(PostgresError) -> (count: Int, age: Duration, dead: Int) {
    let row = try await pool.query(
      """
      SELECT count(*), coalesce((extract(epoch FROM now() - min(created)) * 1000)::bigint, 0),
        (SELECT count(*) FROM dead_notification)
      FROM notification
      """)[0]
    return (row[0].int, .milliseconds(row[1].int), row[2].int)
  }
}
