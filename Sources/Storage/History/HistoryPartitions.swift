package import NGSILD
package import Postgres

/// Partitions of the history, created ahead of the time that they hold.
package enum HistoryPartitions {
  private static let monthsAhead: Int32 = 4

  /// Creates what is missing from last month on; returns how many.
  ///
  /// Returns nil if others use the history for too long: what is missing lies ahead, so that the next
  /// call will do.
  @discardableResult
  package static func createAhead(
    in pool: Pool, at now: DateTime
  ) async throws(PostgresError) -> Int? {
    let lastMonth = DateTime(microseconds: now.microseconds - 31 * 86_400 * 1_000_000)
    do throws(PostgresError) {
      let rows = try await pool.query(
        """
        SELECT attribute_instance_create_partitions(
          \(lastMonth.timestamp), \(Self.monthsAhead + 1))
        """)
      return rows[0][0].int
    } catch {
      guard error.isLockTimeout else { throw error }
      return nil
    }
  }
}
