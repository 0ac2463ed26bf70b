import JSONLD

extension EntityOperation {
  /// Applies the operation to `entity`, the stored state, or nil if there is none.
  ///
  /// Pure: the caller stores what comes out. An expired Entity counts as none (4.22).
  ///
  /// - Throws: `alreadyExists`, `resourceNotFound` or `badRequestData`; nothing is changed then.
  package func apply(
    to entity: Entity?, id: String, at now: DateTime
  ) throws(NGSILDError) -> OperationResult {
    let stored = entity.flatMap { $0.isExpired(at: now) ? nil : $0 }
    switch self {
    case .create(let fragment):
      guard stored == nil else {
        throw NGSILDError(.alreadyExists, "The Entity '\(id)' exists already")
      }
      return try create(fragment, id: id, at: now)
    case .upsert(let fragment, let mode):
      guard let stored else { return try create(fragment, id: id, at: now) }
      var edit = EntityEdit(stored, at: now)
      var notUpdated: [OperationResult.NotUpdated] = []
      switch mode {
      case .replace: try edit.replace(with: fragment)
      case .update: notUpdated = try edit.update(with: fragment)
      }
      return edit.result(from: entity, notUpdated: notUpdated)
    default:
      guard let stored else {
        throw NGSILDError(.resourceNotFound, "The Entity '\(id)' does not exist")
      }
      return try change(stored, at: now)
    }
  }

  private func create(
    _ fragment: EntityFragment, id: String, at now: DateTime
  ) throws(NGSILDError) -> OperationResult {
    guard !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(id)' has no type; 'type' is expected")
    }
    var edit = EntityEdit(
      Entity(id: id, types: fragment.types, createdAt: now, modifiedAt: now), at: now)
    try edit.setMembers(of: fragment)
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        edit.put(try AttributeInstance(instance, at: now), named: attribute.name)
      }
    }
    return edit.result(from: nil)
  }

  private func change(_ stored: Entity, at now: DateTime) throws(NGSILDError) -> OperationResult {
    var edit = EntityEdit(stored, at: now)
    var notUpdated: [OperationResult.NotUpdated] = []
    switch self {
    case .appendAttributes(let fragment, let overwrite):
      notUpdated = try edit.append(fragment, overwrite: overwrite)
    case .updateAttributes(let fragment): notUpdated = try edit.update(with: fragment)
    case .updateAttribute(let name, let fragment): try edit.update(name, with: fragment)
    case .replaceAttribute(let name, let fragment): try edit.replace(name, with: fragment)
    case .deleteAttribute(let name, let selection): try edit.delete(name, selection)
    case .deleteScope: try edit.deleteScope()
    case .replaceEntity(let fragment): try edit.replace(with: fragment)
    case .delete:
      edit.removeAll()
      return OperationResult(
        change: EntityChange(before: stored, after: nil, attributes: edit.changes))
    case .create, .upsert: preconditionFailure("Handled with the Entity's absence")
    }
    return edit.result(from: stored, notUpdated: notUpdated)
  }
}

extension EntityEdit {
  fileprivate func result(
    from before: Entity?, notUpdated: [OperationResult.NotUpdated] = []
  ) -> OperationResult {
    OperationResult(
      change: EntityChange(before: before, after: entity, attributes: changes),
      notUpdated: notUpdated)
  }

  // MARK: Whole Entities

  fileprivate mutating func setMembers(of fragment: EntityFragment) throws(NGSILDError) {
    if case .value(let scopes) = fragment.scope { set(scopes: scopes) }
    if case .value(let expiresAt) = fragment.expiresAt { set(expiresAt: expiresAt) }
  }

