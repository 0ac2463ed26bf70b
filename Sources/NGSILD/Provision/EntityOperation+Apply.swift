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
      return try create(id: id, inPlaceOf: entity, at: now)
    }
    var edit = EntityEdit(entity, at: now)
    switch self {
    case .create: throw NGSILDError(.alreadyExists, "The Entity '\(id)' exists already")
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
    }
    return edit.result
  }

  private func create(
    id: String, inPlaceOf expired: Entity?, at now: DateTime
  ) throws(NGSILDError) -> OperationResult {
    switch self {
    case .create(let fragment), .upsert(let fragment, _):
      guard !fragment.types.isEmpty else { throw .missingType(of: id) }
      let entity = Entity(id: id, types: fragment.types, createdAt: now, modifiedAt: now)
      var edit = EntityEdit(new: entity, inPlaceOf: expired, at: now)
      try edit.fill(with: fragment)
      return edit.result
    default: throw NGSILDError(.resourceNotFound, "The Entity '\(id)' does not exist")
    }
  }
}

extension NGSILDError {
  static func missingType(of id: String) -> NGSILDError {
    .badRequestData("The Entity '\(id)' has no type; 'type' is expected")
  }
}
