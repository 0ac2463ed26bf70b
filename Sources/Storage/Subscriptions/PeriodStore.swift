package import Postgres

/// Periodic notifications: when they are due, and which process sends them.
///
/// Standard: `timeInterval` (GS CIM 009, 5.2.12 and 5.8.6).
package struct PeriodStore {
  package let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// A subscription that is due.
  package struct Due: Sendable {
    package let tenant: TenantNumber
    package let subscription: SubscriptionNumber
    /// Of the subscription that is due.
    package let version: SubscriptionVersion
    let at: Timestamp
  }

  /// Subscriptions that are looked at in turn.
  private static let portion = 20

  /// Those that have been due for longest; other processes may be at them.
  package func due() async throws(PostgresError) -> [Due] {
    try await pool.query(
      """
      SELECT p.tenant, p.subscription, s.version, p.due
      FROM subscription_period AS p
      JOIN subscription AS s ON s.tenant = p.tenant AND s.key = p.subscription
      WHERE p.due <= now() AND (p.lease IS NULL OR p.lease < now())
      ORDER BY p.due
      LIMIT \(Self.portion)
      """
    ).map {
      Due(
        tenant: TenantNumber($0[0].int), subscription: $0[1].int64, version: $0[2].int64,
        at: $0[3].timestamp)
    }
  }

  /// Keeps other processes from asking Context Sources too for what is due; false if one is at it.
  ///
  /// - Parameter lease: for so long, or until it is told.
  package func claim(_ due: Due, for lease: Duration) async throws(PostgresError) -> Bool {
    try await pool.query(
      """
      UPDATE subscription_period
      SET lease = now() + \(lease.milliseconds) * interval '1 millisecond'
      WHERE tenant = \(due.tenant) AND subscription = \(due.subscription) AND due = \(due.at)
        AND (lease IS NULL OR lease < now())
      """
    ).affected == 1
  }

  /// Begins a transaction in which nobody else notifies the subscription; false, and no
  /// transaction, if another process is at it or has been.
  ///
  /// No row is locked, so that the subscription can be changed while its Entities are read.
  package static func begin(
    _ due: Due, on connection: Connection
  ) async throws(PostgresError) -> Bool {
    let results = try await connection.flight([
      "BEGIN",
      "SELECT pg_try_advisory_xact_lock(\(lockSpace ^ due.subscription))",
      """
      SELECT FROM subscription_period
      WHERE tenant = \(due.tenant) AND subscription = \(due.subscription) AND due = \(due.at)
      """,
    ])
    if results[1][0][0].bool && results[2].count == 1 { return true }
    try await connection.rollback()
    return false
  }

  private static let lockSpace: Int64 = 0x7065_7269_6f64_0000

  /// Writes notifications of one subscription within the transaction; they are sent in this order,
  /// by `process` unless another one still owes some.
  package static func owe(
    _ notifications: [DueNotification], by process: ProcessNumber, on connection: Connection
  ) async throws(PostgresError) {
    _ = try await connection.flight(OutboxStore.write(notifications, by: process))
  }

  /// Ends the transaction; the subscription is due again after `interval`, or no more without one.
  ///
  /// Intervals that passed while no broker ran are not made up for. Returns false, with nothing
  /// written, if the subscription has been changed meanwhile.
  package static func commit(
    _ due: Due, again interval: Duration?, on connection: Connection
  ) async throws(PostgresError) -> Bool {
    guard try await connection.query(move(due, by: interval)).affected == 1 else {
      try await connection.rollback()
      return false
    }
    _ = try await connection.flight(["COMMIT"])
    return true
  }

  /// Leaves one interval out, of a subscription whose notification cannot be made.
  package func skip(_ due: Due, interval: Duration) async throws(PostgresError) {
    try await pool.query(Self.move(due, by: interval))
  }

  private static func move(_ due: Due, by interval: Duration?) -> SQL {
    guard let interval else {
      return """
        DELETE FROM subscription_period
        WHERE tenant = \(due.tenant) AND subscription = \(due.subscription) AND due = \(due.at)
        """
    }
    return """
      UPDATE subscription_period AS p
      SET lease = NULL, due = p.due + step.length
        * (1 + greatest(0, floor(extract(epoch FROM clock_timestamp() - p.due)
          / extract(epoch FROM step.length))))
      FROM (SELECT \(interval.milliseconds) * interval '1 millisecond' AS length) AS step
      WHERE p.tenant = \(due.tenant) AND p.subscription = \(due.subscription)
        AND p.due = \(due.at)
      """
  }

  /// How long until a subscription is due; nil if none ever is.
  package func untilNext() async throws(PostgresError) -> Duration? {
    let rows = try await pool.query(
      """
      SELECT ceil(extract(epoch FROM min(greatest(due, lease)) - now()) * 1000)::bigint
      FROM subscription_period
      """)
    return rows[0][0].present.map { .milliseconds($0.int) }
  }
}
