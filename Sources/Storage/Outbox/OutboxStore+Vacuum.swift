package import Postgres

extension OutboxStore {
  /// Lets new rows have the room of removed ones, where these are many: more than `removedMin`, and
  /// more than a fifth of those that are owed, so that a long outbox is not read for a few of them.
  /// Nobody waits for it, and another process that is at it is left to it.
  ///
  /// - Returns: whether they were many.
  package func vacuum(removedMin: Int = 5000) async throws(PostgresError) -> Bool {
    let isDue = try await pool.query(
      """
      SELECT coalesce(bool_or(n_dead_tup > \(removedMin) AND n_dead_tup > n_live_tup / 5), false)
      FROM pg_stat_user_tables WHERE relid = 'notification'::regclass
      """)[0][0].bool
    if isDue { try await pool.query("VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON) notification") }
    return isDue
  }
}
