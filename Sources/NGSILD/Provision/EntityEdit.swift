package import JSONLD

/// An Entity under an operation: every write of an Attribute instance goes through here, so that
/// timestamps are right and no change is forgotten.
struct EntityEdit {
  private(set) var entity: Entity
  private(set) var changes: [AttributeChange] = []
  let now: DateTime

  init(_ entity: Entity, at now: DateTime) {
    self.entity = entity
    self.now = now
  }

  func instance(_ name: IRI, _ datasetId: String?) -> AttributeInstance? {
    entity[name]?.instances.first { $0.datasetId == datasetId }
  }

  /// Puts `instance` in the place of the one with its `datasetId`, or adds it.
  ///
  /// A replaced instance keeps its `createdAt` (5.6.2, 5.6.3, 5.6.19).
  mutating func put(_ instance: AttributeInstance, named name: IRI) {
    var instance = instance
    let before = self.instance(name, instance.datasetId)
    instance.createdAt = before?.createdAt ?? now
    instance.modifiedAt = now
    changes.append(AttributeChange(name: name, before: before, after: instance))
    entity.put(instance, named: name)
    entity.modifiedAt = now
  }

  /// Removes an instance; without one there is nothing to do.
  mutating func remove(_ name: IRI, _ datasetId: String?) {
    guard let before = instance(name, datasetId) else { return }
    changes.append(AttributeChange(name: name, before: before, after: nil))
    entity.remove(name, datasetId)
    entity.modifiedAt = now
  }

  mutating func removeAll() {
    for attribute in entity.attributes {
      for instance in attribute.instances { remove(attribute.name, instance.datasetId) }
    }
  }

  /// Types are only ever added (4.16).
  mutating func add(types: [IRI]) {
    for type in types where !entity.types.contains(type) { entity.types.append(type) }
    if !types.isEmpty { entity.modifiedAt = now }
  }

  mutating func set(types: [IRI]) { entity.types = types }

  mutating func set(scopes: [String]) {
    entity.scopes = scopes
    entity.modifiedAt = now
  }

  mutating func set(expiresAt: DateTimeText?) {
    entity.expiresAt = expiresAt
    entity.modifiedAt = now
  }

  mutating func touch() { entity.modifiedAt = now }
}

extension Entity {
  package subscript(_ name: IRI) -> Attribute? {
    attributes.first { $0.name == name }
  }

  /// The default instance stays first, others in the order in which they came.
  fileprivate mutating func put(_ instance: AttributeInstance, named name: IRI) {
    guard let index = attributes.firstIndex(where: { $0.name == name }) else {
      attributes.append(Attribute(name: name, instances: [instance]))
      return
    }
    if let place = attributes[index].instances.firstIndex(where: {
      $0.datasetId == instance.datasetId
    }) {
      attributes[index].instances[place] = instance
    } else if instance.datasetId == nil {
      attributes[index].instances.insert(instance, at: 0)
    } else {
      attributes[index].instances.append(instance)
    }
  }

  fileprivate mutating func remove(_ name: IRI, _ datasetId: String?) {
    guard let index = attributes.firstIndex(where: { $0.name == name }) else { return }
    attributes[index].instances.removeAll { $0.datasetId == datasetId }
    if attributes[index].instances.isEmpty { attributes.remove(at: index) }
  }
}
