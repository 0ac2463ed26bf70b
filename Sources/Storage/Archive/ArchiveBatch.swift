import JSONLD
import NGSILD
import Postgres

/// What one transaction of an import adds.
struct ArchiveBatch {
  let tenant: TenantNumber
  let locked: LockedEntities
  private(set) var outcome = ArchiveImport.Outcome()
  private var entities: [ArchivedEntity] = []
  /// The states that are written, by id.
  private var changes: [IRI: (change: EntityChange, at: DateTime)] = [:]

  init(tenant: TenantNumber, locked: LockedEntities) {
    self.tenant = tenant
    self.locked = locked
  }

  mutating func refuse(_ entity: ArchivedEntity, because reason: String) {
    for line in entity.lines {
      outcome.refusals.append(ArchiveImport.Refusal(line: line.number, reason: reason))
    }
  }

  /// - Parameter version: of the Entity that exists.
  mutating func add(_ entity: ArchivedEntity, over version: EntityVersion?) {
    entities.append(entity)
    for line in entity.lines {
      switch line.line.content {
      case .state: outcome.entities += 1
      case .instances(let instances): outcome.instances += instances.count
      case .hours(let hours): outcome.hours += hours.reduce(0) { $0 + $1.hours.count }
      }
    }
    guard let (state, deletedAt) = entity.state else { return }
    let modified = deletedAt ?? state.modifiedAt
    if let version, version.modified >= modified { return }
    let before = row(of: entity.id)?.entity
    changes[entity.id] = (
      deletedAt == nil
        ? EntityChange(replacing: before, by: state)
        : EntityChange(replacing: before ?? state, by: nil), modified
    )
  }

  private func row(of id: String) -> LockedEntity? {
    locked.entities[EntityReference(tenant: tenant, id: id)]
  }

  // MARK: Rows

  /// All rows, with their keys and names.
  struct Rows {
    var writes: [EntityWrite] = []
    var instances: [(id: Int64, row: InstanceRow)] = []
    var hours: [HourRow] = []
    var pastTypesets: [(key: Int64, typeset: TypesetNumber)] = []
    let tenant: TenantNumber
  }

  struct HourRow {
    let entity: Int64
    let attribute: NameNumber
    let dataset: NameNumber
    let hour: ArchivedHour
  }

  func rows(_ store: EntityStore) async throws(PostgresError) -> Rows {
    let keys = try await prepare(store)
    var rows = Rows(tenant: tenant)
    for entity in entities {
      if let (change, at) = changes[entity.id] {
        rows.writes.append(
          store.write(
            change, of: EntityReference(tenant: tenant, id: entity.id),
            locked: row(of: entity.id), newKey: keys[entity.id] ?? 0, at: at))
      }
      guard let key = row(of: entity.id)?.key ?? keys[entity.id] else { continue }
      for line in entity.lines { add(line.line, key, to: &rows, store.names) }
      if let typeset = pastTypeset(of: entity, store) { rows.pastTypesets.append((key, typeset)) }
    }
    return rows
  }

  /// Gives everything its number; returns the keys of the Entities that are new.
  private func prepare(_ store: EntityStore) async throws(PostgresError) -> [IRI: Int64] {
    let new = entities.filter { changes[$0.id] != nil && row(of: $0.id) == nil }
    let firstKey = try await store.prepare(
      changes.map { id, change in (tenant, change.change, row(of: id.text)) }, newKeys: new.count,
      indexVersion: locked.indexVersion)
    let names = entities.flatMap { entity in
      entity.lines.flatMap(\.line.names) + (entity.pastTypes ?? [])
    }
    try await store.names.create(store.names.unknown(among: names), in: store.readers)
    for entity in entities { try await store.create(entity.pastTypes, tenant: tenant) }
    return Dictionary(
      uniqueKeysWithValues: zip(new.map { IRI($0.id) }, firstKey..<firstKey + Int64(new.count)))
  }

