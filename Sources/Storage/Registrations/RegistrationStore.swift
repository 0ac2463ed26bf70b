package import JSON
import JSONLD
package import NGSILD
package import Postgres

/// `registration.key`: a registration's number in the database, never used again.
package typealias RegistrationNumber = Int64

/// How many changes of registrations the database has seen.
package typealias RegistrationVersion = Int64

/// A row of `registration`, as it is written.
package struct NewRegistration: Sendable {
  /// From when to when, without an end where it has none.
  package typealias Interval = (start: DateTime, end: DateTime?)

  package let id: String
  /// In stored form.
  package let document: [UInt8]
  /// What filters look at.
  package let entity: Entity
  package let observed: Interval?
  package let managed: Interval?

  package init(
    id: String, document: [UInt8], entity: Entity, observed: Interval?, managed: Interval?
  ) {
    self.id = id
    self.document = document
    self.entity = entity
    self.observed = observed
    self.managed = managed
  }
}

/// A row of `registration`, as it was read.
package struct StoredRegistration: Sendable {
  package let tenant: TenantNumber
  package let number: RegistrationNumber
  package let version: RegistrationVersion
  package let created: DateTime
  package let modified: DateTime
  package let document: JSONValue
}

/// What a change of a registration made: its number, and the version from which on caches know it.
package struct RegistrationChange: Sendable {
  package let number: RegistrationNumber
  package let version: RegistrationVersion

  init(_ row: Row) {
    number = row[0].int64
    version = row[1].int64
  }
}

/// Context Source Registrations in the database.
package struct RegistrationStore {
  /// Every change is announced here; the payload is the version that it made.
  package static let channel = "kontext_registration"

  let names: NameTable
  /// For what takes no time, so that a transaction does not wait for queries.
  package let readers: Pool
  /// For what looks at values.
  let queries: Pool

  package init(names: NameTable, readers: Pool, queries: Pool) {
    self.names = names
    self.readers = readers
    self.queries = queries
  }

  // MARK: Transactions

  /// Begins a transaction in which nobody else changes registrations of the tenant, or
  /// subscriptions to them.
  package static func begin(
    _ tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) {
    _ = try await connection.flight([
      "BEGIN", "SELECT pg_advisory_xact_lock(\(lockSpace), \(tenant))",
    ])
  }

  private static let lockSpace: Int32 = 0x7265_6769

  /// Commits, with the notifications that the change owes, as the outbox then has them.
  package static func commit(
    _ due: [DueNotification], by process: ProcessNumber, on connection: Connection
  ) async throws(PostgresError) -> [OwedNotification] {
    try await OutboxStore.commit(due, by: process, on: connection)
  }

  /// Sees that all names of a registration have numbers.
  package func createNames(of registration: NewRegistration) async throws(PostgresError) {
    var unknown: Set<IRI> = []
    names.collectUnknown(
      of: EntityChange(before: nil, after: registration.entity, attributes: []), into: &unknown)
    try await names.create(unknown, in: readers)
  }

  // MARK: Changes

  /// Within a transaction; `createNames` has seen the registration.
  package func insert(
    _ new: NewRegistration, tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) -> RegistrationChange {
    let row = RegistrationRow(new, names: names)
    return RegistrationChange(
      try await connection.query(
        """
        WITH tick AS (
          UPDATE registration_clock SET version = version + 1 RETURNING version
        ), new AS (
          INSERT INTO registration (tenant, id, version, created, modified, expires, document,
            attrs, scopes, attributes, observed, managed)
          SELECT \(tenant), \(new.id), version, \(row.created), \(row.modified),
            \(row.expires as Timestamp?), \(new.document), \(row.values.names),
            \(row.values.scopes as [String]?),
            \(JSONB(row.values.attributes)), \(row.observed), \(row.managed)
          FROM tick
          RETURNING tenant, key, version
        ), record AS (
          INSERT INTO registration_request (tenant, registration) SELECT tenant, key FROM new
        ), geo AS (
          \(row.insertGeometries(from: "new"))
        )
        SELECT key, version, pg_notify(\(Self.channel), version::text) FROM new
        """)[0])
  }

  /// Replaces a registration within a transaction; `createNames` has seen it.
  package func update(
    _ number: RegistrationNumber, to new: NewRegistration, tenant: TenantNumber,
    on connection: Connection
  ) async throws(PostgresError) -> RegistrationChange {
    let row = RegistrationRow(new, names: names)
    return RegistrationChange(
      try await connection.flight([
        "DELETE FROM registration_geo WHERE tenant = \(tenant) AND registration = \(number)",
        """
        WITH tick AS (
          UPDATE registration_clock SET version = version + 1 RETURNING version
        ), changed AS (
          UPDATE registration AS r
          SET version = tick.version, modified = \(row.modified),
            expires = \(row.expires as Timestamp?), document = \(new.document),
            attrs = \(row.values.names),
            scopes = \(row.values.scopes as [String]?),
            attributes = \(JSONB(row.values.attributes)),
            observed = \(row.observed), managed = \(row.managed)
          FROM tick
          WHERE r.tenant = \(tenant) AND r.key = \(number)
          RETURNING r.tenant, r.key, r.version
        ), geo AS (
          \(row.insertGeometries(from: "changed"))
        )
        SELECT key, version, pg_notify(\(Self.channel), version::text) FROM changed
        """,
      ])[1][0])
  }

  /// Removes a registration, with its counters, within a transaction.
  package static func delete(
    _ number: RegistrationNumber, tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) -> RegistrationChange {
    RegistrationChange(try await connection.query(delete(number, tenant: tenant))[0])
  }

  static func delete(_ number: RegistrationNumber, tenant: TenantNumber) -> SQL {
    """
    WITH gone AS (
      DELETE FROM registration WHERE tenant = \(tenant) AND key = \(number) RETURNING key
    ), tick AS (
      UPDATE registration_clock SET version = version + 1
      WHERE EXISTS (SELECT FROM gone)
      RETURNING version
    ), told AS (
      INSERT INTO registration_deleted (version, registration) SELECT version, key FROM tick, gone
    ), record AS (
      DELETE FROM registration_request AS r USING gone
      WHERE r.tenant = \(tenant) AND r.registration = gone.key
    ), geo AS (
      DELETE FROM registration_geo AS g USING gone
      WHERE g.tenant = \(tenant) AND g.registration = gone.key
    )
    SELECT key, version, pg_notify(\(channel), version::text) FROM tick, gone
    """
  }

  /// Forgets deletions that every cache has heard of.
  package static func pruneDeletions(in pool: Pool) async throws(PostgresError) {
    try await pool.query(
      "DELETE FROM registration_deleted WHERE deleted < now() - interval '1 day'")
  }
}

