import JSONLD
package import NGSILD
package import Postgres

/// What Context Sources have of the Entities of a Snapshot, ready to be added to its data.
package struct SnapshotAdditions {
  struct Row {
    let entity: Entity
    let key: Int64
    let typeset: TypesetNumber
  }

  let rows: [Row]
  let instances: [InstanceRow]

  /// Entities that are written at once.
  static let rowsAtOnce = 500
}

extension EntityStore {
  /// Gives names, types and new Entities their numbers, all in the name of the tenant that the
  /// Snapshot belongs to, as what is copied of it has them.
  ///
  /// Before the transaction that fills the Snapshot, which would not see them otherwise.
  ///
  /// - Parameters:
  ///   - entities: put together with what is held here; those of all histories are among them.
  ///   - histories: what sources have of the history.
  package func prepare(
    _ entities: [Entity], _ histories: [TemporalEntity], for snapshot: StoredSnapshot,
    at now: DateTime
  ) async throws(PostgresError) -> SnapshotAdditions {
    try await createNames(entities, histories)
    let keys = try await keys(of: entities.map(\.id), in: snapshot.tenant)
    var rows: [SnapshotAdditions.Row] = []
    for (entity, key) in zip(entities, keys) {
      try await create(entity.types, tenant: snapshot.tenant)
      guard let typeset = typeset(of: entity.types, tenant: snapshot.tenant) else {
        preconditionFailure("Types that were created have a number")
      }
      rows.append(SnapshotAdditions.Row(entity: entity, key: key, typeset: typeset))
    }
    let keysByID = Dictionary(zip(entities.map { IRI($0.id) }, keys), uniquingKeysWith: { $1 })
    var instances: [InstanceRow] = []
    for history in histories {
      guard let key = keysByID[history.id] else { continue }
      instances += history.rows(of: key, tenant: snapshot.data, at: now, names)
    }
    return SnapshotAdditions(rows: rows, instances: instances)
  }

  private func createNames(
    _ entities: [Entity], _ histories: [TemporalEntity]
  ) async throws(PostgresError) {
    var unknown: Set<IRI> = []
    for entity in entities {
      names.collectUnknown(of: EntityChange(replacing: nil, by: entity), into: &unknown)
    }
    var others: Set = [NameTable.scope]
    for attribute in histories.flatMap(\.attributes) {
      others.insert(attribute.name)
      for instance in attribute.instances { others.formUnion(instance.names) }
    }
    try await names.create(unknown.union(names.unknown(among: others)), in: readers)
  }

  /// Those that Entities have here, and new ones.
  private func keys(
    of ids: [String], in tenant: TenantNumber
  ) async throws(PostgresError) -> [Int64] {
    let known = try await readers.query(
      "SELECT id, key FROM entity WHERE tenant = \(tenant) AND id = ANY (\(ids))")
    let byID = Dictionary(
      known.map { (IRI($0[0].string), $0[1].int64) }, uniquingKeysWith: { $1 })
    var keys: [Int64] = []
    for id in ids {
      if let key = byID[id] {
        keys.append(key)
      } else {
        keys.append(try await newKey())
      }
    }
    return keys
  }
}

extension SnapshotFilling {
  /// Adds what Context Sources have, after all copies: what they and this broker have of an Entity
  /// together takes the place of what was copied.
  package func add(_ additions: SnapshotAdditions, at now: DateTime) async throws(PostgresError) {
    var rest = additions.rows[...]
    while !rest.isEmpty {
      let rows = Array(rest.prefix(SnapshotAdditions.rowsAtOnce))
      rest = rest.dropFirst(rows.count)
      let writes = rows.map { row in
        EntityWrite(
          EntityChange(replacing: nil, by: row.entity), id: row.entity.id, locked: nil,
          newKey: row.key, tenant: snapshot.data, typeset: row.typeset, pastTypeset: nil, at: now,
          names: history.names, indexed: [])
      }
      try await connection.flight(
        ["entity_value", "entity_geo", "entity"].map { table in
          """
          DELETE FROM \(identifier: table)
          WHERE tenant = \(snapshot.data) AND key IN (
            SELECT key FROM entity
            WHERE tenant = \(snapshot.data) AND id = ANY (\(rows.map(\.entity.id))))
          """
        })
      try await connection.flight(EntityStore.currentState(writes))
    }
    guard !additions.instances.isEmpty else { return }
    try await connection.query(HistoryStore.upsert(additions.instances))
  }
}
