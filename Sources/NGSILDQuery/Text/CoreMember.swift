/// A member of an Entity or Attribute that is no Attribute itself, and is never expanded.
///
/// Standard: GS CIM 009, 4.8 and 4.9.
package enum CoreMember: String, CaseIterable, Hashable, Sendable {
  case id, type, scope
  case createdAt, modifiedAt, deletedAt, expiresAt
  case observedAt, unitCode, datasetId, lang, objectType, valueType, instanceId

  /// Members that a path may end in after an Attribute.
  static let ofAttributes: Set<CoreMember> = Set(allCases).subtracting([.id, .type, .scope])

  /// Whether its values are names, stored expanded.
  var holdsNames: Bool { self == .type || self == .objectType || self == .valueType }
}
