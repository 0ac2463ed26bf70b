import JSON
import JSONLD
package import NGSILD
import Postgres

/// What the write path's first flight finds.
package struct LockedEntities: Sendable {
  /// What the clock of indexed Attributes said: rows that are made with less miss a declaration.
  package let indexVersion: Int64
  /// What the clock of subscriptions said: who writes knows all subscriptions up to it.
  package let subscriptionVersion: SubscriptionVersion
  /// Those that have a row.
  package var entities: [EntityReference: LockedEntity] = [:]
}

/// The row that one Entity has, as it was locked.
package struct LockedEntity: Sendable {
  package let key: Int64
  package let typeset: TypesetNumber?
  /// All types that it ever had, where they are more than those of `typeset`.
  package let pastTypeset: TypesetNumber?
  /// nil when the Entity was deleted and only its key is left.
  package let entity: Entity?
}

/// All rows that one change of one Entity writes.
///
/// A class, since a batch looks at each many times, a column at a time.
package final class EntityWrite: Sendable {
  package let tenant: TenantNumber
  package let id: String
  package let key: Int64
  /// Whether the Entity had no row.
  package let isNew: Bool
  /// nil for a deleted Entity.
  package let typeset: TypesetNumber?
  /// All types that it ever had, where they are more than those of `typeset`.
  package let pastTypeset: TypesetNumber?
  /// The stored form; for a deleted Entity what is left of it.
  package let document: [UInt8]
  package let change: EntityChange
  package let at: DateTime
  let values: EntityValues?
  /// Whether the Entity had a row of values.
  let hasValues: Bool
  let geometries: [GeometryRow]
  let removedGeometries: [InstanceKey]
  let instances: [InstanceRow]
  /// Attribute instances that had expired.
  let expired: [InstanceKey]
  /// What the change adds to the census; empty for one of values alone.
  let census: CensusChange
  /// What the change does to the index of declared Attributes; mostly nothing.
  let index: IndexChange

  /// Makes the rows of `change`; all its names have numbers, and its types a typeset.
  package init(
    _ change: EntityChange, id: String, locked: LockedEntity?, newKey: Int64,
    tenant: TenantNumber, typeset: TypesetNumber?, pastTypeset: TypesetNumber?, at now: DateTime,
    names: NameTable, indexed: [IndexedAttribute]
  ) {
    self.tenant = tenant
    self.id = id
    self.change = change
    self.typeset = typeset
    self.pastTypeset = pastTypeset
    self.at = now
    isNew = locked == nil
    hasValues = locked?.typeset != nil
    key = locked?.key ?? newKey
    var writer = JSONWriter(reservingCapacity: 2048)
    if let entity = change.after {
      entity.write(to: &writer)
      values = EntityValues(of: entity, names: names)
    } else {
      change.before?.writeTombstone(deletedAt: now, to: &writer)
      values = nil
    }
    document = writer.bytes
    let (tenant, key) = (self.tenant, self.key)
    // Instances that are recorded need not be the Entity's present ones.
    let values = change.record == nil ? self.values : nil
    instances =
      change.recordedInstances(at: now).map {
        InstanceRow(
          $0.instance, named: names.required($0.name), tenant: tenant, entity: key,
          values: values, at: now, names: names)
      }
      + change.recordedScopes.map {
        InstanceRow($0, tenant: tenant, entity: key, at: now, names: names)
      }
    expired = change.expired.map { InstanceKey($0.name, $0.datasetId, names: names) }
    let movesTypeset = locked?.typeset != nil && locked?.typeset != typeset
    census = CensusChange(change, from: locked, to: typeset, names: names)
    index = IndexChange(change, from: locked, to: typeset, indexed)
    (geometries, removedGeometries) = change.geometries(all: movesTypeset, names: names)
  }
}

/// Which instance of an Entity's Attributes.
struct InstanceKey: Sendable, Hashable {
  let attribute: NameNumber
  let dataset: NameNumber
}

struct GeometryRow: Sendable {
  let key: InstanceKey
  /// GeoJSON.
  let geometry: [UInt8]
}

extension DateTime {
  var timestamp: Timestamp { Timestamp(microseconds: microseconds) }
}

extension EntityChange {
  /// The instances that the history is given.
  fileprivate func recordedInstances(at now: DateTime) -> [TemporalRecord.Instance] {
    if let record { return record.instances }
    return attributes.compactMap { change in
      (change.after ?? change.before?.deleted(at: now)).map {
        TemporalRecord.Instance(name: change.name, instance: $0)
      }
    }
  }

