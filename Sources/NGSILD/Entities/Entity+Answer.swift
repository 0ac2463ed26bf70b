import JSON

/// What a Context Source answers or notifies of, as an Entity.
extension Entity {
  /// - Parameter fragment: read by the rules `answer` or `notification`.
  /// - Throws: `badRequestData` for one without id or type.
  package init(answer fragment: EntityFragment) throws(NGSILDError) {
    guard let id = fragment.id, !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(fragment.id ?? "")' has no id or no type")
    }
    let created = fragment.given.createdAt ?? .earliest
    self.init(
      id: id, types: fragment.types, createdAt: created,
      modifiedAt: fragment.given.modifiedAt ?? created)
    if case .value(let scopes) = fragment.scope { self.scopes = scopes }
    if case .value(let expiresAt) = fragment.expiresAt { self.expiresAt = expiresAt }
    attributes = fragment.attributes.map { Attribute(answer: $0, in: created) }
  }
}

extension AttributeFragment {
  /// That of a record of a deletion is Null.
  fileprivate func answeredValue(of type: AttributeType) -> JSONValue? {
    switch value {
    case .value(let value): value
    case .deletion: given.deletedAt == nil ? nil : AttributeInstance.null(of: type)
    case .absent: nil
    }
  }
}

extension Attribute {
  init(answer fragments: EntityFragment.NamedFragments, in surrounding: DateTime) {
    self.init(
      name: fragments.name,
      instances: fragments.instances.compactMap { AttributeInstance(answer: $0, in: surrounding) })
  }
}

extension AttributeInstance {
  /// nil for one without value, which the rules do not let through.
  fileprivate init?(answer fragment: AttributeFragment, in surrounding: DateTime) {
    guard let type = fragment.type, let value = fragment.answeredValue(of: type) else { return nil }
    let deleted = fragment.given.deletedAt
    let created = fragment.given.createdAt ?? deleted.flatMap { DateTime($0) } ?? surrounding
    let modified = fragment.given.modifiedAt ?? deleted.flatMap { DateTime($0) } ?? created
    self.init(
      type: type, value: value, datasetId: fragment.datasetId, members: fragment.members,
      subAttributes: fragment.subAttributes.map { Attribute(answer: $0, in: modified) },
      createdAt: created, modifiedAt: modified)
    if let deleted { members.append(Member(name: .deletedAt, value: deleted)) }
    if let id = fragment.given.instanceId { members.append(Member(name: .instanceId, value: id)) }
  }

  /// Puts `expiresAt` on an instance that expires later or never.
  package mutating func expire(notAfter expiresAt: DateTimeText) {
    if let own = self.expiresAt, own <= expiresAt.instant { return }
    members.removeAll { $0.name == .expiresAt }
    members.append(Member(name: .expiresAt, value: JSONValue(string: expiresAt.text)))
  }
}
