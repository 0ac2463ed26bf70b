package import NGSILD
package import Postgres

/// A notification that was not delivered yet, as operators see it.
package struct DeliveryRow: Sendable {
  package let id: Int64
  /// nil for a notification of several Entities.
  package let entity: String?
  package let created: DateTime
  package let attempts: Int
  /// nil unless it has failed and is to be tried again.
  package let nextAttempt: DateTime?
  package let lastError: String?
  /// When it became a dead letter; nil for one that waits.
  package let died: DateTime?
}

/// What operators see of the outbox and do with it.
package struct DeliveryStore {
  /// NOTIFY here tells a process to try a notification at once.
  package static let channel = "kontext_retry"

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: Reading

  /// What a subscription is owed, dead letters included, the oldest first.
  ///
  /// - Parameter entity: only notifications of this one; nil for all.
  package func page(
    of subscription: SubscriptionNumber, tenant: TenantNumber, entity: String? = nil, limit: Int,
    offset: Int = 0
  ) async throws(NGSILDError) -> [DeliveryRow] {
    let only: SQL = if let entity { "WHERE e.id = \(entity)" } else { "" }
    return try await pool.rows(
      """
      SELECT d.id, e.id, d.created, d.attempts, d.next_attempt, d.last_error, d.died
      FROM (\(Self.all(of: subscription, tenant))) AS d
      LEFT JOIN entity AS e ON e.tenant = \(tenant) AND e.key = d.entity
      \(only)
      ORDER BY d.id
      LIMIT \(limit) OFFSET \(offset)
      """
    ).map { DeliveryRow($0) }
  }

  package func count(
    of subscription: SubscriptionNumber, tenant: TenantNumber
  ) async throws(NGSILDError) -> Int {
    try await pool.rows("SELECT count(*) FROM (\(Self.all(of: subscription, tenant))) AS d")[0][0]
      .int
  }

  private static func all(of subscription: SubscriptionNumber, _ tenant: TenantNumber) -> SQL {
    """
    SELECT id, entity, created, attempts, next_attempt, last_error, NULL::timestamptz AS died
    FROM notification
    WHERE tenant = \(tenant) AND subscription = \(subscription)
    UNION ALL
    SELECT id, entity, created, attempts, NULL, last_error, died
    FROM dead_notification
    WHERE tenant = \(tenant) AND subscription = \(subscription)
    """
  }

  /// Whether throttling holds back the last change of an Entity.
  package func isThrottled(
    _ entity: Int64, for subscription: SubscriptionNumber, tenant: TenantNumber
  ) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      """
      SELECT FROM throttled_notification
      WHERE tenant = \(tenant) AND subscription = \(subscription) AND entity = \(entity)
      """
    ).count > 0
  }

  // MARK: Trying again

  /// Has a notification tried at once: a dead letter is owed again, in its old place and with a
  /// whole term before it. Returns whether there is one of this id.
  ///
  /// - Parameter process: the one that delivers it if no other one owes what comes after it.
  package func retry(
    _ id: Int64, of subscription: SubscriptionNumber, tenant: TenantNumber,
    by process: ProcessNumber
  ) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      """
      WITH revived AS (
        DELETE FROM dead_notification
        WHERE tenant = \(tenant) AND subscription = \(subscription) AND id = \(id)
        RETURNING *
      ), written AS (
        INSERT INTO notification
          (tenant, subscription, entity, id, process, created, attempts, last_error, body, headers)
        SELECT r.tenant, r.subscription, r.entity, r.id, coalesce(last.process, \(process)), now(),
          r.attempts, r.last_error, r.body, r.headers
        FROM revived AS r
        LEFT JOIN LATERAL (
          SELECT n.process FROM notification AS n
          WHERE n.tenant = r.tenant AND n.subscription = r.subscription AND n.entity = r.entity
          ORDER BY n.id DESC
          LIMIT 1
        ) AS last ON true
        RETURNING process
      ), waiting AS (
        UPDATE notification SET next_attempt = NULL
        WHERE tenant = \(tenant) AND subscription = \(subscription) AND id = \(id)
        RETURNING process
      )
      SELECT pg_notify(\(Self.channel), process || ' ' || \(subscription) || ' ' || \(id))
      FROM (SELECT process FROM written UNION ALL SELECT process FROM waiting) AS owner
      """
    ).count > 0
  }

  /// The process, the subscription and the notification that a NOTIFY on `channel` names.
  package static func told(
    _ payload: String
  ) -> (process: ProcessNumber, subscription: SubscriptionNumber, id: Int64)? {
    let parts = payload.split(separator: " ").compactMap { Int64($0) }
    guard parts.count == 3 else { return nil }
    return (parts[0], parts[1], parts[2])
  }

  // MARK: Bounds

  /// Removes the oldest dead letters of each subscription but for so many. Returns how many.
  package func pruneDead(keeping kept: Int) async throws(PostgresError) -> Int {
    try await pool.query(
      """
      DELETE FROM dead_notification AS d
      USING (
        SELECT tenant, subscription, id,
          row_number() OVER (PARTITION BY tenant, subscription ORDER BY id DESC) AS place
        FROM dead_notification
      ) AS ranked
      WHERE ranked.place > \(kept) AND d.tenant = ranked.tenant
        AND d.subscription = ranked.subscription AND d.id = ranked.id
      """
    ).affected
  }
}

extension DeliveryRow {
  fileprivate init(_ row: Row) {
    id = row[0].int64
    entity = row[1].present?.string
    created = DateTime(microseconds: row[2].timestamp.microseconds)
    attempts = row[3].int
    nextAttempt = row[4].present.map { DateTime(microseconds: $0.timestamp.microseconds) }
    lastError = row[5].present?.string
    died = row[6].present.map { DateTime(microseconds: $0.timestamp.microseconds) }
  }
}
