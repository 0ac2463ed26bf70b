package import NGSILD
package import Postgres

/// Copies of subscriptions at Context Sources, in the database.
package struct SubscriptionCopyStore {
  package let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: What is due

  /// Takes a lease on copies about which something is to be done, those first that have waited for
  /// longest.
  package func claim(_ count: Int, for lease: Duration) async throws(PostgresError) -> [DueCopy] {
    try await pool.query(
      """
      WITH due AS (
        SELECT tenant, key FROM subscription_copy
        WHERE due <= now() AND (lease IS NULL OR lease < now())
        ORDER BY due
        LIMIT \(count)
        FOR UPDATE SKIP LOCKED
      ), claimed AS (
        UPDATE subscription_copy AS c
        SET lease = now() + \(lease.milliseconds) * interval '1 millisecond', is_sent = true
        FROM due WHERE c.tenant = due.tenant AND c.key = due.key
        RETURNING c.*
      )
      SELECT \(DueCopy.columns)
      FROM claimed AS c JOIN tenant AS t ON t.id = c.tenant
      """
    ).map { DueCopy($0) }
  }

  /// The source has the copy as it was to be.
  ///
  /// - Parameter id: what the source calls it, if otherwise.
  package func succeeded(_ copy: DueCopy, as id: String?) async throws(PostgresError) {
    try await pool.query(
      """
      UPDATE subscription_copy
      SET present = \(copy.wanted as [UInt8]?), given_id = \(id as String?), attempts = 0,
        lease = NULL,
        last_error = NULL, due = CASE WHEN revision = \(copy.revision) THEN NULL ELSE now() END
      WHERE tenant = \(copy.reference.tenant) AND key = \(copy.reference.key)
      """)
  }

  /// The source did not do what was asked for; it is asked again after `wait`, or at once if
  /// something else is to be done by now.
  ///
  /// - Parameter isLost: whether the source has no copy.
  package func failed(
    _ copy: DueCopy, isLost: Bool = false, wait: Duration, _ error: String
  ) async throws(PostgresError) {
    try await pool.query(
      """
      UPDATE subscription_copy
      SET attempts = attempts + 1, lease = NULL, last_error = \(error),
        present = CASE WHEN \(isLost) THEN NULL ELSE present END,
        given_id = CASE WHEN \(isLost) THEN NULL ELSE given_id END,
        due = CASE
          WHEN revision = \(copy.revision)
          THEN now() + \(wait.milliseconds) * interval '1 millisecond'
          ELSE now()
        END
      WHERE tenant = \(copy.reference.tenant) AND key = \(copy.reference.key)
      """)
  }

  /// The source has no copy any more, or is not asked to forget it any longer.
  package func forget(_ copy: DueCopy) async throws(PostgresError) {
    try await pool.query(
      """
      DELETE FROM subscription_copy
      WHERE tenant = \(copy.reference.tenant) AND key = \(copy.reference.key)
      """)
  }

  // MARK: Notifications

  /// The copy that a source means by `id`; nil if there is none, or nobody can tell.
  package func copy(notifying id: String) async throws(NGSILDError) -> NotifyingCopy? {
    let rows = try await pool.rows(
      """
      SELECT c.tenant, t.name, c.subscription, c.registration, c.source, c.wanted IS NOT NULL,
        c.id = \(id)
      FROM subscription_copy AS c JOIN tenant AS t ON t.id = c.tenant
      WHERE c.id = \(id) OR c.given_id = \(id)
      ORDER BY c.id = \(id) DESC
      LIMIT 2
      """)
    guard let row = rows.first, rows.count == 1 || row[6].bool else { return nil }
    return NotifyingCopy(
      tenant: TenantNumber(row[0].int), tenantName: row[1].string, subscription: row[2].int64,
      registration: row[3].int64, source: row[4].bytes, isWanted: row[5].bool)
  }

  /// Begins a transaction in which nobody else is told to notify the subscription of what sources
  /// tell, so that it is told in one order.
  package static func beginNotifying(
    _ subscription: SubscriptionNumber, on connection: Connection
  ) async throws(PostgresError) {
    _ = try await connection.flight([
      "BEGIN", "SELECT pg_advisory_xact_lock(\(lockSpace ^ subscription))",
    ])
  }

  private static let lockSpace: Int64 = 0x736f_7572_6365_0000

  /// Commits, with the notifications that a source's one has caused, as the outbox then has them.
  package static func commit(
    _ due: [DueNotification], by process: ProcessNumber, on connection: Connection
  ) async throws(PostgresError) -> [OwedNotification] {
    try await OutboxStore.commit(due, by: process, on: connection)
  }
}
