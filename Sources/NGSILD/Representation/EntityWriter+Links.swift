import JSON
import JSONLD

/// Linked Entities within the Relationships that refer to them (4.5.23).
extension EntityWriter {
  /// Writes the member that holds the linked Entities of an instance, if any is shown.
  func writeLinked(of instance: JSONView, by relationship: JSONView, to writer: inout JSONWriter) {
    if let object = instance["object"] {
      let start = writer.position
      writer.name("entity")
      if object.isArray, object.count > 1 {
        writeAll(object, by: relationship, from: start, to: &writer)
      } else if !write(Array(object.ids).first, by: relationship, to: &writer) {
        writer.rewind(to: start)
      }
    } else if let list = instance["objectList"] {
      let start = writer.position
      writer.name("entityList")
      writeAll(list, by: relationship, from: start, to: &writer)
    }
  }

  private func writeAll(
    _ objects: JSONView, by relationship: JSONView, from start: JSONWriter.Position,
    to writer: inout JSONWriter
  ) {
    var hasEntities = false
    writer.beginArray()
    for id in objects.ids where write(id, by: relationship, to: &writer) { hasEntities = true }
    if hasEntities { writer.endArray() } else { writer.rewind(to: start) }
  }

  /// Writes a Relationship's value in the simplified representation, with Entities for their ids.
  func writeObjects(_ objects: JSONView, by relationship: JSONView, to writer: inout JSONWriter) {
    guard objects.isArray else {
      write(orID: objects, by: relationship, to: &writer)
      return
    }
    writer.beginArray()
    for object in objects.elements { write(orID: object, by: relationship, to: &writer) }
    writer.endArray()
  }

  private func write(orID object: JSONView, by relationship: JSONView, to writer: inout JSONWriter)
  {
    let id = object["object"] ?? object
    if !write(id.value.string, by: relationship, to: &writer) { writer.value(id) }
  }

  /// Returns whether the Entity is shown; nothing is written if not.
  private func write(
    _ id: String?, by relationship: JSONView, to writer: inout JSONWriter
  ) -> Bool {
    guard let id, let links, links.level > 0, !links.seen.contains(id),
      let entity = links.entities[id]
    else { return false }
    let selection = links.selections[IRI(relationship.value.string ?? "")] ?? .all
    var representation = representation
    representation.members = selection.members
    representation.links = links.within(selection)
    representation.embedsContext = false
    representation.olderVersion = links.olderVersion
    return representation.write(stored: entity, at: now, to: &writer)
  }
}

extension JSONView {
  /// Ids in an `object` or `objectList`.
  fileprivate var ids: [String] {
    guard isArray else { return [value.string].compactMap(\.self) }
    return elements.compactMap { ($0["object"] ?? $0).value.string }
  }
}