  /// Nil if the Entity has all types that it ever had.
  private func pastTypeset(of entity: ArchivedEntity, _ store: EntityStore) -> TypesetNumber? {
    guard let types = entity.pastTypes else { return nil }
    let present =
      changes[entity.id]?.change.after
      ?? (changes[entity.id] == nil ? row(of: entity.id)?.entity : nil)
    return Set(present?.types ?? []) == Set(types) ? nil : store.typeset(of: types, tenant: tenant)
  }

  private func add(_ line: ArchiveLine, _ key: Int64, to rows: inout Rows, _ names: NameTable) {
    switch line.content {
    case .state: break
    case .instances(let instances):
      for instance in instances {
        rows.instances.append((instance.id.number, instance.row(tenant, key, names)))
      }
    case .hours(let series):
      for series in series {
        let attribute = names.required(series.attribute)
        rows.hours += series.hours.map {
          HourRow(
            entity: key, attribute: attribute, dataset: names.dataset(series.dataset), hour: $0)
        }
      }
    }
  }
}

extension ArchiveLine.Instance {
  fileprivate func row(_ tenant: TenantNumber, _ key: Int64, _ names: NameTable) -> InstanceRow {
    switch value {
    case .attribute(let instance):
      InstanceRow(
        instance, named: names.required(member), tenant: tenant, entity: key, created: created,
        at: modified, names: names)
    case .scopes(let scopes):
      InstanceRow(
        scopes, tenant: tenant, entity: key, created: created, at: modified, names: names)
    }
  }
}

// MARK: Statements

extension ArchiveBatch.Rows {
  var statements: [SQL] {
    var statements = EntityStore.statements(writes)
    if !pastTypesets.isEmpty { statements.append(updatePastTypesets) }
    if !instances.isEmpty { statements += [insertInstances, advanceInstanceIDs] }
    statements += HistoryStore.enterScopes(instances.map(\.row))
    if !hours.isEmpty { statements.append(insertHours) }
    return statements
  }

  private var updatePastTypesets: SQL {
    """
    UPDATE entity AS e SET past_typeset = past.typeset
    FROM unnest(\(pastTypesets.map(\.key)), \(pastTypesets.map(\.typeset))) AS past (key, typeset)
    WHERE e.tenant = \(tenant) AND e.key = past.key AND e.past_typeset IS DISTINCT FROM past.typeset
    """
  }

  private var insertInstances: SQL {
    """
    INSERT INTO attribute_instance (id, \(HistoryStore.columns))
    SELECT given.id, \(HistoryStore.columns)
    FROM \(HistoryStore.table(of: instances.map(\.row)))
    JOIN unnest(\(instances.map(\.id))) WITH ORDINALITY AS given (id, place) USING (place)
    WHERE NOT EXISTS (
      SELECT FROM attribute_instance AS old
      WHERE old.tenant = new.tenant AND old.entity = new.entity
        AND old.attribute = new.attribute AND old.time = new.time AND old.id = given.id)
    ORDER BY place
    """
  }

  /// No instance is given an id again that came with an archive. Brokers may take some meanwhile.
  private var advanceInstanceIDs: SQL {
    let last = instances.map(\.id).max() ?? 0
    return """
      SELECT setval('attribute_instance_id', \(last) + 100000)
      FROM attribute_instance_id WHERE last_value <= \(last)
      """
  }

  private var insertHours: SQL {
    """
    INSERT INTO attribute_hour
      (tenant, entity, attribute, dataset, hour, minimum, maximum, average, count)
    SELECT \(tenant), new.*
    FROM unnest(
      \(hours.map(\.entity)), \(hours.map(\.attribute)), \(hours.map(\.dataset)),
      \(hours.map(\.hour.hour.timestamp)), \(hours.map(\.hour.minimum)),
      \(hours.map(\.hour.maximum)), \(hours.map(\.hour.average)), \(hours.map(\.hour.count))
    ) AS new
    ON CONFLICT DO NOTHING
    """
  }
}
