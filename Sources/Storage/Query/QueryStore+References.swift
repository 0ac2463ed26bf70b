package import NGSILD
package import Postgres

/// Keys of Entities, from which one on and up to which one.
package struct KeyRange: Sendable, Hashable {
  /// Not part of the range itself.
  let after: Int64
  let last: Int64

  package func after(_ key: Int64) -> KeyRange { KeyRange(after: key, last: last) }
}

/// An Entity's key and reference.
package struct KeyedReference: Sendable, Hashable {
  package let key: Int64
  package let reference: EntityReference
}

/// What goes through all Entities that a query selects reads them a chunk at a time.
extension QueryStore {
  /// The keys of all Entities that exist: those of later ones are greater.
  ///
  /// Choice: a block of keys that a process has begun to hand out counts as a whole.
  package func keys() async throws(PostgresError) -> KeyRange {
    let rows = try await readers.query(
      "SELECT last_value + \(EntityStore.keysPerBlock - 1) FROM entity_key")
    return KeyRange(after: 0, last: rows[0][0].int64)
  }

  /// The first Entities of `range` that `query` selects, in the order of their keys; its page and
  /// order play no part.
  ///
  /// - Parameter connection: of a transaction that has adopted the settings; nil for one of the
  ///   store's own.
  package func references(
    _ query: EntityQuery, in range: KeyRange, limit: Int, at now: DateTime, tenant: TenantNumber,
    on connection: Connection? = nil
  ) async throws(PostgresError) -> [KeyedReference] {
    let results = try await run(query, at: now, tenant: tenant, on: connection) { plan in
      QueryFlight([plan.references(in: range, limit: limit)])
    }
    return results[0].map { row in
      KeyedReference(
        key: row[0].int64, reference: EntityReference(tenant: tenant, id: row[1].string))
    }
  }
}
