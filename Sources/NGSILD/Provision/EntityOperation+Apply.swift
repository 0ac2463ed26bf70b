import JSONLD

extension EntityOperation {
  /// Applies the operation to `entity`, the stored state, or nil if there is none.
  ///
  /// Pure: the caller stores what comes out. What has expired counts as absent (4.22).
  ///
  /// - Throws: `alreadyExists`, `resourceNotFound` or `badRequestData`; nothing is changed then.
  package func apply(
    to entity: Entity?, id: String, at now: DateTime
  ) throws(NGSILDError) -> OperationResult {
    guard let entity, !entity.isExpired(at: now) else {
      return try withoutEntity(id: id, expired: entity, at: now)
    }
    var edit = EntityEdit(entity, at: now)
    switch self {
    case .create(let fragment):
      // What is wrong with the Entity itself comes first, as if there were none yet.
      guard !fragment.types.isEmpty else { throw .missingType(of: id) }
      throw NGSILDError(.alreadyExists, "The Entity '\(id)' exists already")
    case .upsert(let fragment, .replace), .replaceEntity(let fragment):
      try edit.replace(with: fragment)
    case .upsert(let fragment, .update), .updateAttributes(let fragment):
      try edit.update(with: fragment)
    case .appendAttributes(let fragment, let overwrite):
      try edit.append(fragment, overwrite: overwrite)
    case .mergeEntity(let fragment, let options): try edit.merge(fragment, options)
    case .updateAttribute(let name, let fragment):
      try edit.change(name, with: fragment, by: .partial)
    case .replaceAttribute(let name, let fragment):
      try edit.change(name, with: fragment, by: .replace)
    case .deleteAttribute(let name, let selection): try edit.delete(name, selection)
    case .deleteScope: try edit.deleteScope()
    case .delete: return edit.deletion
    case .purgeAttributes(let selection): try edit.delete(selection)
    case .record(let fragment): try edit.record(fragment)
    case .expire: try edit.requireExpiry()
    }
    return edit.result
  }

  private func withoutEntity(
    id: String, expired: Entity?, at now: DateTime
  ) throws(NGSILDError) -> OperationResult {
    if case .expire = self, let expired {
      return OperationResult(change: EntityChange(expiryOf: expired, at: now))
    }
    switch self {
    case .create(let fragment), .upsert(let fragment, _):
      guard !fragment.types.isEmpty else { throw .missingType(of: id) }
      let entity = Entity(id: id, types: fragment.types, createdAt: now, modifiedAt: now)
      var edit = EntityEdit(new: entity, inPlaceOf: expired, at: now)
      try edit.fill(with: fragment)
      return edit.result
    case .record(let fragment):
      guard !fragment.types.isEmpty else { throw .missingType(of: id) }
      let entity = Entity(id: id, types: fragment.types, createdAt: now, modifiedAt: now)
      var edit = EntityEdit(new: entity, inPlaceOf: expired, at: now)
      try edit.record(fragment)
      return edit.result
    default: throw NGSILDError(.resourceNotFound, "The Entity '\(id)' does not exist")
    }
  }
}

extension EntityChange {
  /// Choice: an Entity that expires is deleted, and subscribers hear of it; its history just ends,
  /// without a record for each Attribute (TS 422_07).
  fileprivate convenience init(expiryOf entity: Entity, at now: DateTime) {
    var before = entity
    before.removeExpired(at: now)
    self.init(before: before, after: nil, attributes: [], expired: entity.deletions)
  }
}

extension NGSILDError {
  static func missingType(of id: String) -> NGSILDError {
    .badRequestData("The Entity '\(id)' has no type; 'type' is expected")
  }
}
