import JSON
import NGSILD

/// Entities as an answer shows them, with those that they link to.
struct EntityAnswer {
  private let entities: [JSONValue]
  private var representation: Representation
  let now: DateTime
  /// Linked Entities that follow the others, each with what is shown of it.
  private var linked: [(entity: JSONValue, selection: EntitySelection)] = []

  init(entities: [JSONValue], representation: Representation, at now: DateTime) {
    self.entities = entities
    self.representation = representation
    self.now = now
  }

  /// Adds what a traversal has found (4.5.23).
  mutating func add(_ traversal: LinkTraversal, showing selection: EntitySelection, as join: Join) {
    switch join.form {
    case .flat: linked = traversal.linked
    case .inline: representation.links = LinkedEntities(traversal, showing: selection, join: join)
    }
  }

  /// An array of all; Entities of which nothing is shown are left out.
  func writeList(to writer: inout JSONWriter) {
    writer.beginArray()
    for entity in entities { representation.write(stored: entity, at: now, to: &writer) }
    writeLinked(to: &writer)
    writer.endArray()
  }

  /// The one Entity, in an array only if linked Entities follow it.
  ///
  /// Returns whether anything is shown of it.
  func writeOne(to writer: inout JSONWriter) -> Bool {
    guard let entity = entities.first else { return false }
    if !linked.isEmpty { writer.beginArray() }
    guard representation.write(stored: entity, at: now, to: &writer) else { return false }
    writeLinked(to: &writer)
    if !linked.isEmpty { writer.endArray() }
    return true
  }

  private func writeLinked(to writer: inout JSONWriter) {
    var representation = representation
    for (entity, selection) in linked {
      representation.members = selection.members
      representation.write(stored: entity, at: now, to: &writer)
    }
  }
}