  /// A change of scopes is part of the history (4.18); their order is of no account.
  fileprivate var recordedScopes: [TemporalRecord.Scopes] {
    if let record { return record.scopes }
    let scopes = after?.scopes ?? []
    guard !scopes.isExactly(before?.scopes ?? []) else { return [] }
    return [TemporalRecord.Scopes(scopes: scopes, observedAt: nil)]
  }
}

extension EntityWrite {
  /// Whether the Entity has Attributes of the same names as before.
  var keepsNames: Bool {
    guard hasValues, change.expired.isEmpty, let before = change.before?.attributes,
      let after = change.after?.attributes
    else { return false }
    return before.lazy.map(\.name).elementsEqual(after.lazy.map(\.name))
  }

  /// Calls `body` with each name that needs a number before the rows of `change` can be made.
  static func forEachName(of change: EntityChange, _ body: (IRI) -> Void) {
    for type in change.after?.types ?? [] { body(type) }
    if let before = change.before, before.types != change.after?.types {
      for type in before.types { body(type) }
    }
    if !change.recordedScopes.isEmpty { body(NameTable.scope) }
    for record in change.record?.instances ?? [] {
      forEachName(of: Attribute(name: record.name, instances: [record.instance]), body)
    }
    for attribute in change.after?.attributes ?? [] { forEachName(of: attribute, body) }
    // What was written is part of the Entity.
    for gone in [change.attributes, change.expired].joined() where gone.after == nil {
      body(gone.name)
      gone.datasetId.map(body)
    }
  }

  private static func forEachName(of attribute: Attribute, _ body: (IRI) -> Void) {
    body(attribute.name)
    for instance in attribute.instances {
      instance.datasetId.map(body)
      for attribute in instance.subAttributes { forEachName(of: attribute, body) }
    }
  }
}

extension Entity {
  /// What is left in the row of a deleted Entity, so that its history can be shown.
  fileprivate func writeTombstone(deletedAt: DateTime, to writer: inout JSONWriter) {
    var rest = self
    rest.attributes = []
    rest.scopes = []
    rest.expiresAt = nil
    rest.modifiedAt = deletedAt
    rest.write(to: &writer)
  }
}

extension EntityChange {
  /// Geometry rows to write and to remove; `all` writes also what did not change.
  fileprivate func geometries(
    all: Bool, names: NameTable
  ) -> (written: [GeometryRow], removed: [InstanceKey]) {
    var written: [GeometryRow] = []
    var removed: [InstanceKey] = []
    if all, let after {
      for attribute in after.attributes {
        for instance in attribute.instances where instance.type == .geoProperty {
          written.append(GeometryRow(attribute.name, instance, names: names))
        }
      }
    }
    for change in attributes {
      if let instance = change.after, instance.type == .geoProperty {
        if !all && !change.keepsGeometry {
          written.append(GeometryRow(change.name, instance, names: names))
        }
      } else if let instance = change.before, instance.type == .geoProperty {
        removed.append(InstanceKey(change.name, instance.datasetId, names: names))
      }
    }
    let kept = Set(written.map(\.key))
    for change in expired {
      guard let instance = change.before, instance.type == .geoProperty else { continue }
      let key = InstanceKey(change.name, instance.datasetId, names: names)
      if !kept.contains(key) { removed.append(key) }
    }
    return (written, removed)
  }
}

extension AttributeChange {
  /// Whether the stored geometry is still right: an index over places costs a write the most.
  fileprivate var keepsGeometry: Bool {
    guard let before, let after, before.type == .geoProperty else { return false }
    return before.value == after.value
  }
}

extension InstanceKey {
  init(_ name: IRI, _ datasetId: IRI?, names: NameTable) {
    attribute = names.required(name)
    dataset = names.dataset(datasetId)
  }
}

extension GeometryRow {
  init(_ name: IRI, _ instance: AttributeInstance, names: NameTable) {
    key = InstanceKey(name, instance.datasetId, names: names)
    geometry = instance.value.withRaw { Array($0) }
  }
}

extension NameTable {
  /// The number of a name that was created before.
  func required(_ name: IRI) -> NameNumber {
    guard let number = number(of: name) else {
      preconditionFailure("The name \(name) was not created before it is written")
    }
    return number
  }

  /// 0 stands for the default instance.
  func dataset(_ datasetId: IRI?) -> NameNumber {
    datasetId.map(required) ?? 0
  }
}
