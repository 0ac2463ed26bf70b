package import Postgres

/// The processes of the broker that share a database, and who delivers what a dead one left.
///
/// A process lives as long as its lease, which it renews. Of a dead one, one other process is the
/// taker; only the taker reads what it left, so that order is kept. A taker that dies in turn loses
/// the office to another.
package struct ProcessStore {
  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// Enters this process.
  package func register(lease: Duration) async throws(PostgresError) -> ProcessNumber {
    try await pool.query(
      """
      INSERT INTO broker_process (lease)
      VALUES (now() + \(lease.milliseconds) * interval '1 millisecond')
      RETURNING id
      """)[0][0].int64
  }

  /// Renews the lease; also of a process that was thought dead for a while. Returns whether it had
  /// not run out, so that no other process can have taken over.
  package func renew(
    _ process: ProcessNumber, lease: Duration
  ) async throws(PostgresError) -> Bool {
    let results = try await pool.flight([
      """
      SELECT lease >= now() AND taker IS NULL FROM broker_process WHERE id = \(process) FOR UPDATE
      """,
      """
      INSERT INTO broker_process (id, lease)
      VALUES (\(process), now() + \(lease.milliseconds) * interval '1 millisecond')
      ON CONFLICT (id) DO UPDATE SET lease = excluded.lease, taker = NULL
      """,
    ])
    return results[0].first?[0].bool ?? false
  }

  /// Ends the lease, so that others take over at once what is left.
  package func handBack(_ process: ProcessNumber) async throws(PostgresError) {
    try await pool.query(
      """
      UPDATE broker_process SET lease = '-infinity', taker = NULL WHERE id = \(process)
      """)
    try await pool.query("UPDATE broker_process SET taker = NULL WHERE taker = \(process)")
  }

  /// Makes `process` the taker of every dead process that has none, and returns all that it is the
  /// taker of.
  ///
  /// - Parameter waiting: only of those that have signed off, not of those whose lease has run out.
  package func takeOver(
    for process: ProcessNumber, signedOffOnly waiting: Bool
  ) async throws(PostgresError) -> [ProcessNumber] {
    // One after the other, each with a snapshot that sees what the one before did.
    try await pool.flight([
      "SELECT pg_advisory_xact_lock(\(Self.takeOverLock))",
      """
      UPDATE broker_process AS dead SET taker = \(process)
      FROM (
        SELECT d.id FROM broker_process AS d
        LEFT JOIN broker_process AS t ON t.id = d.taker AND t.lease >= now()
        WHERE d.lease < CASE WHEN \(waiting) THEN timestamptz '1970-01-01' ELSE now() END
          AND d.id <> \(process)
          AND (t.id IS NULL OR d.taker = \(process))
      ) AS free
      WHERE dead.id = free.id
      RETURNING dead.id
      """,
    ])[1].map { $0[0].int64 }
  }

  private static let takeOverLock: Int64 = 0x7461_6b65_6f76_6572

  /// Strikes out a dead process that owes nothing any more.
  package func remove(
    _ dead: ProcessNumber, takenBy process: ProcessNumber
  ) async throws(PostgresError) {
    try await pool.query(
      """
      DELETE FROM broker_process
      WHERE id = \(dead) AND taker = \(process) AND lease < now() - interval '1 minute'
        AND NOT EXISTS (SELECT FROM notification WHERE process = \(dead))
      """)
  }

  /// Enters, as dead, processes that owe something and were struck out by hand.
  package func enterMissing() async throws(PostgresError) {
    try await pool.query(
      """
      WITH RECURSIVE step AS (
        SELECT min(process) AS process FROM notification
        UNION ALL
        SELECT (SELECT min(n.process) FROM notification AS n WHERE n.process > step.process)
        FROM step WHERE step.process IS NOT NULL
      )
      INSERT INTO broker_process (id, lease)
      SELECT process, '-infinity' FROM step WHERE process IS NOT NULL
      ON CONFLICT DO NOTHING
      """)
  }
}
