import JSONLD

/// Operations on whole Entities.
extension EntityEdit {
  /// The content of a new Entity (5.6.1).
  mutating func fill(with fragment: EntityFragment) throws(NGSILDError) {
    if case .value(let scopes) = fragment.scope { set(scopes: scopes) }
    set(expiresAt: fragment.expiresAt)
    try apply(fragment.attributes, by: .replace)
  }

  /// Types, scope and Attributes become those of the fragment; `createdAt` stays (5.6.18).
  ///
  /// Choice: an Attribute that the new content names keeps its `createdAt` too.
  mutating func replace(with fragment: EntityFragment) throws(NGSILDError) {
    guard !fragment.types.isEmpty else { throw .missingType(of: entity.id) }
    set(types: fragment.types)
    set(scopes: [])
    set(expiresAt: .deletion)
    removeInstances(missingIn: fragment.attributes)
    try fill(with: fragment)
  }

  private mutating func removeInstances(missingIn fragments: [EntityFragment.NamedFragments]) {
    var places = AttributePlaces()
    for attribute in entity.attributes {
      let place = places.place(of: attribute.name, in: fragments, named: \.name)
      let kept = place.map { fragments[$0].instances } ?? []
      for instance in attribute.instances
      where !kept.contains(where: { $0.datasetId == instance.datasetId }) {
        remove(attribute.name, instance.datasetId)
      }
    }
  }

  /// Merge Entity (5.6.17).
  mutating func merge(
    _ fragment: EntityFragment, _ options: MergeOptions
  ) throws(NGSILDError) {
    add(types: fragment.types)
    switch fragment.scope {
    case .absent: break
    case .deletion: set(scopes: [])
    case .value(let scopes): set(scopes: scopes)
    }
    set(expiresAt: fragment.expiresAt)
    try apply(fragment.attributes, by: .merge(options))
    touch()
  }

  mutating func deleteScope() throws(NGSILDError) {
    guard !entity.scopes.isEmpty else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(entity.id)' has no scope")
    }
    set(scopes: [])
  }

  mutating func apply(
    _ attributes: [EntityFragment.NamedFragments], by patch: AttributePatch
  ) throws(NGSILDError) {
    for attribute in attributes {
      for instance in attribute.instances { try apply(instance, to: attribute.name, by: patch) }
    }
  }
}
