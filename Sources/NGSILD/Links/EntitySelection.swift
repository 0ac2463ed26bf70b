package import JSONLD

/// What is shown of an Entity and of those that it links to.
package struct EntitySelection: Hashable, Sendable {
  /// All members, also of linked Entities.
  package static let all = EntitySelection()

  package var members: MemberSelection
  /// What is shown of linked Entities, by the Relationship that leads to them; all without entry.
  package var linked: [IRI: EntitySelection]

  package init(members: MemberSelection = .all, linked: [IRI: EntitySelection] = [:]) {
    self.members = members
    self.linked = linked
  }

  package func ofEntities(linkedBy relationship: IRI) -> EntitySelection {
    linked[relationship] ?? .all
  }
}
