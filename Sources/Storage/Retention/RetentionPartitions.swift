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
/// `lock_timeout` bounds that wait, and the next sweep tries again.
extension RetentionSweep {
  /// Drops what can be dropped; returns the names.
  func dropPartitions(_ partitions: [HistoryPartition]) async throws(PostgresError) -> [String] {
    var dropped: [String] = []
    for partition in partitions where partition.isPast && continues() {
      if partition.isAttached {
        guard try await isLetGo(partition), try await detach(partition) else { continue }
      }
      try await drop(partition)
      dropped.append(partition.name)
    }
    return dropped
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

  /// False if others are using the history for too long.
  private func detach(_ partition: HistoryPartition) async throws(PostgresError) -> Bool {
    do throws(PostgresError) {
      try await pool.query(
        "ALTER TABLE attribute_instance DETACH PARTITION \(identifier: partition.name)")
      return true
    } catch {
      guard error.sqlState?.code == "55P03" else { throw error }
      return false
    }
  }

  /// What was written since it was looked at goes back into the history, then nobody sees the rest.
  private func drop(_ partition: HistoryPartition) async throws(PostgresError) {
    try await pool.flight([
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
    ])
  }

  private static func keepers(of partition: HistoryPartition) -> SQL {
    """
    SELECT tenant, key FROM entity_retention
    WHERE cutoff IS NULL OR rolls_up OR cutoff < \(partition.upper)
    """
  }
}
