package import JSON

/// An Entity of which somebody is notified, with what was deleted of it marked.
///
/// Standard: GS CIM 009, 5.8.6.
package struct ReportedEntity: Sendable {
  package var entity: Entity
  /// nil unless the Entity as a whole was deleted.
  package let deletedAt: DateTime?

  package init(_ entity: Entity, deletedAt: DateTime? = nil) {
    self.entity = entity
    self.deletedAt = deletedAt
  }

  /// - Parameter fragment: read by the rules `notification`.
  /// - Throws: `badRequestData` for one without id or type.
  package init(notified fragment: EntityFragment) throws(NGSILDError) {
    self.init(
      try Entity(answer: fragment),
      deletedAt: fragment.given.deletedAt.flatMap { DateTime($0) })
  }

  /// In stored form, from which it is rendered.
  package var stored: JSONValue { entity.stored(deletedAt: deletedAt) }
}
