package import JSONLD

/// What a Context Source answers of the temporal evolution of an Entity.
///
/// Standard: EntityTemporal (GS CIM 009, 5.2.20).
package struct TemporalEntity: Sendable {
  package let id: String
  package var types: [IRI]
  package var createdAt: DateTime
  package var modifiedAt: DateTime
  /// Each with any number of instances, which have `instanceId` and, of deletions, `deletedAt`
  /// among their members.
  package var attributes: [Attribute]
  package var scopes: [TemporalRecord.Scopes]

  /// - Parameter fragment: read by the rules `temporalAnswer`.
  /// - Throws: `badRequestData` for one without id or type.
  package init(answer fragment: TemporalFragment) throws(NGSILDError) {
    guard let id = fragment.id, !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(fragment.id ?? "")' has no id or no type")
    }
    self.id = id
    types = fragment.types
    createdAt = fragment.given.createdAt ?? .earliest
    modifiedAt = fragment.given.modifiedAt ?? fragment.given.createdAt ?? .earliest
    scopes = fragment.scopes
    let surrounding = createdAt
    attributes = fragment.attributes.map { Attribute(answer: $0, in: surrounding) }
  }

  /// Of all Attributes.
  package var instanceCount: Int { attributes.reduce(scopes.count) { $0 + $1.instances.count } }
}
