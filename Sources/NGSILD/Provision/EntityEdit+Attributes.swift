import JSONLD

/// Operations on Attributes.
extension EntityEdit {
  /// Append Attributes: existing instances are replaced or, without `overwrite`, reported (5.6.3).
  mutating func append(_ fragment: EntityFragment, overwrite: Bool) throws(NGSILDError) {
    add(types: fragment.types)
    if case .value(let scopes) = fragment.scope {
      let new = scopes.filter { !entity.scopes.contains(scope: $0) }
      set(scopes: overwrite ? scopes : entity.scopes + new)
    }
    set(expiresAt: fragment.expiresAt)
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        if !overwrite && self.instance(attribute.name, instance.datasetId) != nil {
          leave(
            attribute.name.text, because: "The Attribute exists already and noOverwrite is set")
        } else {
          try apply(instance, to: attribute.name, by: .replace)
        }
      }
    }
  }

  /// Update Attributes: named instances are replaced whole, added, or deleted by Null (5.6.2).
  mutating func update(with fragment: EntityFragment) throws(NGSILDError) {
    add(types: fragment.types)
    switch fragment.scope {
    case .absent: break
    case .deletion: set(scopes: [])
    case .value(let scopes) where !entity.scopes.isEmpty: set(scopes: scopes)
    case .value: leave("scope", because: "The Entity has no scope to update")
    }
    set(expiresAt: fragment.expiresAt)
    try apply(fragment.attributes, by: .replace)
    touch()
  }

  /// Partial Attribute Update or Replace Attribute: the instance must exist (5.6.4, 5.6.19).
  mutating func change(
    _ name: IRI, with fragment: AttributeFragment, by patch: AttributePatch
  ) throws(NGSILDError) {
    try requireInstance(name, fragment.datasetId)
    try apply(fragment, to: name, by: patch)
  }

  mutating func delete(
    _ name: IRI, _ selection: EntityOperation.InstanceSelection
  ) throws(NGSILDError) {
    switch selection {
    case .one(let datasetId):
      try requireInstance(name, datasetId)
      remove(name, datasetId)
    case .all:
      let instances = instances(name)
      guard !instances.isEmpty else { throw missing(name, nil) }
      for instance in instances { remove(name, instance.datasetId) }
    }
  }

  /// - Throws: `resourceNotFound` if the Entity has none of them.
  mutating func delete(_ selection: EntityOperation.AttributeSelection) throws(NGSILDError) {
    let attributes = entity.attributes.filter { selection.includes($0.name) }
    guard !attributes.isEmpty else {
      throw NGSILDError(
        .resourceNotFound, "The Entity '\(entity.id)' has no Attribute to delete")
    }
    for attribute in attributes {
      for instance in attribute.instances { remove(attribute.name, instance.datasetId) }
    }
  }

  private mutating func requireInstance(_ name: IRI, _ datasetId: IRI?) throws(NGSILDError) {
    guard instance(name, datasetId) != nil else { throw missing(name, datasetId) }
  }

  private func missing(_ name: IRI, _ datasetId: IRI?) -> NGSILDError {
    let which = datasetId.map { " with the datasetId '\($0)'" } ?? ""
    return NGSILDError(
      .resourceNotFound, "The Entity '\(entity.id)' has no Attribute '\(name)'\(which)")
  }
}
