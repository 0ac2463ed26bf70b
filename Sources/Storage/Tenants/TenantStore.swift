package import NGSILD
package import Postgres

/// A tenant as its operator sees it.
package struct TenantFigures: Sendable, Hashable {
  package let name: String
  /// Whether it is being removed: an interrupted removal can be taken up again.
  package let isRemoved: Bool
  package let entities: Int
  package let subscriptions: Int
  /// The planner's estimate.
  package let historyRows: Int
  /// Its share of the tables, by rows.
  package let bytes: Int
}

/// Tenants in the database, for who operates them.
package struct TenantStore {
  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// All tenants by name; no table of Entities or history is read for it.
  package func list() async throws(PostgresError) -> [TenantFigures] {
    try await pool.query(
      """
      WITH figures AS (
        SELECT t.name, t.removed IS NOT NULL AS is_removed,
          (
            SELECT coalesce(sum(c.count), 0)::bigint
            FROM (
              SELECT count FROM census WHERE tenant = t.id AND attribute = 0
              UNION ALL
              SELECT c.count
              FROM census_change AS n,
                unnest(n.attributes, n.counts) AS c (attribute, count)
              WHERE n.tenant = t.id AND c.attribute = 0
            ) AS c
          ) AS entities,
          (SELECT count(*) FROM subscription AS s WHERE s.tenant = t.id) AS subscriptions,
          tenant_history_estimate(t.id) AS history
        FROM tenant AS t
        WHERE t.owner IS NULL
      ), sizes AS (
        SELECT
          pg_total_relation_size('entity') + pg_total_relation_size('entity_value')
            + pg_total_relation_size('entity_geo') AS state,
          (
            SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('attribute_instance')
          ) AS history
      )
      SELECT f.name, f.is_removed, f.entities, f.subscriptions, f.history,
        (
          coalesce(s.state * f.entities / nullif(sum(f.entities) OVER (), 0), 0)
          + coalesce(s.history * f.history / nullif(sum(f.history) OVER (), 0), 0)
        )::bigint
      FROM figures AS f, sizes AS s
      ORDER BY f.name, f.is_removed
      """
    ).map { row in
      TenantFigures(
        name: row[0].string, isRemoved: row[1].bool, entities: row[2].int,
        subscriptions: row[3].int, historyRows: row[4].int, bytes: row[5].int)
    }
  }

  // MARK: Removal

  /// Gives the name free: the next request for it makes a tenant of its own.
  ///
  /// Returns the numbers of the tenants of this name that are to be removed: also of one whose
  /// removal was interrupted, and of those that have the data of their Snapshots. Brokers use them
  /// for `TenantTable.trust` at most.
  package func markRemoved(_ name: TenantName) async throws(PostgresError) -> [TenantNumber] {
    precondition(name != .standard, "The default tenant stays")
    try await pool.query(
      "UPDATE tenant SET removed = now() WHERE name = \(name.text) AND removed IS NULL")
    let rows = try await pool.query(
      """
      WITH own AS (SELECT id FROM tenant WHERE name = \(name.text) AND removed IS NOT NULL),
      copies AS (
        UPDATE tenant SET removed = coalesce(removed, now())
        WHERE owner IN (SELECT id FROM own)
        RETURNING id
      )
      SELECT id FROM own UNION ALL SELECT id FROM copies
      """)
    return rows.map { TenantNumber($0[0].int) }
  }

  /// Removes everything that a tenant has, a chunk at a time; calls `progress` with the rows
  /// removed so far.
  ///
  /// What has a `tenant` is the tenant's, so tables that come later need no mention here.
  package func removeContents(
    of tenant: TenantNumber, progress: (Int) -> Void
  ) async throws(NGSILDError) {
    var removed = try await removeSubscriptions(of: tenant)
    for table in try await tables() {
      while true {
        let rows = try await removeChunk(of: tenant, from: table)
        removed += rows
        progress(removed)
        if rows < Self.rowsPerChunk { break }
      }
    }
  }

  private func removeChunk(
    of tenant: TenantNumber, from table: String
  ) async throws(NGSILDError) -> Int {
    do throws(PostgresError) {
      return try await pool.query(
        """
        WITH gone AS (
          DELETE FROM \(identifier: table)
          WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM \(identifier: table) WHERE tenant = \(tenant)
            LIMIT \(Self.rowsPerChunk)))
          RETURNING 1
        )
        SELECT count(*) FROM gone
        """)[0][0].int
    } catch {
      // A month of history that was dropped meanwhile.
      guard error.sqlState == .undefinedTable else { throw NGSILDError(error) }
      return 0
    }
  }

  /// Removes what is left of an empty tenant; a Snapshot of it that was made meanwhile is left to
  /// the brokers.
  package func remove(_ tenant: TenantNumber) async throws(PostgresError) {
    try await pool.flight([
      "UPDATE tenant SET removed = now() WHERE owner = \(tenant) AND removed IS NULL",
      "DELETE FROM tenant WHERE id = \(tenant) AND removed IS NOT NULL",
    ])
  }

  private static let rowsPerChunk = 5000

  /// One by one, as users delete them: all brokers hear of it.
  private func removeSubscriptions(of tenant: TenantNumber) async throws(NGSILDError) -> Int {
    let rows = try await pool.rows(
      "SELECT id, of_registrations FROM subscription WHERE tenant = \(tenant)")
    for row in rows {
      let store = SubscriptionStore(pool: pool, of: row[1].bool ? .registrations : .entities)
      _ = try await store.delete(row[0].string, tenant: tenant)
    }
    return rows.count
  }

  /// Tables, and partitions one by one, that have rows of tenants.
  private func tables() async throws(NGSILDError) -> [String] {
    try await pool.rows(
      """
      SELECT c.relname::text
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
      WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND a.attname = 'tenant'
        AND a.atttypid = 'int4'::regtype
      ORDER BY 1
      """
    ).map { $0[0].string }
  }
}
