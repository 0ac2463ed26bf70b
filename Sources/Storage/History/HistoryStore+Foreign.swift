import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// Makes rows of what Context Sources have answered.
extension HistoryStore {
  /// - Parameter foreign: nil to read what is held here alone.
  func queryScope(
    _ part: HistoryPart, beside foreign: ForeignHistory?, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> QueryScope {
    let scope = queryScope(at: now, tenant: tenant)
    guard let foreign else { return scope }
    try await names.find(names.unknown(among: foreign.names), in: pool)
    let unknown = names.unknown(among: foreign.names)
    let extended = NameTable(extending: names, by: unknown.sorted())
    let own = try await ownEntities(of: foreign, in: scope)
    var rows = ForeignRows(foreign, own: own, names: extended, in: scope)
    rows = try await resolved(rows, HistoryWindow(part.temporal, in: scope))
    return QueryScope(
      tenant: tenant, now: now, names: extended, typesets: scope.typesets + rows.typesets,
      indexed: [], foreign: rows)
  }

  /// What is held here of the same Entities.
  private func ownEntities(
    of foreign: ForeignHistory, in scope: QueryScope
  ) async throws(PostgresError) -> [IRI: FoundEntity] {
    let ids = foreign.evolutions.map(\.id)
    guard !ids.isEmpty else { return [:] }
    let rows = try await queries.query(
      """
      SELECT \(entityColumns) FROM entity AS e
      WHERE e.tenant = \(scope.tenant) AND e.id = ANY (\(ids))
      """)
    let found = try await entities(rows, tenant: scope.tenant)
    return Dictionary(
      found.map { (IRI($0.history.entity["id"]?.string ?? ""), $0) }, uniquingKeysWith: { $1 })
  }

  /// Leaves one instance of each time, that which was modified last (4.5.5.3).
  private func resolved(
    _ rows: ForeignRows, _ window: HistoryWindow
  ) async throws(PostgresError) -> ForeignRows {
    let instances = rows.instances
    let isSame: SQL =
      window.property == .observedAt ? "AND i.is_observed = new.is_observed" : ""
    guard !instances.isEmpty else { return rows }
    let found = try await queries.query(
      """
      SELECT new.place, i.id, i.modified
      FROM unnest(
        \(instances.map(\.entity)), \(instances.map(\.attribute)), \(instances.map(\.dataset)),
        \(instances.map { $0.time(window.property).timestamp }),
        \(instances.map(\.isObserved))
      ) WITH ORDINALITY AS new (entity, attribute, dataset, at, is_observed, place)
      JOIN attribute_instance AS i
        ON i.tenant = \(rows.tenant) AND i.entity = new.entity AND i.attribute = new.attribute
        AND i.dataset = new.dataset AND \(window.time) = new.at \(isSame)
      WHERE \(rows.isOwn)
      """)
    var rows = rows
    for row in found {
      let place = row[0].int - 1
      if DateTime(row[2].timestamp) >= instances[place].modified {
        rows.dropped.insert(place)
      } else {
        rows.hidden.append(row[1].int64)
      }
    }
    return rows
  }
}

extension ForeignHistory {
  /// All names that its rows refer to by number.
  fileprivate var names: Set<IRI> {
    var names: Set<IRI> = []
    for attribute in evolutions.flatMap(\.attributes) {
      names.insert(attribute.name)
      for instance in attribute.instances { names.formUnion(instance.names) }
    }
    for claim in claims { names.formUnion(claim.attributes) }
    return names
  }
}

extension InstanceRow {
  fileprivate func time(_ property: TemporalQuery.TimeProperty) -> DateTime {
    switch property {
    case .observedAt: time
    case .createdAt: created
    case .modifiedAt, .deletedAt: modified
    }
  }
}

// MARK: Rows

extension ForeignRows {
  /// The key of the first Entity that only sources have: after those of all Entities here.
  private static let firstKey: Int64 = 1 << 62

