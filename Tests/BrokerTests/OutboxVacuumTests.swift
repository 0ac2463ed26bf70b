import Postgres
import Storage
import Testing

@Suite("Vacuum of the outbox")
struct OutboxVacuumTests {
  @Test(
    "it comes where the removed rows are many, also beside those that are owed",
    arguments: [
      (written: 300, removed: 300, removedMin: 250, comes: true),
      (written: 300, removed: 300, removedMin: 300, comes: false),
      (written: 2000, removed: 300, removedMin: 250, comes: false),
      (written: 2000, removed: 600, removedMin: 250, comes: true),
    ])
  func vacuum(written: Int, removed: Int, removedMin: Int, comes: Bool) async throws {
    try await withDatabase { loop, database in
      let pool = Pool(Pool.Configuration(database, connectionsMax: 1), on: loop)
      defer { pool.close() }
      // Its own vacuum must not come first.
      try await pool.query("ALTER TABLE notification SET (autovacuum_enabled = off)")
      try await pool.query(
        """
        INSERT INTO notification (tenant, subscription, entity, id, process, created, body)
        SELECT 1, 1, 1, n, 1, now(), '{}' FROM generate_series(1, \(written)) AS n
        """)
      try await pool.query("DELETE FROM notification WHERE id <= \(removed)")
      try await pool.query("SELECT pg_stat_force_next_flush()")
      #expect(try await OutboxStore(pool: pool).vacuum(removedMin: removedMin) == comes)
      let count = try await pool.query(
        """
        SELECT vacuum_count FROM pg_stat_user_tables WHERE relid = 'notification'::regclass
        """)[0][0].int
      #expect(count == (comes ? 1 : 0))
    }
  }
}
