package import JSON
package import JSONLD

/// How Entities are shown as GeoJSON.
///
/// Shape: `{"id", "type": "Feature", "geometry", "properties": {"type", …}, "@context"?}`, several
/// of them in `{"type": "FeatureCollection", "features": […], "@context"?}`.
///
/// Standard: GS CIM 009, 4.5.16, 4.5.17, 5.2.29 to 5.2.31.
package struct FeatureRepresentation: Sendable {
  /// Of the properties.
  private let properties: Representation
  /// The GeoProperty that gives the geometry.
  private let geometryProperty: IRI
  private let embedsContext: Bool

  /// - Parameter representation: Of the Entities; whether it embeds the `@context` says whether the
  ///   outermost object does.
  package init(
    _ representation: Representation, geometryProperty: IRI = FeatureRepresentation.location
  ) {
    embedsContext = representation.embedsContext
    self.geometryProperty = geometryProperty
    var properties = representation
    properties.embedsContext = false
    self.properties = properties
  }

  package static let location = IRI("https://uri.etsi.org/ngsi-ld/location")

  /// One Entity as a Feature of its own.
  package func write(stored entity: JSONValue, at now: DateTime, to writer: inout JSONWriter) {
    writeFeature(of: entity, properties, at: now, embedsContext: embedsContext, to: &writer)
  }

  /// - Parameter linked: Entities that follow the others, to which they link.
  package func write(
    collection entities: [JSONValue], linked: [LinkedEntity] = [], at now: DateTime,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.name("type")
    writer.string("FeatureCollection")
    writer.name("features")
    writer.beginArray()
    for entity in entities {
      writeFeature(of: entity, properties, at: now, embedsContext: false, to: &writer)
    }
    for linked in linked {
      let properties = properties.showing(linked)
      writeFeature(of: linked.entity, properties, at: now, embedsContext: false, to: &writer)
    }
    writer.endArray()
    if embedsContext { writeContext(to: &writer) }
    writer.endObject()
  }

  private func writeFeature(
    of entity: JSONValue, _ properties: Representation, at now: DateTime, embedsContext: Bool,
    to writer: inout JSONWriter
  ) {
    let (representation, entity) = properties.amended(entity, at: now)
    var entityWriter = EntityWriter(representation, at: now)
    entityWriter.omitsID = true
    entity.withView { entity in
      writer.beginObject()
      if representation.members.shows(.id), let id = entity["id"] {
        writer.name("id")
        writer.value(id)
      }
      writer.name("type")
      writer.string("Feature")
      writer.name("geometry")
      if let geometry = geometry(of: entity, entityWriter) {
        writer.value(geometry)
      } else {
        writer.null()
      }
      writer.name("properties")
      if !entityWriter.write(entity, to: &writer) {
        writer.beginObject()
        writer.endObject()
      }
      if embedsContext { writeContext(to: &writer) }
      writer.endObject()
    }
  }

  private func writeContext(to writer: inout JSONWriter) {
    writer.name("@context")
    writer.raw(properties.context.bodyValue)
  }

  /// The value of the GeoProperty's instance that is asked for, else of the default one, whether or
  /// not it is among the members to show.
  private func geometry(of entity: JSONView, _ entityWriter: EntityWriter) -> JSONView? {
    let datasets = entityWriter.representation.datasets ?? [nil]
    for (name, instances) in entity.members where name.isSpelt(geometryProperty) {
      let instance = instances.elements.first { entityWriter.isShown($0, of: datasets) }
      guard let instance, instance["type"]?.isString("GeoProperty") == true else { return nil }
      return instance["value"].flatMap { $0.isObject ? $0 : nil }
    }
    return nil
  }
}
