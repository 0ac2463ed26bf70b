import Postgres

/// Removes rows of Entities that were deleted, or lost the type, by who did not know the
/// declaration.
///
/// When an Attribute is declared, writes that know of it go on beside older ones that do not. Where
/// one that knows enters an Entity, and an older one then deletes it, the rows stay, and nobody
/// enters the Entity anew. Once the older writes have ended, this makes good for them.
struct IndexOrphans {
  let row: DeclarationRow
  let pool: Pool

  private static let entitiesAtOnce = 500

  func remove() async throws(PostgresError) {
    var last: Int64 = 0
    while true {
      let keys = try await pool.query(
        """
        SELECT DISTINCT i.key FROM attribute_index AS i
        WHERE i.key > \(last) AND \(isOrphan)
        ORDER BY i.key LIMIT \(Self.entitiesAtOnce)
        """
      ).map { $0[0].int64 }
      guard let end = keys.last else { return }
      try await remove(of: keys)
      last = end
    }
  }

  /// With the Entities locked as writes lock them, so that none is made anew meanwhile.
  private func remove(of keys: [Int64]) async throws(PostgresError) {
    try await pool.withConnection { connection throws(PostgresError) in
      _ = try await connection.flight([
        "BEGIN",
        """
        SELECT FROM entity WHERE tenant = \(row.tenant) AND key = ANY (\(keys))
        ORDER BY id FOR UPDATE
        """,
        // A statement of its own sees what was committed before the locks were had.
        "DELETE FROM attribute_index AS i WHERE i.key = ANY (\(keys)) AND \(isOrphan)",
        "COMMIT",
      ])
    }
  }

  /// Whether the row `i` is of an Entity that does not have these types.
  private var isOrphan: SQL {
    """
    i.tenant = \(row.tenant) AND i.attribute = \(row.attribute) AND NOT EXISTS (
      SELECT FROM entity_value AS v
      WHERE v.tenant = i.tenant AND v.key = i.key AND v.typeset = i.typeset)
    """
  }
}
