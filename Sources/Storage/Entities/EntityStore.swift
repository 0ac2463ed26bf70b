import JSON
import JSONLD
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

  /// The same for transactions that lock Entities. Others wait for these locks: a broker that is gone
  /// without a word loses them, and who waits is told before its client gives up.
  package static let writerSettings = sessionSettings.merging([
    "lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s",
  ]) { $1 }

  private let keys: KeyBlocks
  /// As the sequence `entity_key` counts.
  static let keysPerBlock = 1000

  /// For the stores of all loops.
  package static func newKeys() -> KeyBlocks {
    KeyBlocks(of: "SELECT nextval('entity_key')", blockSize: keysPerBlock)
  }

  package init(
    names: NameTable, typesets: TypesetTable, indexed: IndexedAttributeTable, keys: KeyBlocks,
    writers: Pool, readers: Pool
  ) {
    self.names = names
    self.typesets = typesets
    self.indexed = indexed
    self.writers = writers
    self.readers = readers
    self.keys = keys
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
    _ changes: [(tenant: TenantNumber, change: EntityChange, locked: LockedEntity?)],
    newKeys: Int, indexVersion: Int64
  ) async throws(PostgresError) -> Int64 {
    try await indexed.load(upTo: indexVersion, from: readers)
    let firstKey = try await keys.take(newKeys, from: readers)
    var unknown: Set<IRI> = []
    for (_, change, _) in changes { names.collectUnknown(of: change, into: &unknown) }
    try await names.create(unknown, in: readers)
    for (tenant, change, locked) in changes {
      if let past = locked?.pastTypeset, typesets.types(of: past, tenant: tenant) == nil {
        try await typesets.load(tenant, from: readers)
      }
      try await create(change.after?.types, tenant: tenant)
      try await create(pastTypes(change, locked, tenant: tenant), tenant: tenant)
    }
    return firstKey
  }

  /// For an Entity without a row.
  func newKey() async throws(PostgresError) -> Int64 { try await keys.take(1, from: readers) }

  func create(_ types: [IRI]?, tenant: TenantNumber) async throws(PostgresError) {
    guard let types else { return }
    let numbers = types.map { names.required($0) }
    guard typesets.number(of: numbers, tenant: tenant) == nil else { return }
    try await typesets.create(numbers, tenant: tenant, in: readers)
  }

  /// All types that the Entity ever had; nil if they are those that it has.
  private func pastTypes(
    _ change: EntityChange, _ locked: LockedEntity?, tenant: TenantNumber
  ) -> [IRI]? {
    let now = change.after?.types ?? []
    guard locked?.pastTypeset != nil || locked?.entity?.types != now else { return nil }
    var types =
      locked?.pastTypeset.flatMap { typesets.types(of: $0, tenant: tenant) }
      ?? locked?.entity?.types ?? []
    for type in now where !types.contains(type) { types.append(type) }
    return Set(types) == Set(now) ? nil : types
  }

  func typeset(of types: [IRI]?, tenant: TenantNumber) -> TypesetNumber? {
    types.flatMap { types in
      typesets.number(of: types.map { names.required($0) }, tenant: tenant)
    }
  }

  /// The rows of a change that `prepare` has seen; `newKey` is for an Entity without a row.
  package func write(
    _ change: EntityChange, of reference: EntityReference, locked: LockedEntity?, newKey: Int64,
    at now: DateTime
  ) -> EntityWrite {
    let typeset = typeset(of: change.after?.types, tenant: reference.tenant)
    // Without a typeset, the row would count as that of a deleted Entity.
    precondition((typeset == nil) == (change.after == nil), "`prepare` has not seen this change")
    return EntityWrite(
      change, id: reference.id, locked: locked, newKey: newKey, tenant: reference.tenant,
      typeset: typeset,
      pastTypeset: self.typeset(
        of: pastTypes(change, locked, tenant: reference.tenant), tenant: reference.tenant),
      at: now, names: names, indexed: indexed.attributes(of: reference.tenant))
  }
}

/// Tenant and id of an Entity, by which the write path locks it.
package struct EntityReference: Hashable, Sendable {
  package let tenant: TenantNumber
  private let iri: IRI

  package init(tenant: TenantNumber, id: String) {
    self.tenant = tenant
    iri = IRI(id)
  }

  package var id: String { iri.text }
}
