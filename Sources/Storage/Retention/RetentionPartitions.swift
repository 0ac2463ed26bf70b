import Postgres

/// A table that holds a part of the history.
struct HistoryPartition: Hashable {
  let name: String
  /// Times that it holds, the upper bound excluded.
  let lower: Timestamp
  let upper: Timestamp
  /// False for one whose drop was interrupted.
  let isAttached: Bool
  /// Whether it lies before all months that are created ahead.
  let isPast: Bool

  static let all: SQL = """
    SELECT p.name, p.lower, p.upper, p.is_attached,
      p.upper <= date_trunc('month', now() - interval '31 days', 'UTC')
    FROM (
      SELECT c.relname::text AS name, month AT TIME ZONE 'UTC' AS lower,
        (month + interval '1 month') AT TIME ZONE 'UTC' AS upper, c.relispartition AS is_attached
      FROM pg_class AS c
      CROSS JOIN LATERAL to_timestamp(right(c.relname, 6) || '01', 'YYYYMMDD') AS local
      CROSS JOIN LATERAL (SELECT local::date::timestamp AS month) AS first
      WHERE c.relkind = 'r' AND c.relname ~ '^attribute_instance_[0-9]{6}$'
        AND pg_table_is_visible(c.oid)
      UNION ALL
      SELECT 'attribute_instance_other', '-infinity', 'infinity', true
    ) AS p
    ORDER BY p.lower
    """

  init(_ row: Row) {
    name = row[0].string
    lower = row[1].timestamp
    upper = row[2].timestamp
    isAttached = row[3].bool
    isPast = row[4].bool
  }
}

/// Whole partitions go where nobody keeps anything of them.
///
/// `DETACH CONCURRENTLY` is not to be had beside a default partition. A plain one changes the
/// catalogue only, but waits for all who use the history, and writes wait behind it: the session's
/// `lock_timeout` bounds that wait, and pauses let through what has waited.
extension RetentionSweep {
  private static let attemptsMax = 5
  /// Longer than `lock_timeout`, so that writes go on most of the time.
  private static let secondsBetweenAttempts = 0.3

  /// Drops what can be dropped.
  func drop(
    _ partitions: [HistoryPartition], _ outcome: inout Outcome
  ) async throws(PostgresError) {
    for partition in partitions where partition.isPast && continues() {
      if partition.isAttached {
        guard try await isLetGo(partition) else { continue }
      }
      if let dropped = try await drop(partition) {
        outcome.inUse.removeAll { $0 == dropped.name }
        outcome.partitions.append(dropped)
        didStep(.dropped(dropped))
      } else if !outcome.inUse.contains(partition.name) {
        outcome.inUse.append(partition.name)
      }
    }
  }

  /// Nil if others are using it for too long.
  private func drop(
    _ partition: HistoryPartition
  ) async throws(PostgresError) -> DroppedPartition? {
    let bytes = try await pool.query(
      "SELECT pg_total_relation_size(to_regclass(\(partition.name)))")[0][0].int
    var steps = partition.isAttached ? [[detachment(of: partition)]] : []
    steps.append(removal(of: partition))
    for step in steps {
      guard try await succeeds(step) else { return nil }
    }
    return DroppedPartition(name: partition.name, bytes: bytes)
  }

  /// Runs a transaction, again after a pause if others hold what it locks; false if they go on.
  private func succeeds(_ transaction: [SQL]) async throws(PostgresError) -> Bool {
    for attempt in 1...Self.attemptsMax where attempt == 1 || continues() {
      do throws(PostgresError) {
        try await pool.flight(transaction)
        return true
      } catch {
        guard error.isLockTimeout else { throw error }
      }
      try await pool.query("SELECT pg_sleep(\(Self.secondsBetweenAttempts))")
    }
    return false
  }

  /// Whether no Entity that keeps any of the partition's times has rows in it. Numbers that are
  /// rolled up go row by row first.
  private func isLetGo(_ partition: HistoryPartition) async throws(PostgresError) -> Bool {
    try await !pool.query(
      """
      SELECT EXISTS (SELECT FROM \(identifier: partition.name)) AND EXISTS (
        SELECT FROM (\(Self.keepers(of: partition))) AS e
        WHERE EXISTS (
          SELECT FROM \(identifier: partition.name) AS i
          WHERE i.tenant = e.tenant AND i.entity = e.key))
      """)[0][0].bool
  }

  private func detachment(of partition: HistoryPartition) -> SQL {
    "ALTER TABLE attribute_instance DETACH PARTITION \(identifier: partition.name)"
  }

  /// What was written since it was looked at goes back into the history, then nobody sees the rest.
  private func removal(of partition: HistoryPartition) -> [SQL] {
    [
      """
      WITH kept AS (
        DELETE FROM \(identifier: partition.name) AS i
        USING (\(Self.keepers(of: partition))) AS e
        WHERE i.tenant = e.tenant AND i.entity = e.key
        RETURNING i.*
      )
      INSERT INTO attribute_instance SELECT * FROM kept
      """,
      "DROP TABLE \(identifier: partition.name)",
    ]
  }

  private static func keepers(of partition: HistoryPartition) -> SQL {
    """
    SELECT tenant, key FROM entity_retention
    WHERE cutoff IS NULL OR rolls_up OR cutoff < \(partition.upper)
    """
  }
}
