package import JSON
import JSONLD

/// An Entity that others link to, and what is shown of it.
package struct LinkedEntity: Sendable {
  /// Its stored form.
  package let entity: JSONValue
  let selection: EntitySelection
}

extension Representation {
  /// The same, for an Entity to which a projection has members of its own.
  package func showing(_ linked: LinkedEntity) -> Representation {
    var representation = self
    representation.members = linked.selection.members
    return representation
  }
}

/// Linked Entities that are shown within the Relationships that refer to them.
///
/// Standard: inline Linked Entity retrieval (GS CIM 009, 4.5.23).
package struct LinkedEntities: Sendable {
  /// Stored forms by id.
  let entities: [IRI: JSONValue]
  /// How many Relationships may be followed from here.
  let level: Int
  /// What is shown, by the Relationship that is followed.
  let selections: [IRI: EntitySelection]
  /// Ids that are not shown again: the Entities around this place, and those that the caller has.
  var seen: Set<IRI>
  /// As of the representation around this place.
  var olderVersion: SpecificationVersion?

  package init(_ traversal: LinkTraversal, showing selection: EntitySelection, join: Join) {
    self.init(
      entities: traversal.entities, level: join.level, selections: selection.linked,
      seen: join.containedBy)
  }

  private init(
    entities: [IRI: JSONValue], level: Int, selections: [IRI: EntitySelection],
    seen: Set<IRI>
  ) {
    self.entities = entities
    self.level = level
    self.selections = selections
    self.seen = seen
  }

  /// Those that are shown within an Entity of which `selection` is shown.
  func within(_ selection: EntitySelection) -> LinkedEntities {
    LinkedEntities(
      entities: entities, level: level - 1, selections: selection.linked, seen: seen)
  }
}
