import JSON
package import NGSILD
package import Postgres

/// Entities in the database: the write path's two flights and reads by id.
///
/// One per loop; the tables of names and typesets are shared by the process.
package final class EntityStore {
  package let names: NameTable
  package let typesets: TypesetTable
  let indexed: IndexedAttributeTable
  /// For the flights of the write path, one connection each.
  let writers: Pool
  /// For single statements by key.
  package let readers: Pool
  /// Sessions that only ever find rows by key.
  ///
  /// The generic plan is right for them, and planning costs more than running. It is made once, at
  /// a time when tables may be empty, so plans that read whole tables are ruled out.
  package static let sessionSettings = [
    "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off",
    "enable_mergejoin": "off",
  ]

  private let keys: KeyBlocks
  /// As the sequence `entity_key` counts.
  static let keysPerBlock = 1000

  package init(
    names: NameTable, typesets: TypesetTable, indexed: IndexedAttributeTable, writers: Pool,
    readers: Pool
  ) {
    self.names = names
    self.typesets = typesets
    self.indexed = indexed
    self.writers = writers
    self.readers = readers
    keys = KeyBlocks(of: "SELECT nextval('entity_key')", blockSize: Self.keysPerBlock)
  }
}

// MARK: Writing

extension EntityStore {
  /// Gives `body` a connection of its own for the flights of one transaction.
  package func withWriter<Result>(
    _ body: (Connection) async throws(PostgresError) -> Result
  ) async throws(PostgresError) -> Result {
    try await writers.withConnection(body)
  }

  /// Makes sure that everything that the rows of `changes` refer to has its number, and returns the
  /// first of `newKeys` keys for new Entities.
  ///
  /// - Parameter indexVersion: that of `LockedEntities`.
  package func prepare(
    _ changes: [(tenant: TenantNumber, change: EntityChange)], newKeys: Int, indexVersion: Int64
  ) async throws(PostgresError) -> Int64 {
    try await indexed.load(upTo: indexVersion, from: readers)
    let firstKey = try await keys.take(newKeys, from: readers)
    var unknown: Set<String> = []
    for (_, change) in changes { names.collectUnknown(of: change, into: &unknown) }
    try await names.create(unknown, in: readers)
    for (tenant, change) in changes {
      guard let types = numbers(ofTypes: change),
        typesets.number(of: types, tenant: tenant) == nil
      else { continue }
      try await typesets.create(types, tenant: tenant, in: readers)
    }
    return firstKey
  }

  /// The rows of a change that `prepare` has seen; `newKey` is for an Entity without a row.
  package func write(
    _ change: EntityChange, of reference: EntityReference, locked: LockedEntity?, newKey: Int64,
    at now: DateTime
  ) -> EntityWrite {
    let typeset = numbers(ofTypes: change).flatMap {
      typesets.number(of: $0, tenant: reference.tenant)
    }
    // Without a typeset, the row would count as that of a deleted Entity.
    precondition((typeset == nil) == (change.after == nil), "`prepare` has not seen this change")
    return EntityWrite(
      change, id: reference.id, locked: locked, newKey: newKey, tenant: reference.tenant,
      typeset: typeset, at: now, names: names, indexed: indexed.attributes(of: reference.tenant))
  }

  private func numbers(ofTypes change: EntityChange) -> [NameNumber]? {
    change.after?.types.map { names.required($0.text) }
  }
}

/// Tenant and id of an Entity, by which the write path locks it.
package struct EntityReference: Hashable, Sendable {
  package let tenant: TenantNumber
  package let id: String

  package init(tenant: TenantNumber, id: String) {
    self.tenant = tenant
    self.id = id
  }
}
