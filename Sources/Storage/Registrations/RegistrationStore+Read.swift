import JSON
package import NGSILD
package import Postgres

/// A part of the registrations that match, in the order in which they were created.
package struct RegistrationPage: Sendable {
  package let registrations: [(registration: StoredRegistration, record: StoredDeliveryRecord)]
  /// Of all that match; nil where nobody asked.
  package let count: Int?
}

/// What happened to registrations after some version.
package struct RegistrationChanges: Sendable {
  /// Created and changed ones, in the order of their versions.
  package let registrations: [StoredRegistration]
  package let deleted: [RegistrationNumber]
  /// The version up to which these are all changes.
  package let version: RegistrationVersion
  /// Whether later changes are known to exist.
  package let isPartial: Bool
}

extension RegistrationStore {
  /// - Throws: `resourceNotFound`, also for one that has expired.
  package func registration(
    _ id: String, tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) -> (registration: StoredRegistration, record: StoredDeliveryRecord) {
    let rows = try await readers.rows(
      """
      SELECT \(Self.columns), \(Self.recordColumns)
      FROM registration AS e
      LEFT JOIN registration_request AS d ON d.tenant = e.tenant AND d.registration = e.key
      WHERE e.tenant = \(tenant) AND e.id = \(id)
        AND (e.expires IS NULL OR e.expires > \(now.timestamp))
      """)
    guard let row = rows.first else { throw .missingRegistration(id) }
    return (StoredRegistration(row), StoredDeliveryRecord(request: row))
  }

  /// The registration as a transaction sees it; nil if there is none, or it has expired.
  package static func registration(
    _ id: String, tenant: TenantNumber, at now: DateTime, on connection: Connection
  ) async throws(PostgresError) -> StoredRegistration? {
    try await connection.query(
      """
      SELECT \(columns) FROM registration AS e
      WHERE e.tenant = \(tenant) AND e.id = \(id)
        AND (e.expires IS NULL OR e.expires > \(now.timestamp))
      """
    ).first.map { StoredRegistration($0) }
  }

  package func page(
    _ query: RegistrationQuery, limit: Int, offset: Int, counts: Bool, at now: DateTime,
    tenant: TenantNumber
  ) async throws(NGSILDError) -> RegistrationPage {
    do throws(PostgresError) {
      let selected = try await condition(query, at: now, tenant: tenant)
      var statements: [SQL] = [
        """
        SELECT \(Self.columns), \(Self.recordColumns)
        FROM \(Self.rows)
        LEFT JOIN registration_request AS d ON d.tenant = e.tenant AND d.registration = e.key
        WHERE \(selected)
        ORDER BY e.key
        LIMIT \(limit) OFFSET \(offset)
        """
      ]
      if counts { statements.append("SELECT count(*) FROM \(Self.rows) WHERE \(selected)") }
      let results = try await queries.flight(statements)
      return RegistrationPage(
        registrations: results[0].map {
          (StoredRegistration($0), StoredDeliveryRecord(request: $0))
        },
        count: counts ? results[1][0][0].int : nil)
    } catch {
      throw NGSILDError(error)
    }
  }

  /// Of each query the registrations that match, as a transaction sees them, in the order of their
  /// numbers.
  package func matches(
    _ queries: [RegistrationQuery], at now: DateTime, tenant: TenantNumber,
    on connection: Connection
  ) async throws(PostgresError) -> [[RegistrationNumber]] {
    guard !queries.isEmpty else { return [] }
    var statements: [SQL] = []
    for query in queries {
      let selected = try await condition(query, at: now, tenant: tenant)
      statements.append("SELECT e.key FROM \(Self.rows) WHERE \(selected) ORDER BY e.key")
    }
    return try await connection.flight(statements).map { rows in rows.map { $0[0].int64 } }
  }

  private func condition(
    _ query: RegistrationQuery, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> SQL {
    try await names.find(names.unknown(among: query.names), in: readers)
    return query.condition(
      in: QueryScope(tenant: tenant, now: now, names: names, typesets: [], indexed: []))
  }

  /// What changed after `version`, at most `limit` registrations of it; from 0 on, all there is.
  ///
  /// Deletions are read last, and a number is never used again, so applying registrations before
  /// deletions is right even while others write.
  package static func changes(
    since version: RegistrationVersion, limit: Int
  ) -> [SQL] {
    [
      "SELECT version FROM registration_clock",
      """
      SELECT \(columns) FROM registration AS e
      WHERE e.version > \(version)
      ORDER BY e.version
      LIMIT \(limit)
      """,
      "SELECT registration FROM registration_deleted WHERE version > \(version)",
    ]
  }

  /// What the statements of `changes` answer.
  package static func changes(_ answers: [Rows], limit: Int) -> RegistrationChanges {
    let registrations = answers[1].map { StoredRegistration($0) }
    let isPartial = registrations.count == limit
    return RegistrationChanges(
      registrations: registrations, deleted: answers[2].map { $0[0].int64 },
      version: isPartial ? registrations[limit - 1].version : answers[0][0][0].int64,
      isPartial: isPartial)
  }

  /// Those that have expired, at most `limit`.
  package static func expired(
    at now: DateTime, limit: Int, in pool: Pool
  ) async throws(PostgresError) -> [(tenant: TenantNumber, id: String)] {
    try await pool.query(
      """
      SELECT tenant, id FROM registration
      WHERE expires <= \(now.timestamp)
      ORDER BY expires
      LIMIT \(limit)
      """
    ).map { (TenantNumber($0[0].int), $0[1].string) }
  }

  /// A registration that has expired, as a transaction sees it.
  package static func expired(
    _ id: String, tenant: TenantNumber, at now: DateTime, on connection: Connection
  ) async throws(PostgresError) -> StoredRegistration? {
    try await connection.query(
      """
      SELECT \(columns) FROM registration AS e
      WHERE e.tenant = \(tenant) AND e.id = \(id) AND e.expires <= \(now.timestamp)
      """
    ).first.map { StoredRegistration($0) }
  }

  /// Registrations as Entities: `e` and `v` as a query's condition on Entities has them.
  private static let rows: SQL =
    "registration AS e CROSS JOIN LATERAL (SELECT e.attrs, e.scopes, e.attributes) AS v"

  private static let columns: SQL =
    "e.tenant, e.key, e.version, e.created, e.modified, e.document"

  private static let recordColumns: SQL =
    "coalesce(d.times_sent, 0), coalesce(d.times_failed, 0), d.last_success, d.last_failure"
}

extension StoredRegistration {
  fileprivate init(_ row: Row) {
    tenant = TenantNumber(row[0].int)
    number = row[1].int64
    version = row[2].int64
    created = DateTime(row[3].timestamp)
    modified = DateTime(row[4].timestamp)
    document = JSONValue(storedDocument: row[5].bytes)
  }
}

extension StoredDeliveryRecord {
  fileprivate init(request row: Row) {
    self.init(
      timesSent: row[6].int, timesFailed: row[7].int, lastNotification: nil,
      lastSuccess: row[8].present.map { DateTime($0.timestamp) },
      lastFailure: row[9].present.map { DateTime($0.timestamp) })
  }
}

extension NGSILDError {
  package static func missingRegistration(_ id: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "The Context Source Registration '\(id)' does not exist")
  }
}
