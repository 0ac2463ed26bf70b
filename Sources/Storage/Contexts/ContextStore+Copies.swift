package import NGSILD
import Postgres

/// A copy of a remote document.
package struct ContextCopy: Sendable {
  package let id: String
  /// Where it was found, after redirects.
  package let base: String
  /// The value of its `@context`, as JSON.
  package let body: [UInt8]
  package let loaded: DateTime
  package let expires: DateTime

  static let columns: SQL = "id, base, body, loaded, expires"

  init(_ row: Row) {
    id = row[0].string
    base = row[1].string
    body = row[2].bytes
    loaded = DateTime(microseconds: row[3].timestamp.microseconds)
    expires = DateTime(microseconds: row[4].timestamp.microseconds)
  }
}

/// Copies of remote documents, so that brokers share a download, and one that starts while the
/// remote host is away finds them.
extension ContextStore {
  /// The copy of the document at `url`, however old.
  package func copy(of url: String) async throws(NGSILDError) -> ContextCopy? {
    try await pool.rows("SELECT \(ContextCopy.columns) FROM context WHERE url = \(url)")
      .first.map { ContextCopy($0) }
  }

  /// Keeps a document that was just fetched, in place of an older copy; returns its id.
  ///
  /// - Parameter announces: whether caches forget the older copy now, and not when it expires.
  package func keepCopy(
    of url: String, base: String, body: [UInt8], loaded: DateTime, expires: DateTime,
    announces: Bool = false
  ) async throws(NGSILDError) -> String {
    try await pool.rows(
      """
      WITH kept AS (
        INSERT INTO context (kind, url, base, body, loaded, expires)
        VALUES (\(ContextKind.cached.rawValue), \(url), \(base), \(body), \(loaded.timestamp),
          \(expires.timestamp))
        ON CONFLICT (url) DO UPDATE
        SET base = excluded.base, body = excluded.body, loaded = excluded.loaded,
          expires = excluded.expires
        RETURNING id
      )
      SELECT id, CASE WHEN \(announces) THEN pg_notify(\(Self.channel), id) END FROM kept
      """)[0][0].string
  }

  /// Removes copies that are too many.
  package func pruneCopies() async throws(NGSILDError) {
    _ = try await pool.rows(
      """
      WITH gone AS (
        DELETE FROM context
        WHERE id IN (
          SELECT id FROM context
          WHERE kind = 'Cached'
          ORDER BY coalesce(last_usage, created) DESC
          OFFSET \(Self.copiesMax)
        )
        RETURNING id
      )
      SELECT pg_notify(\(Self.channel), id) FROM gone
      """)
  }
}

extension ContextStore {
  /// Adds to the figures of contexts, in one statement; those that are gone are passed over.
  package func addUsage(
    _ usage: [(id: String, hits: Int, usedAt: DateTime)]
  ) async throws(NGSILDError) {
    // Locked in one order, so that two brokers do not wait for one another.
    _ = try await pool.rows(
      """
      WITH used AS (
        SELECT * FROM unnest(
          \(usage.map(\.id)), \(usage.map(\.hits)),
          \(usage.map(\.usedAt.timestamp))
        ) AS used (id, hits, at)
      ), locked AS (
        SELECT c.id FROM context AS c JOIN used USING (id) ORDER BY c.id FOR UPDATE OF c
      )
      UPDATE context AS c
      SET hits = c.hits + used.hits, last_usage = greatest(c.last_usage, used.at)
      FROM locked JOIN used USING (id)
      WHERE c.id = locked.id
      """)
  }
}
