import JSON
import JSONLD
import NGSILD
import Postgres

/// One row of history.
///
/// A class, since a batch looks at each many times, a column at a time.
final class InstanceRow: Sendable {
  let tenant: TenantNumber
  let entity: Int64
  let attribute: NameNumber
  let dataset: NameNumber
  let time: DateTime
  let isObserved: Bool
  let isDeletion: Bool
  let created: DateTime
  let modified: DateTime
  let expires: DateTime?
  let kind: InstanceKind
  let number: Double?
  /// What filters look at; nil where it can be told from `number` and the document.
  let comparable: [UInt8]?
  let document: [UInt8]

  /// - Parameters:
  ///   - instance: of a deletion, with the NGSI-LD Null and `deletedAt`.
  ///   - values: of the Entity that the instance is part of, if they are made already.
  ///   - created: nil if it is created now.
  init(
    _ instance: AttributeInstance, named attribute: NameNumber, tenant: TenantNumber,
    entity: Int64, values: EntityValues? = nil, created: DateTime? = nil, at now: DateTime,
    names: NameTable
  ) {
    self.tenant = tenant
    self.entity = entity
    self.attribute = attribute
    dataset = names.dataset(instance.datasetId)
    isDeletion = instance[.deletedAt] != nil
    self.created = created ?? now
    modified = now
    expires = instance.expiresAt
    let observed = instance[.observedAt].flatMap { DateTime($0) }
    time = observed ?? self.created
    isObserved = observed != nil
    (kind, number) = isDeletion ? (.none, nil) : InstanceKind.of(instance)
    comparable =
      if isDeletion || instance.isPlain(kind) {
        nil
      } else if instance.type != .geoProperty,
        let row = values?[
          InstanceKey(attribute: attribute, dataset: dataset)]
      {
        row
      } else {
        instance.comparable(names: names)
      }
    var writer = JSONWriter(reservingCapacity: 256)
    instance.write(to: &writer, createdAt: now)
    document = writer.bytes
  }

  /// The scopes that an Entity has from an instant on, by default from now on (GS CIM 009, 4.18).
  init(
    _ scopes: TemporalRecord.Scopes, tenant: TenantNumber, entity: Int64,
    created: DateTime? = nil, at now: DateTime, names: NameTable
  ) {
    self.tenant = tenant
    self.entity = entity
    attribute = names.scope
    dataset = 0
    isDeletion = scopes.scopes.isEmpty
    self.created = created ?? now
    modified = now
    expires = nil
    isObserved = !isDeletion || scopes.observedAt != nil
    time = scopes.observedAt?.instant ?? now
    kind = .scopes
    number = nil
    comparable = scopes.scopes.comparable
    document = scopes.document(at: now)
  }
}

extension NameTable {
  /// The name under which the history of an Entity's scopes stands: no Attribute can have it.
  static let scope = IRI("scope")

  var scope: NameNumber { required(Self.scope) }
}

extension AttributeInstance {
  /// Whether `number` and the document tell all that filters look at.
  fileprivate func isPlain(_ kind: InstanceKind) -> Bool {
    kind == .number && value.kind == .number && subAttributes.isEmpty
      && members.allSatisfy { $0.name == .observedAt || $0.name == .unitCode }
  }

  /// As in `EntityValues`, but with the geometry of a GeoProperty.
  fileprivate func comparable(names: NameTable) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 128)
    Storage.write(
      self, names: names, geometry: type == .geoProperty ? value : nil, to: &writer)
    return writer.bytes
  }
}

extension [String] {
  /// Scopes with their first slash.
  fileprivate var comparable: [UInt8] {
    var writer = JSONWriter()
    writer.beginArray()
    for scope in self { writer.string(scope.hasPrefix("/") ? scope : "/" + scope) }
    writer.endArray()
    return writer.bytes
  }
}

extension TemporalRecord.Scopes {
  /// A Property, as the history of scopes is shown (4.5.6); without any, what tells of their removal.
  fileprivate func document(at now: DateTime) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 256)
    writer.beginObject()
    writer.name("type")
    writer.string("Property")
    writer.name("value")
    if scopes.count == 1 {
      writer.string(scopes[0])
    } else {
      writer.beginArray()
      for scope in scopes { writer.string(scope) }
      writer.endArray()
    }
    if !scopes.isEmpty || observedAt != nil {
      writer.name("observedAt")
      writer.string(observedAt?.text ?? now.description)
    }
    if scopes.isEmpty {
      writer.name("deletedAt")
      writer.string(now.description)
    }
    writer.endObject()
    return writer.bytes
  }
}
