package import NGSILD
package import Postgres

/// Snapshots in the database; the data that they have are those of a tenant each.
package struct SnapshotStore {
  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: For clients

  /// - Throws: `alreadyExists`.
  package func insert(_ new: NewSnapshot) async throws(NGSILDError) {
    do throws(PostgresError) {
      try await pool.query(Self.insert(new))
    } catch  where error.isUniqueViolation {
      throw NGSILDError(.alreadyExists, "The Snapshot '\(new.id)' exists already")
    } catch {
      throw NGSILDError(error)
    }
  }

  /// No client can name the tenant of its data: names have no control characters.
  private static func insert(_ new: NewSnapshot) -> SQL {
    """
    WITH data AS (
      INSERT INTO tenant (name, owner)
      VALUES (chr(1) || gen_random_uuid()::text, \(new.tenant))
      RETURNING id
    )
    INSERT INTO snapshot (tenant, id, data, source, status, created, modified, expires, last_used,
      document, results, context)
    SELECT \(new.tenant), \(new.id), data.id, \(new.source as TenantNumber?), \(new.status),
      \(new.created.timestamp), \(new.created.timestamp), \(new.expires.timestamp),
      \(new.created.timestamp), \(new.document), \(new.results),
      \(new.context ?? Array("null".utf8))
    FROM data
    """
  }

  /// nil if there is none, or no more.
  package func snapshot(
    _ id: String, tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> StoredSnapshot? {
    try await pool.rows(
      Self.select(
        "s.tenant = \(tenant) AND s.id = \(id) AND s.expires > \(now.timestamp)")
    ).first.map(StoredSnapshot.init)
  }

  /// All of a tenant, in the order of their ids.
  package func snapshots(
    of tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> [StoredSnapshot] {
    try await pool.rows(
      Self.select("s.tenant = \(tenant) AND s.expires > \(now.timestamp)") + " ORDER BY s.id"
    ).map(StoredSnapshot.init)
  }

  private static func select(_ condition: SQL) -> SQL {
    """
    SELECT \(StoredSnapshot.columns)
    FROM snapshot AS s JOIN tenant AS t ON t.id = s.tenant
    WHERE \(condition)
    """
  }

  /// The tenant that has the data of a Snapshot, which is used by that; nil if there is none.
  ///
  /// Notes the use unless another one was noted within the last second, so that reads rarely write;
  /// nor while its data are being written, which end with a write of this row.
  package func use(
    _ id: String, tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> TenantNumber? {
    try await pool.rows(
      """
      WITH used AS (
        UPDATE snapshot SET last_used = \(now.timestamp)
        WHERE tenant = \(tenant) AND id = \(id) AND status <> 'preparing'
          AND last_used < \(now.timestamp)::timestamptz - interval '1 second'
      )
      SELECT data FROM snapshot
      WHERE tenant = \(tenant) AND id = \(id) AND expires > \(now.timestamp)
      """
    ).first.map { TenantNumber($0[0].int) }
  }

  /// Puts another description in the place of the one that was read; false if it has changed or
  /// gone since.
  package func update(
    _ old: StoredSnapshot, modified: DateTime, expires: DateTime, document: [UInt8]
  ) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      """
      UPDATE snapshot
      SET document = \(document), modified = \(modified.timestamp), expires = \(expires.timestamp)
      WHERE tenant = \(old.tenant) AND id = \(old.id)
        AND document = \(Array(old.document.rawText.utf8)) AND expires = \(old.expires.timestamp)
      """
    ).affected > 0
  }

  /// Its data go in the background. Returns whether it was there.
  package func delete(_ snapshot: StoredSnapshot) async throws(NGSILDError) -> Bool {
    try await pool.rows(
      Self.delete("tenant = \(snapshot.tenant) AND id = \(snapshot.id)")
    )[0][0].int > 0
  }

  private static func delete(_ condition: SQL) -> SQL {
    """
    WITH gone AS (DELETE FROM snapshot WHERE \(condition) RETURNING data),
    marked AS (
      UPDATE tenant SET removed = now() WHERE id IN (SELECT data FROM gone) AND removed IS NULL
    )
    SELECT count(*) FROM gone
    """
  }

  // MARK: In the background

  /// Snapshots that are looked at in turn.
  private static let portion = 20

  /// Those that are to be executed, the oldest first; other processes may be at them.
  package func preparing() async throws(PostgresError) -> [StoredSnapshot] {
    try await pool.query(
      Self.select("s.status = 'preparing' AND s.expires > now()")
        + " ORDER BY s.created LIMIT \(Self.portion)"
    ).map(StoredSnapshot.init)
  }

  /// Those that have expired.
  package func expired(at now: DateTime) async throws(PostgresError) -> [StoredSnapshot] {
    try await pool.query(
      Self.select("s.expires <= \(now.timestamp)") + " ORDER BY s.expires LIMIT \(Self.portion)"
    ).map(StoredSnapshot.init)
  }

  /// Tenants whose data nobody has any use for: their Snapshots were deleted so long ago that what
  /// was under way has ended, and no clone is yet to copy them.
  package func leftData(for delay: Duration) async throws(PostgresError) -> [TenantNumber] {
    try await pool.query(
      """
      SELECT id FROM tenant
      WHERE owner IS NOT NULL
        AND removed < now() - \(delay.components.seconds) * interval '1 second'
        AND NOT EXISTS (SELECT FROM snapshot WHERE source = tenant.id)
      LIMIT \(Self.portion)
      """
    ).map { TenantNumber($0[0].int) }
  }
}
