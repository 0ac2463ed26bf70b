import JSON
package import NGSILD
package import Postgres

/// Entities in the database: the write path's two flights and reads by id.
///
/// One per loop; the tables of names and typesets are shared by the process.
package final class EntityStore {
  package let names: NameTable
  package let typesets: TypesetTable
  /// For the flights of the write path, one connection each.
  let writers: Pool
  /// For single statements by key.
  package let readers: Pool
  private var nextKey: Int64 = 0
  private var keysLeft = 0

  package init(names: NameTable, typesets: TypesetTable, writers: Pool, readers: Pool) {
    self.names = names
    self.typesets = typesets
    self.writers = writers
    self.readers = readers
  }

  /// Keys for new Entities, from the block that this store holds.
  private func takeKeys(_ count: Int) async throws(PostgresError) -> Range<Int64> {
    while keysLeft < count {
      let first = try await readers.query("SELECT nextval('entity_key')")[0][0].int64
      // Blocks need not be adjacent: what is left of the old one is given up.
      nextKey = first
      keysLeft = Self.keysPerBlock
    }
    // Taken at once: another flight may take more before this one writes.
    keysLeft -= count
    defer { nextKey += Int64(count) }
    return nextKey..<nextKey + Int64(count)
  }

  private static let keysPerBlock = 1000
}

// MARK: Writing

extension EntityStore {
  /// Gives `body` a connection of its own for the flights of one transaction.
  package func withWriter<Result>(
    _ body: (Connection) async throws(PostgresError) -> Result
  ) async throws(PostgresError) -> Result {
    try await writers.withConnection(body)
  }

  /// Makes sure that everything that the rows of `changes` refer to has its number.
  ///
  /// Returns keys for the new Entities among them.
  package func prepare(
    _ changes: [(tenant: TenantNumber, change: EntityChange)], newKeys: Int
  ) async throws(PostgresError) -> Range<Int64> {
    var unknown: Set<String> = []
    for (_, change) in changes {
      unknown.formUnion(names.unknown(among: EntityWrite.names(of: change)))
    }
    try await names.create(unknown, in: readers)
    for (tenant, change) in changes {
      guard let types = numbers(ofTypes: change),
        typesets.number(of: types, tenant: tenant) == nil
      else { continue }
      try await typesets.create(types, tenant: tenant, in: readers)
    }
    return try await takeKeys(newKeys)
  }

  /// The rows of a change that `prepare` has seen.
  package func write(
    _ change: EntityChange, of reference: EntityReference, locked: LockedEntity?,
    newKey: @autoclosure () -> Int64, at now: DateTime
  ) -> EntityWrite {
    let typeset = numbers(ofTypes: change).flatMap {
      typesets.number(of: $0, tenant: reference.tenant)
    }
    return EntityWrite(
      change, id: reference.id, locked: locked, newKey: newKey(), tenant: reference.tenant,
      typeset: typeset, at: now, names: names)
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
