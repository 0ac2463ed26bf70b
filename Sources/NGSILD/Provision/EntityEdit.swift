import JSONLD

/// An Entity under an operation: every write of an Attribute instance goes through here, so that
/// timestamps are right and no change is forgotten.
struct EntityEdit {
  private(set) var entity: Entity
  private(set) var changes: [AttributeChange] = []
  private(set) var notUpdated: [OperationResult.NotUpdated] = []
  let now: DateTime
  /// What the history is given in the place of `changes`.
  var record: TemporalRecord?
  private let before: Entity?
  private let expired: [AttributeChange]
  /// Also of sub-Attributes, which `expired` does not list.
  private let hasExpired: Bool
  /// An Attribute without instances keeps its place.
  private var places = AttributePlaces()
  private var isAnyEmpty = false

  /// - Parameter entity: What is stored; what has expired in it counts as absent (4.22).
  init(_ entity: Entity, at now: DateTime) {
    self.entity = entity
    self.now = now
    hasExpired = entity.hasExpired(at: now)
    expired = hasExpired ? self.entity.removeExpired(at: now) : []
    before = self.entity
  }

  /// A new Entity.
  ///
  /// - Parameter expired: What is left of an old one with the same id.
  init(new entity: Entity, inPlaceOf expired: Entity?, at now: DateTime) {
    self.entity = entity
    self.now = now
    self.expired = expired?.deletions ?? []
    hasExpired = expired != nil
    before = nil
  }

  var result: OperationResult {
    var after = entity
    if isAnyEmpty { after.attributes.removeAll { $0.instances.isEmpty } }
    return OperationResult(
      change: EntityChange(
        before: before, after: after, attributes: changes, expired: expired, record: record),
      notUpdated: notUpdated)
  }

  /// The Entity ceases to exist.
  var deletion: OperationResult {
    OperationResult(
      change: EntityChange(
        before: before, after: nil, attributes: before?.deletions ?? [], expired: expired))
  }

  /// - Throws: `resourceNotFound` if nothing in the Entity has expired.
  func requireExpiry() throws(NGSILDError) {
    guard hasExpired else {
      throw NGSILDError(.resourceNotFound, "Nothing in the Entity '\(entity.id)' has expired")
    }
  }

  // MARK: Attributes

  mutating func instance(_ name: IRI, _ datasetId: IRI?) -> AttributeInstance? {
    place(of: name).flatMap { entity.attributes[$0][datasetId] }
  }

  mutating func instances(_ name: IRI) -> [AttributeInstance] {
    place(of: name).map { entity.attributes[$0].instances } ?? []
  }

  /// Changes, adds or deletes the instance that `fragment` names.
  mutating func apply(
    _ fragment: AttributeFragment, to name: IRI, by patch: AttributePatch
  ) throws(NGSILDError) {
    let place = place(of: name)
    let stored = place.flatMap { entity.attributes[$0][fragment.datasetId] }
    if let instance = try patch.apply(fragment, to: stored, named: name, at: now) {
      changes.append(AttributeChange(name: name, before: stored, after: instance))
      put(instance, named: name, at: place)
    } else {
      remove(name, fragment.datasetId)
    }
  }

  /// Removes an instance; without one there is nothing to do.
  mutating func remove(_ name: IRI, _ datasetId: IRI?) {
    guard let place = place(of: name), let before = entity.attributes[place][datasetId] else {
      return
    }
    changes.append(AttributeChange(name: name, before: before, after: nil))
    entity.attributes[place].remove(datasetId)
    isAnyEmpty = isAnyEmpty || entity.attributes[place].instances.isEmpty
    touch()
  }

  /// Reports an Attribute once, of however many of its instances it is true.
  mutating func leave(_ name: String, because reason: String) {
    guard !notUpdated.contains(where: { $0.name.isExactly(name) }) else { return }
    notUpdated.append(.init(name: name, reason: reason))
  }

  private mutating func put(_ instance: AttributeInstance, named name: IRI, at place: Int?) {
    if let place {
      entity.attributes[place].put(instance)
    } else {
      entity.attributes.append(Attribute(name: name, instances: [instance]))
    }
    touch()
  }

  private mutating func place(of name: IRI) -> Int? {
    places.place(of: name, in: entity.attributes, named: \.name)
  }

  // MARK: Members of the Entity

  /// Types are only ever added (4.16).
  mutating func add(types: [IRI]) {
    for type in types where !entity.types.contains(type) { entity.types.append(type) }
    if !types.isEmpty { touch() }
  }

  mutating func set(types: [IRI]) {
    entity.types = types
    touch()
  }

  mutating func set(scopes: [String]) {
    entity.scopes = scopes
    touch()
  }

  mutating func set(expiresAt: FragmentValue<DateTimeText>) {
    switch expiresAt {
    case .absent: return
    case .deletion: entity.expiresAt = nil
    case .value(let instant): entity.expiresAt = instant
    }
    touch()
  }

  mutating func touch() { entity.modifiedAt = now }
}

extension Attribute {
  subscript(_ datasetId: IRI?) -> AttributeInstance? {
    instances.first { $0.datasetId == datasetId }
  }

  /// Puts `instance` in the place of the one with its `datasetId`; a new default one comes first.
  mutating func put(_ instance: AttributeInstance) {
    if instances.count == 1 && instances[0].datasetId == instance.datasetId {
      instances = [instance]
    } else if let place = instances.firstIndex(where: { $0.datasetId == instance.datasetId }) {
      instances[place] = instance
    } else if instance.datasetId == nil {
      instances.insert(instance, at: 0)
    } else {
      instances.append(instance)
    }
  }

  mutating func remove(_ datasetId: IRI?) {
    instances.removeAll { $0.datasetId == datasetId }
  }
}
