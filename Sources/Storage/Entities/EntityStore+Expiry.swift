package import NGSILD
package import Postgres

extension EntityStore {
  /// Entities that have expired, or in which something has, the longest overdue first.
  package static func expired(
    at now: DateTime, limit: Int, in pool: Pool
  ) async throws(PostgresError) -> [EntityReference] {
    try await pool.query(expiredStatement(now.timestamp, limit)).map { row in
      EntityReference(tenant: TenantNumber(row[0].int), id: row[1].string)
    }
  }

  private static let expiredStatement = Statement(
    """
    SELECT tenant, id FROM entity WHERE first_expiry <= $1 ORDER BY first_expiry LIMIT $2
    """)
}