/// The columns of a registration.
private struct RegistrationRow {
  let values: EntityValues
  let created: Timestamp
  let modified: Timestamp
  let expires: Timestamp?
  let observed: SQL
  let managed: SQL
  /// Number of the GeoProperty, and GeoJSON.
  private let geometries: [(attribute: NameNumber, geometry: [UInt8])]

  init(_ new: NewRegistration, names: NameTable) {
    values = EntityValues(of: new.entity, names: names)
    created = new.entity.createdAt.timestamp
    modified = new.entity.modifiedAt.timestamp
    expires = new.entity.expiresAt?.instant.timestamp
    observed = range(new.observed)
    managed = range(new.managed)
    geometries = new.entity.attributes.flatMap { attribute in
      attribute.instances.filter { $0.type == .geoProperty }.map { instance in
        (names.required(attribute.name), instance.value.withRaw { Array($0) })
      }
    }
  }

  /// - Parameter source: has `tenant` and `key` of the registration.
  func insertGeometries(from source: String) -> SQL {
    """
    INSERT INTO registration_geo (tenant, registration, attribute, place, geo)
    SELECT r.tenant, r.key, g.attribute, g.place, ST_GeomFromGeoJSON(g.geo)::geography
    FROM \(identifier: source) AS r,
      unnest(\(geometries.map(\.attribute)), \(geometries.map(\.geometry)))
        WITH ORDINALITY AS g (attribute, geo, place)
    """
  }
}

private func range(_ interval: NewRegistration.Interval?) -> SQL {
  guard let interval else { return "NULL" }
  return "tstzrange(\(interval.start.timestamp), \(interval.end?.timestamp as Timestamp?), '[]')"
}
