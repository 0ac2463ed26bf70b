import Broker
import JSON
import JSONLD
import NGSILD

/// How discovered types and Attributes are shown.
///
/// Standard: GS CIM 009, 4.5.10 to 4.5.15, 5.2.24 to 5.2.28.
struct DiscoveryRepresentation {
  let context: Context
  /// Whether each object carries the `@context` (JSON-LD bodies).
  let embedsContext: Bool

  // MARK: Types

  /// EntityTypeList.
  func write(listOf types: [AvailableType], id: String, to writer: inout JSONWriter) {
    object(id: "urn:ngsi-ld:EntityTypeList:\(id)", type: "EntityTypeList", &writer) { writer in
      names(types.map(\.name), as: "typeList", &writer)
    }
  }

  /// An array of EntityType.
  func write(detailsOf types: [AvailableType], to writer: inout JSONWriter) {
    writer.beginArray()
    for type in types {
      object(id: type.name.text, type: "EntityType", &writer) { writer in
        name(type.name, as: "typeName", &writer)
        names(type.attributes.map(\.name), as: "attributeNames", &writer)
      }
    }
    writer.endArray()
  }

  /// EntityTypeInfo.
  func write(_ type: AvailableType, to writer: inout JSONWriter) {
    object(id: type.name.text, type: "EntityTypeInfo", &writer) { writer in
      name(type.name, as: "typeName", &writer)
      writer.name("entityCount")
      writer.integer(type.entityCount)
      writer.name("attributeDetails")
      writer.beginArray()
      for attribute in type.attributes {
        part(id: attribute.name.text, type: "Attribute", &writer) { writer in
          name(attribute.name, as: "attributeName", &writer)
          attributeTypes(attribute, &writer)
        }
      }
      writer.endArray()
    }
  }

  // MARK: Attributes

  /// AttributeList.
  func write(listOf attributes: [AvailableAttribute], id: String, to writer: inout JSONWriter) {
    object(id: "urn:ngsi-ld:AttributeList:\(id)", type: "AttributeList", &writer) { writer in
      names(attributes.map(\.name), as: "attributeList", &writer)
    }
  }

  /// An array of Attribute, each without its counts and types.
  func write(detailsOf attributes: [AvailableAttribute], to writer: inout JSONWriter) {
    writer.beginArray()
    for attribute in attributes {
      object(id: attribute.name.text, type: "Attribute", &writer) { writer in
        name(attribute.name, as: "attributeName", &writer)
        names(attribute.entityTypes, as: "typeNames", &writer)
      }
    }
    writer.endArray()
  }

  /// Attribute.
  func write(_ attribute: AvailableAttribute, to writer: inout JSONWriter) {
    object(id: attribute.name.text, type: "Attribute", &writer) { writer in
      name(attribute.name, as: "attributeName", &writer)
      writer.name("attributeCount")
      writer.integer(attribute.instanceCount)
      attributeTypes(attribute, &writer)
      names(attribute.entityTypes, as: "typeNames", &writer)
    }
  }

  // MARK: Parts

  private func object(
    id: String, type: StaticString, _ writer: inout JSONWriter,
    _ members: (inout JSONWriter) -> Void
  ) {
    part(id: id, type: type, &writer) { writer in
      members(&writer)
      guard embedsContext else { return }
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
  }

  private func part(
    id: String, type: StaticString, _ writer: inout JSONWriter,
    _ members: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    writer.name("id")
    writer.string(id)
    writer.name("type")
    writer.string(type)
    members(&writer)
    writer.endObject()
  }

  private func name(_ name: IRI, as member: StaticString, _ writer: inout JSONWriter) {
    writer.name(member)
    writer.string(context.compact(name))
  }

  private func names(_ names: [IRI], as member: StaticString, _ writer: inout JSONWriter) {
    writer.name(member)
    writer.beginArray()
    for name in names { writer.string(context.compact(name)) }
    writer.endArray()
  }

  private func attributeTypes(_ attribute: AvailableAttribute, _ writer: inout JSONWriter) {
    writer.name("attributeTypes")
    writer.beginArray()
    for type in attribute.types { writer.string(type.term) }
    writer.endArray()
  }
}
