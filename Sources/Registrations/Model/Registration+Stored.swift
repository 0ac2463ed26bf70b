package import JSON
import JSONLD
package import NGSILD
import Subscriptions

/// The form in which registrations are stored.
///
/// Shape: that of the API, with names as IRIs; Context Source Properties stand as the stored form
/// of an Entity in `properties`, and `simpleProperties` lists those that are shown as mere values.
/// Timestamps have columns of their own.
extension Registration {
  package var stored: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writeMembers(to: &writer, names: .stored, information: information)
    if !properties.isEmpty {
      writer.name("properties")
      propertiesEntity.write(to: &writer)
      writer.member(
        "simpleProperties", properties.filter(\.isSimple).map(\.attribute.name.text))
    }
    writer.endObject()
    return writer.bytes
  }

  private var propertiesEntity: Entity {
    Entity(
      id: id, types: [Self.type], createdAt: createdAt, modifiedAt: createdAt,
      attributes: properties.map(\.attribute))
  }

  /// Reads what `stored` wrote.
  ///
  /// - Throws: what a newer broker may have stored and this one does not know.
  package init(
    stored document: JSONValue, createdAt: DateTime, modifiedAt: DateTime
  ) throws(NGSILDError) {
    let reader = try MemberReader(document, "")
    self = try RegistrationParser(context: .core).read(
      reader, id: try reader.string("id") ?? "", createdAt: createdAt)
    self.modifiedAt = modifiedAt
    guard let properties = try reader.value("properties") else { return }
    let simple = Set(try reader.strings("simpleProperties") ?? [])
    self.properties = Entity(stored: properties).attributes.map { attribute in
      ContextSourceProperty(
        attribute: attribute, isSimple: simple.contains(attribute.name.text))
    }
  }
}
