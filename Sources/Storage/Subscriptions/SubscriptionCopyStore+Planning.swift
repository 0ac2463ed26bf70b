import NGSILD
package import Postgres

/// Up to which changes copies are planned.
package struct PlannedVersions: Sendable, Hashable {
  package var subscriptions: SubscriptionVersion
  package var registrations: RegistrationVersion

  package init(subscriptions: SubscriptionVersion, registrations: RegistrationVersion) {
    self.subscriptions = subscriptions
    self.registrations = registrations
  }
}

/// What planning changes of a tenant's copies.
package struct CopyChanges: Sendable {
  package var new: [(tenant: TenantNumber, copy: NewCopy)] = []
  package var changed: [(reference: CopyReference, source: [UInt8], wanted: [UInt8])] = []
  package var gone: [CopyReference] = []

  package init() {}

  package var isEmpty: Bool { new.isEmpty && changed.isEmpty && gone.isEmpty }
}

/// Planning: one process at a time, in one transaction.
extension SubscriptionCopyStore {
  /// Begins the transaction; returns up to where copies are planned.
  package static func beginPlanning(
    on connection: Connection
  ) async throws(PostgresError) -> PlannedVersions {
    let row = try await connection.flight([
      "BEGIN", "SELECT subscriptions, registrations FROM subscription_copy_plan FOR UPDATE",
    ])[1][0]
    return PlannedVersions(subscriptions: row[0].int64, registrations: row[1].int64)
  }

  /// What was changed since: subscriptions, and tenants with registrations that were.
  package static func changes(
    since versions: PlannedVersions, on connection: Connection
  ) async throws(PostgresError) -> (
    subscriptions: [(tenant: TenantNumber, number: SubscriptionNumber)], tenants: [TenantNumber]
  ) {
    let answers = try await connection.flight([
      """
      SELECT tenant, key FROM subscription
      WHERE version > \(versions.subscriptions) AND NOT of_registrations
      """,
      "SELECT DISTINCT tenant FROM registration WHERE version > \(versions.registrations)",
    ])
    return (
      answers[0].map { (TenantNumber($0[0].int), $0[1].int64) },
      answers[1].map { TenantNumber($0[0].int) }
    )
  }

  /// Copies that there are to be, of subscriptions.
  package static func copies(
    of subscriptions: [SubscriptionNumber], on connection: Connection
  ) async throws(PostgresError) -> [PlannedCopy] {
    try await connection.query(
      """
      SELECT \(PlannedCopy.columns) FROM subscription_copy
      WHERE subscription = ANY (\(subscriptions)) AND wanted IS NOT NULL
      ORDER BY key
      """
    ).map { PlannedCopy($0) }
  }

  /// Copies whose subscription or registration is no more.
  package static func orphans(
    on connection: Connection
  ) async throws(PostgresError) -> [CopyReference] {
    try await connection.query(
      """
      SELECT c.tenant, c.key FROM subscription_copy AS c
      WHERE c.wanted IS NOT NULL AND (
        NOT EXISTS (
          SELECT FROM subscription AS s WHERE s.tenant = c.tenant AND s.key = c.subscription
        ) OR NOT EXISTS (
          SELECT FROM registration AS r WHERE r.tenant = c.tenant AND r.key = c.registration
        )
      )
      """
    ).map { CopyReference(tenant: TenantNumber($0[0].int), key: $0[1].int64) }
  }

  /// Writes what is planned, and commits.
  package static func commit(
    _ changes: CopyChanges, upTo versions: PlannedVersions, on connection: Connection
  ) async throws(PostgresError) {
    var statements: [SQL] = []
    if !changes.gone.isEmpty { statements += remove(changes.gone) }
    if !changes.changed.isEmpty { statements.append(change(changes.changed)) }
    if !changes.new.isEmpty { statements.append(insert(changes.new)) }
    statements += [
      """
      UPDATE subscription_copy_plan
      SET subscriptions = \(versions.subscriptions), registrations = \(versions.registrations)
      """, "COMMIT",
    ]
    _ = try await connection.flight(statements)
  }

  private static func insert(_ new: [(tenant: TenantNumber, copy: NewCopy)]) -> SQL {
    let copies = new.map(\.copy)
    return """
      INSERT INTO subscription_copy
        (tenant, id, subscription, registration, part, source, wanted)
      SELECT * FROM unnest(
        \(new.map(\.tenant)), \(copies.map(\.id)), \(copies.map(\.subscription)),
        \(copies.map(\.registration)), \(copies.map(\.part)), \(copies.map(\.source)),
        \(copies.map(\.wanted)))
      """
  }

  private static func change(
    _ changed: [(reference: CopyReference, source: [UInt8], wanted: [UInt8])]
  ) -> SQL {
    """
    UPDATE subscription_copy AS c
    SET source = new.source, wanted = new.wanted, revision = c.revision + 1, changed = now(),
      attempts = 0, due = now()
    FROM unnest(
      \(changed.map(\.reference.tenant)), \(changed.map(\.reference.key)),
      \(changed.map(\.source)), \(changed.map(\.wanted))
    ) AS new (tenant, key, source, wanted)
    WHERE c.tenant = new.tenant AND c.key = new.key
    """
  }

  /// What no source can have is forgotten at once.
  private static func remove(_ gone: [CopyReference]) -> [SQL] {
    let references: SQL =
      "unnest(\(gone.map(\.tenant)), \(gone.map(\.key))) AS gone (tenant, key)"
    return [
      """
      DELETE FROM subscription_copy AS c USING \(references)
      WHERE c.tenant = gone.tenant AND c.key = gone.key AND NOT c.is_sent
      """,
      """
      UPDATE subscription_copy AS c
      SET wanted = NULL, revision = c.revision + 1, changed = now(), attempts = 0, due = now()
      FROM \(references)
      WHERE c.tenant = gone.tenant AND c.key = gone.key
      """,
    ]
  }
}
