package import JSON
package import JSONLD

/// The form in which Entities are stored and worked on.
///
/// Shape: `{"id", "type": [IRI], "scope": [..]?, "createdAt", "modifiedAt", "expiresAt"?, IRI:
/// [instance]}`, an instance being `{"type", value member, "datasetId"?, …, "createdAt"?,
/// "modifiedAt"?, IRI: [instance]}`. Names of Attributes have a colon, other members have none.
/// Written without white space.
///
/// Most timestamps of instances can be told from others and are left out: `createdAt` where it is
/// that of the Entity or, of a sub-Attribute, the `modifiedAt` of the instance around it;
/// `modifiedAt` where it is `createdAt`. Those that a Context Source did not tell are absent, too;
/// `.earliest` stands for them.
extension Entity {
  /// Reads what `write(to:)` wrote.
  ///
  /// A text of another shape is a broken database: nothing here is checked again.
  package init(stored: JSONValue) {
    self = stored.withView { Entity(stored: $0) }
  }

  private init(stored: JSONView) {
    var entity = Entity(
      id: stored["id"]?.string ?? "", types: [], createdAt: .earliest, modifiedAt: .earliest)
    entity.attributes.reserveCapacity(stored.count)
    for (name, value) in stored.members {
      switch CoreMember(stored: name.contents) {
      case .id?: break
      case .type?: entity.types = value.elements.map { IRI($0.string) }
      case .scope?: entity.scopes = value.elements.map(\.string)
      case .createdAt?: entity.createdAt = value.storedDateTime
      case .modifiedAt?: entity.modifiedAt = value.storedDateTime
      case .expiresAt?:
        entity.expiresAt = try? DateTimeText(parsing: value.string, of: "expiresAt")
      default:
        entity.attributes.append(Attribute(storedAs: name, value, in: entity.createdAt))
      }
    }
    self = entity
  }

  /// - Parameter deletedAt: of an Entity that was deleted, as notifications tell of it; such a form
  ///   is rendered, never stored.
  package func write(to writer: inout JSONWriter, deletedAt: DateTime? = nil) {
    writer.beginObject()
    writer.name("id")
    writer.string(id)
    writer.name("type")
    writer.beginArray()
    for type in types { writer.string(type.text) }
    writer.endArray()
    if !scopes.isEmpty {
      writer.name("scope")
      writer.beginArray()
      for scope in scopes { writer.string(scope) }
      writer.endArray()
    }
    if createdAt != .earliest { writer.member("createdAt", createdAt) }
    if modifiedAt != .earliest { writer.member("modifiedAt", modifiedAt) }
    if let deletedAt { writer.member("deletedAt", deletedAt) }
    if let expiresAt {
      writer.name("expiresAt")
      writer.string(expiresAt.text)
    }
    for attribute in attributes { attribute.write(to: &writer, in: createdAt) }
    writer.endObject()
  }

  /// - Parameter deletedAt: as for `write(to:deletedAt:)`.
  package func stored(deletedAt: DateTime? = nil) -> JSONValue {
    var writer = JSONWriter(reservingCapacity: 2048)
    write(to: &writer, deletedAt: deletedAt)
    return JSONValue(storedDocument: writer.bytes)
  }
}

extension Attribute {
  fileprivate init(storedAs name: JSONView, _ value: JSONView, in surrounding: DateTime) {
    self.init(
      name: IRI(name.string),
      instances: value.elements.map { AttributeInstance(stored: $0, in: surrounding) })
  }

  /// - Parameter surrounding: the timestamp of what is around it, which its own need not repeat.
  package func write(to writer: inout JSONWriter, in surrounding: DateTime) {
    writer.name(name.text)
    writer.beginArray()
    for instance in instances { instance.write(to: &writer, in: surrounding) }
    writer.endArray()
  }
}

extension AttributeInstance {
  package init(stored: JSONValue, in surrounding: DateTime) {
    self = stored.withView { AttributeInstance(stored: $0, in: surrounding) }
  }

  fileprivate init(stored: JSONView, in surrounding: DateTime) {
    var type = AttributeType.property
    var value: JSONValue?
    var datasetId: IRI?
    var members: [Member] = []
    var subAttributes: [Attribute] = []
    var createdAt = surrounding
    var modifiedAt: DateTime?
    for (name, member) in stored.members {
      switch CoreMember(stored: name.contents) {
      case .type?: type = AttributeType(stored: member) ?? type
      case .datasetId?: datasetId = IRI(member.string)
      case .createdAt?: createdAt = member.storedDateTime
      case .modifiedAt?: modifiedAt = member.storedDateTime
      case let core? where core.attributeType != nil: value = member.value
      case let core?: members.append(Member(name: core, value: member.value))
      case nil:
        subAttributes.append(Attribute(storedAs: name, member, in: modifiedAt ?? createdAt))
      }
    }
    self.init(
      type: type, value: value ?? stored.value, datasetId: datasetId, members: members,
      subAttributes: subAttributes, createdAt: createdAt, modifiedAt: modifiedAt ?? createdAt)
  }

  /// - Parameter surrounding: the timestamp of what is around it; without one, both of its own are
  ///   written.
  package func write(to writer: inout JSONWriter, in surrounding: DateTime?) {
    write(to: &writer, in: surrounding, createdAt: createdAt, modifiedAt: modifiedAt)
  }

  /// Writes it as one that was created, and not modified since, when what is around it was.
  package func write(to writer: inout JSONWriter, createdAt instant: DateTime) {
    write(to: &writer, in: instant, createdAt: instant, modifiedAt: instant)
  }

  private func write(
    to writer: inout JSONWriter, in surrounding: DateTime?, createdAt: DateTime,
    modifiedAt: DateTime
  ) {
    writer.beginObject()
    writer.name("type")
    writer.string(type.term)
    writer.name(type.valueMember.term)
    writer.value(value)
    if let datasetId {
      writer.name("datasetId")
      writer.string(datasetId.text)
    }
    for member in members {
      writer.name(member.name.term)
      writer.value(member.value)
    }
    if createdAt != surrounding && createdAt != .earliest { writer.member("createdAt", createdAt) }
    if surrounding == nil || modifiedAt != createdAt { writer.member("modifiedAt", modifiedAt) }
    for attribute in subAttributes { attribute.write(to: &writer, in: modifiedAt) }
    writer.endObject()
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: StaticString, _ time: DateTime) {
    self.name(name)
    time.withBytes { string(contents: $0) }
  }
}

extension JSONView {
  /// The characters of a string.
  fileprivate var string: String {
    hasEscapes ? value.string ?? "" : String(decoding: contents, as: UTF8.self)
  }

  fileprivate var storedDateTime: DateTime { DateTime(contents) ?? .earliest }
}

extension JSONValue {
  /// The types of a stored Entity.
  package var storedTypes: [IRI] {
    self["type"]?.elements.map { IRI($0.string ?? "") } ?? []
  }
}
