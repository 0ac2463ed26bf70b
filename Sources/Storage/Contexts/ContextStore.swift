package import NGSILD
package import Postgres

/// Contexts in the database (GS CIM 009, 5.13).
package struct ContextStore: Sendable {
  /// Each removal or replacement is announced here; the payload is the id.
  package static let channel = "kontext_context"

  /// Copies beyond so many make room, those unused for longest first.
  package static let copiesMax = 1000

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: What is hosted here

  /// Takes in a context of a user; returns its id.
  ///
  /// - Parameter body: the value of `@context`, as JSON.
  package func host(
    _ body: [UInt8], in tenant: TenantNumber
  ) async throws(NGSILDError) -> String {
    try await pool.rows(
      """
      INSERT INTO context (kind, tenant, body)
      VALUES (\(ContextKind.hosted.rawValue), \(tenant), \(body))
      RETURNING id
      """)[0][0].string
  }

  /// Hosts a context that a user gave without a URL; returns its id, which is the same for the same
  /// text.
  package func hostImplicitly(
    _ body: [UInt8], in tenant: TenantNumber
  ) async throws(NGSILDError) -> String {
    try await pool.rows(
      """
      INSERT INTO context AS c (kind, tenant, body)
      VALUES (\(ContextKind.implicitlyCreated.rawValue), \(tenant), \(body))
      ON CONFLICT (tenant, md5(body)) WHERE kind = 'ImplicitlyCreated'
      DO UPDATE SET kind = c.kind
      RETURNING id
      """)[0][0].string
  }

  /// The content of what a tenant hosts, and that tenant's name; nil if there is none of that id.
  package func hosted(
    _ id: String
  ) async throws(NGSILDError) -> (body: [UInt8], tenantName: String)? {
    let rows = try await pool.rows(
      """
      SELECT c.body, t.name
      FROM context AS c
      JOIN tenant AS t ON t.id = c.tenant
      WHERE c.id = \(id)
      """)
    return rows.first.map { ($0[0].bytes, $0[1].string) }
  }

  // MARK: Looking up

  /// In the order in which they came.
  package func list(
    for owner: ContextOwner, kind: ContextKind?
  ) async throws(NGSILDError) -> [StoredContext] {
    let kinds = (kind.map { [$0] } ?? ContextKind.allCases).map(\.rawValue)
    return try await pool.rows(
      """
      SELECT \(StoredContext.columns)
      FROM context AS c
      WHERE c.kind = ANY(\(kinds)) AND \(owner.condition)
      ORDER BY c.created, c.id
      """
    ).map { StoredContext($0) }
  }

  /// A context by its id, or a copy by its URL; nil if there is none for this owner.
  package func context(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) -> StoredContext? {
    try await pool.rows(
      """
      SELECT \(StoredContext.columns)
      FROM context AS c
      WHERE \(Self.isNamed(name)) AND \(owner.condition)
      """
    ).first.map { StoredContext($0) }
  }

  // MARK: Removal

  /// Removes a context by its id, or a copy by its URL; returns its id, or nil if there is none for
  /// this owner.
  package func delete(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) -> String? {
    try await pool.rows(
      """
      WITH gone AS (
        DELETE FROM context AS c WHERE \(Self.isNamed(name)) AND \(owner.condition) RETURNING c.id
      )
      SELECT id, pg_notify(\(Self.channel), id) FROM gone
      """
    ).first?[0].string
  }

  private static func isNamed(_ name: String) -> SQL { "(c.id = \(name) OR c.url = \(name))" }
}
