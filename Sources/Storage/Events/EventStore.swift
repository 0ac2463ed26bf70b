package import Postgres

/// A notification in the stream of its subscription.
package struct StreamedEvent: Sendable {
  /// From 1 on, without gaps, in the order of commits.
  package let number: Int64
  /// The body of the notification.
  package let body: [UInt8]
}

/// Notifications of subscriptions that are streamed, kept for a while.
package struct EventStore {
  /// NOTIFY here tells of new events; the payload is the subscription.
  package static let channel = "kontext_event"

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: Writing

  /// Adds notifications, in their order, within the transaction of what they tell of.
  ///
  /// The row of a stream stays locked until the commit, so that numbers ascend with commits; rows
  /// are locked in one order, so that two writers do not wait for each other.
  static func insert(_ due: [DueNotification]) -> SQL {
    """
    WITH new AS (
      SELECT tenant, subscription, body, count(*) OVER stream AS count,
        row_number() OVER (PARTITION BY tenant, subscription ORDER BY place) AS place
      FROM unnest(
        \(due.map(\.tenant)), \(due.map(\.subscription)), \(due.map(\.body))
      ) WITH ORDINALITY AS new (tenant, subscription, body, place)
      WINDOW stream AS (PARTITION BY tenant, subscription)
    ), counted AS (
      INSERT INTO event_stream AS s (tenant, subscription, last)
      SELECT tenant, subscription, count(*) FROM new
      GROUP BY tenant, subscription
      ORDER BY tenant, subscription
      ON CONFLICT (tenant, subscription) DO UPDATE SET last = s.last + excluded.last
      RETURNING tenant, subscription, last
    ), written AS (
      INSERT INTO event (tenant, subscription, number, body)
      SELECT tenant, subscription, counted.last - new.count + new.place, new.body
      FROM new JOIN counted USING (tenant, subscription)
    )
    SELECT pg_notify(\(channel), subscription::text) FROM counted
    """
  }

  // MARK: Reading

  /// The number of the newest event, 0 before the first.
  package func last(
    of subscription: SubscriptionNumber, tenant: TenantNumber
  ) async throws(PostgresError) -> Int64 {
    let rows = try await pool.query(
      """
      SELECT last FROM event_stream
      WHERE tenant = \(tenant) AND subscription = \(subscription)
      """)
    return rows.first?[0].int64 ?? 0
  }

  /// The events that are kept after one, the oldest first.
  package func events(
    of subscription: SubscriptionNumber, tenant: TenantNumber, after number: Int64, limit: Int
  ) async throws(PostgresError) -> [StreamedEvent] {
    try await pool.query(
      """
      SELECT number, body FROM event
      WHERE tenant = \(tenant) AND subscription = \(subscription) AND number > \(number)
      ORDER BY number
      LIMIT \(limit)
      """
    ).map { StreamedEvent(number: $0[0].int64, body: $0[1].bytes) }
  }

  // MARK: Bounds

  /// Removes events that are older than `age`, those of each subscription but for the newest, and
  /// what writers under way have left of deleted subscriptions.
  package func prune(
    olderThan age: Duration, keeping kept: Int
  ) async throws(PostgresError) {
    try await pool.query(
      "DELETE FROM event WHERE created < now() - \(age.milliseconds) * interval '1 millisecond'")
    try await pool.query(
      """
      DELETE FROM event AS e USING event_stream AS s
      WHERE e.tenant = s.tenant AND e.subscription = s.subscription
        AND e.number <= s.last - \(kept)
      """)
    try await pool.query(
      """
      DELETE FROM event_stream AS s
      WHERE NOT EXISTS (
        SELECT FROM subscription AS t WHERE t.tenant = s.tenant AND t.key = s.subscription
      )
      """)
  }
}