  /// Types, scope and Attributes become those of the fragment; `createdAt` stays (5.6.18).
  ///
  /// Choice: an Attribute that the new content names keeps its `createdAt` too.
  fileprivate mutating func replace(with fragment: EntityFragment) throws(NGSILDError) {
    guard !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(entity.id)' has no type; 'type' is expected")
    }
    set(types: fragment.types)
    set(scopes: [])
    set(expiresAt: nil)
    try setMembers(of: fragment)
    for attribute in entity.attributes {
      let kept = fragment.attributes.first { $0.name == attribute.name }?.instances ?? []
      for instance in attribute.instances
      where !kept.contains(where: { $0.datasetId == instance.datasetId }) {
        remove(attribute.name, instance.datasetId)
      }
    }
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        put(try AttributeInstance(instance, at: now), named: attribute.name)
      }
    }
  }

  // MARK: Several Attributes

  /// Append Attributes: existing instances are replaced or, without `overwrite`, reported (5.6.3).
  fileprivate mutating func append(
    _ fragment: EntityFragment, overwrite: Bool
  ) throws(NGSILDError) -> [OperationResult.NotUpdated] {
    var notUpdated: [OperationResult.NotUpdated] = []
    add(types: fragment.types)
    if case .value(let scopes) = fragment.scope {
      let union = entity.scopes + scopes.filter { !entity.scopes.contains($0) }
      set(scopes: overwrite ? scopes : union)
    }
    if case .value(let expiresAt) = fragment.expiresAt { set(expiresAt: expiresAt) }
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        if !overwrite && self.instance(attribute.name, instance.datasetId) != nil {
          notUpdated.append(
            .init(
              name: attribute.name.text,
              reason: "The Attribute exists already and noOverwrite is set"))
        } else {
          put(try AttributeInstance(instance, at: now), named: attribute.name)
        }
      }
    }
    return notUpdated
  }

  /// Update Attributes: named instances are replaced whole, added, or deleted by Null (5.6.2).
  fileprivate mutating func update(
    with fragment: EntityFragment
  ) throws(NGSILDError) -> [OperationResult.NotUpdated] {
    var notUpdated: [OperationResult.NotUpdated] = []
    add(types: fragment.types)
    switch fragment.scope {
    case .absent: break
    case .deletion: set(scopes: [])
    case .value(let scopes) where !entity.scopes.isEmpty: set(scopes: scopes)
    case .value:
      notUpdated.append(.init(name: "scope", reason: "The Entity has no scope to update"))
    }
    switch fragment.expiresAt {
    case .absent: break
    case .deletion: set(expiresAt: nil)
    case .value(let expiresAt): set(expiresAt: expiresAt)
    }
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        if instance.isDeletion {
          remove(attribute.name, instance.datasetId)
        } else {
          put(try AttributeInstance(instance, at: now), named: attribute.name)
        }
      }
    }
    touch()
    return notUpdated
  }

  // MARK: One Attribute

  /// Partial Attribute Update: the members given are set or deleted, the others stay (5.6.4).
  fileprivate mutating func update(
    _ name: IRI, with fragment: AttributeFragment
  ) throws(NGSILDError) {
    var instance = try existing(name, fragment.datasetId)
    if fragment.isDeletion {
      remove(name, fragment.datasetId)
      return
    }
    if let type = fragment.type, type != instance.type {
      throw .badRequestData(
        "The Attribute '\(name)' is a \(instance.type.term); its type cannot become \(type.term)")
    }
    if case .value(let value) = fragment.value { instance.value = value }
    for member in fragment.members { instance.set(member) }
    for attribute in fragment.subAttributes { try instance.set(attribute, at: now) }
    put(instance, named: name)
  }

  /// Replace Attribute: nothing of the old instance but its `createdAt` stays (5.6.19).
  fileprivate mutating func replace(
    _ name: IRI, with fragment: AttributeFragment
  ) throws(NGSILDError) {
    _ = try existing(name, fragment.datasetId)
    put(try AttributeInstance(fragment, at: now), named: name)
  }

  fileprivate mutating func delete(
    _ name: IRI, _ selection: EntityOperation.InstanceSelection
  ) throws(NGSILDError) {
    switch selection {
    case .one(let datasetId):
      _ = try existing(name, datasetId)
      remove(name, datasetId)
    case .all:
      guard let attribute = entity[name] else { throw missing(name, nil) }
      for instance in attribute.instances { remove(name, instance.datasetId) }
    }
  }

  fileprivate mutating func deleteScope() throws(NGSILDError) {
    guard !entity.scopes.isEmpty else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(entity.id)' has no scope")
    }
    set(scopes: [])
  }

  private func existing(
    _ name: IRI, _ datasetId: String?
  ) throws(NGSILDError) -> AttributeInstance {
    guard let instance = instance(name, datasetId) else { throw missing(name, datasetId) }
    return instance
  }

  private func missing(_ name: IRI, _ datasetId: String?) -> NGSILDError {
    let which = datasetId.map { " with the datasetId '\($0)'" } ?? ""
    return NGSILDError(
      .resourceNotFound, "The Entity '\(entity.id)' has no Attribute '\(name)'\(which)")
  }
}

extension AttributeInstance {
  /// A new instance of what a complete fragment says.
  init(_ fragment: AttributeFragment, at now: DateTime) throws(NGSILDError) {
    guard let type = fragment.type, case .value(let value) = fragment.value else {
      throw .badRequestData("An Attribute has no value; a complete Attribute is expected")
    }
    self.init(
      type: type, value: value, datasetId: fragment.datasetId,
      members: fragment.members.filter { !$0.value.isNGSILDNull }, subAttributes: [],
      createdAt: now, modifiedAt: now)
    for attribute in fragment.subAttributes { try set(attribute, at: now) }
  }

  fileprivate mutating func set(_ member: Member) {
    let index = members.firstIndex { $0.name == member.name }
    if member.value.isNGSILDNull {
      if let index { members.remove(at: index) }
    } else if let index {
      members[index] = member
    } else {
      members.append(member)
    }
  }

  /// Replaces, adds or deletes sub-Attribute instances.
  fileprivate mutating func set(
    _ fragments: EntityFragment.NamedFragments, at now: DateTime
  ) throws(NGSILDError) {
    let index = subAttributes.firstIndex { $0.name == fragments.name }
    var instances = index.map { subAttributes[$0].instances } ?? []
    for fragment in fragments.instances {
      let place = instances.firstIndex { $0.datasetId == fragment.datasetId }
      if fragment.isDeletion {
        if let place { instances.remove(at: place) }
      } else if let place {
        var instance = try AttributeInstance(fragment, at: now)
        instance.createdAt = instances[place].createdAt
        instances[place] = instance
      } else {
        instances.append(try AttributeInstance(fragment, at: now))
      }
    }
    if let index { subAttributes.remove(at: index) }
    guard !instances.isEmpty else { return }
    let attribute = Attribute(name: fragments.name, instances: instances)
    subAttributes.insert(attribute, at: index ?? subAttributes.count)
  }
}
