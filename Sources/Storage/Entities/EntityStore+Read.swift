import JSON
package import NGSILD
package import Postgres

extension EntityStore {
  /// The stored forms of Entities, in the order of `references`; nil for what does not exist.
  ///
  /// Expired ones count as absent (GS CIM 009, 4.22).
  package func documents(
    _ references: [EntityReference], at now: DateTime
  ) async throws(PostgresError) -> [[UInt8]?] {
    Self.documents(of: references, try await readers.query(Self.read(references, at: now)))
  }

  /// The same, within a transaction.
  package static func documents(
    _ references: [EntityReference], at now: DateTime, on connection: Connection
  ) async throws(PostgresError) -> [[UInt8]?] {
    documents(of: references, try await connection.query(read(references, at: now)))
  }

  private static func documents(of references: [EntityReference], _ rows: Rows) -> [[UInt8]?] {
    var documents = [[UInt8]?](repeating: nil, count: references.count)
    for row in rows { documents[row[0].int - 1] = row[1].bytes }
    return documents
  }

  private static func read(_ references: [EntityReference], at now: DateTime) -> SQL {
    readStatement(references.map(\.tenant), references.map(\.id), now.timestamp)
  }

  private static let readStatement = Statement(
    """
    SELECT wanted.place, e.document
    FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS wanted (tenant, id, place)
    JOIN entity AS e USING (tenant, id)
    WHERE e.typeset IS NOT NULL AND (e.expires IS NULL OR e.expires > $3)
    """)
}