  /// - Parameters:
  ///   - own: the same Entities, as far as they are here.
  ///   - names: has all names.
  fileprivate init(
    _ foreign: ForeignHistory, own: [IRI: HistoryStore.FoundEntity], names: NameTable,
    in scope: QueryScope
  ) {
    var typesets: [TypesetTable.Typeset] = []
    var entities: [EntityRow] = []
    var instances: [InstanceRow] = []
    var ids: [String?] = []
    for (place, entity) in foreign.evolutions.enumerated() {
      let known = own[entity.id]
      let types = entity.types.reduce(into: known?.history.types ?? []) { types, type in
        if !types.contains(type) { types.append(type) }
      }
      let typeset = Self.number(of: types, among: &typesets)
      let row = EntityRow(
        entity, key: known?.key ?? Self.firstKey + Int64(place), typeset: typeset,
        own: known?.history.entity)
      entities.append(row)
      instances += entity.rows(of: row.key, tenant: scope.tenant, at: scope.now, names)
      ids += entity.instanceIDs
    }
    self.init(
      tenant: scope.tenant, names: names, typesets: typesets, entities: entities,
      instances: instances, instanceIDs: ForeignInstanceIDs(ids),
      claims: foreign.claims.map { ClaimRow($0, names, in: scope) },
      areSelected: foreign.areSelected, end: foreign.end)
  }

  private static func number(
    of types: [IRI], among typesets: inout [TypesetTable.Typeset]
  ) -> TypesetNumber {
    if let known = typesets.first(where: { $0.types == types }) { return known.number }
    let number = TypesetNumber.max - TypesetNumber(typesets.count)
    typesets.append(TypesetTable.Typeset(number: number, types: types))
    return number
  }
}

extension ForeignRows.EntityRow {
  fileprivate init(
    _ entity: TemporalEntity, key: Int64, typeset: TypesetNumber, own: JSONValue?
  ) {
    let ownCreated = own?["createdAt"].flatMap { DateTime($0) } ?? .latest
    let ownModified = own?["modifiedAt"].flatMap { DateTime($0) } ?? .earliest
    let isDated = entity.createdAt != .earliest
    created = isDated ? min(entity.createdAt, ownCreated) : ownCreated
    modified = max(entity.modifiedAt, ownModified)
    self.key = key
    self.typeset = typeset
    id = entity.id
    var writer = JSONWriter(reservingCapacity: 128)
    writer.beginObject()
    writer.name("id")
    writer.string(entity.id)
    if created != .latest {
      writer.name("createdAt")
      writer.string("\(created)")
      writer.name("modifiedAt")
      writer.string("\(modified)")
    }
    writer.endObject()
    document = writer.bytes
  }
}

extension ForeignRows.ClaimRow {
  fileprivate init(_ claim: ForeignHistory.Claim, _ names: NameTable, in scope: QueryScope) {
    condition = HistoryFilter.selected(QueryPlan.arms(claim.selectors, in: scope))
    attributes = claim.attributes.compactMap { names.number(of: $0) }
  }
}

extension TemporalEntity {
  /// Its instances as rows, in the order of `instanceIDs`.
  func rows(
    of entity: Int64, tenant: TenantNumber, at now: DateTime, _ names: NameTable
  ) -> [InstanceRow] {
    attributes.flatMap { attribute in
      attribute.instances.map { instance in
        var instance = instance
        instance.members.removeAll { $0.name == .instanceId }
        return InstanceRow(
          instance, named: names.required(attribute.name), tenant: tenant, entity: entity,
          created: instance.createdAt, at: instance.modifiedAt, names: names)
      }
    }
      + scopes.map {
        InstanceRow($0, tenant: tenant, entity: entity, at: $0.changedAt ?? now, names: names)
      }
  }

  /// What the source calls each instance; nil for one that it does not name, as those of scopes.
  fileprivate var instanceIDs: [String?] {
    attributes.flatMap { $0.instances.map { $0[.instanceId]?.string } } + scopes.map { _ in nil }
  }
}
