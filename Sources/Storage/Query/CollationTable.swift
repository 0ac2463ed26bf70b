package import NGSILD
package import NGSILDQuery
package import Postgres
import Synchronization

/// The collations that requests have named, which the database has to have before it orders by
/// them.
///
/// A language tag means the same to everyone, so tenants share them.
package final class CollationTable: Sendable {
  /// Choice: applications use a few; more are a fault of a client, and each stays in the database.
  private static let collationsMax = 200

  private let known = Mutex<Set<String>>([])

  package init() {}

  /// Makes sure that the database has the collation.
  ///
  /// Strings that it does not tell apart are ordered by the next term.
  ///
  /// - Throws: `tooComplexQuery` if there are too many.
  package func create(_ collation: Collation, in pool: Pool) async throws(NGSILDError) {
    let name = collation.databaseName
    guard !known.withLock({ $0.contains(name) }) else { return }
    let rows = try await pool.rows(
      """
      SELECT collname FROM pg_collation
      WHERE collname LIKE 'kontext-%' AND pg_collation_is_visible(oid)
      """)
    if !rows.contains(where: { $0[0].string == name }) {
      guard rows.count < Self.collationsMax else {
        throw NGSILDError(
          .tooComplexQuery,
          "The collation '\(collation)' is new, and \(Self.collationsMax) are in use already")
      }
      // Creations at the same time wait for each other, so that each finds what the other created.
      _ = try await pool.rows(
        """
        CREATE COLLATION IF NOT EXISTS \(identifier: name)
        (provider = icu, locale = \(identifier: collation.tag), deterministic = false)
        """)
    }
    known.withLock { _ = $0.insert(name) }
  }
}

extension Collation {
  /// Tags are the same in upper and lower case (RFC 5646, 2.1.1).
  var databaseName: String { "kontext-" + tag.lowercased() }
}
