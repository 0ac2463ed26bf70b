import JSONLD

/// Create or Update Temporal Evolution of an Entity, Add Attributes to it.
extension EntityEdit {
  /// Gives instances to the history; the latest of each Attribute and dataset becomes the current
  /// one, unless what is there was observed later (5.6.11, 5.6.12).
  ///
  /// Choice: the history and the current state of an Entity are one; GS CIM 009 leaves it open.
  mutating func record(_ fragment: TemporalFragment) throws(NGSILDError) {
    let newTypes = fragment.types.filter { !entity.types.contains($0) }
    add(types: newTypes)
    set(expiresAt: fragment.expiresAt)
    var record = TemporalRecord()
    for attribute in fragment.attributes {
      for instance in attribute.instances {
        record.instances.append(
          TemporalRecord.Instance(
            name: attribute.name, instance: try recorded(instance, named: attribute.name)))
      }
      for instance in attribute.latest where isCurrent(instance, attribute.name) {
        try apply(instance, to: attribute.name, by: .replace)
      }
    }
    record.scopes = fragment.scopes
    if let latest = fragment.scopes.latest, !latest.scopes.isExactly(entity.scopes) {
      set(scopes: latest.scopes)
    }
    self.record = record
  }

  /// The instance as the history has it; of a deletion, what tells of it.
  private func recorded(
    _ fragment: AttributeFragment, named name: IRI
  ) throws(NGSILDError) -> AttributeInstance {
    var complete = fragment
    if fragment.isDeletion {
      complete.value = .value(AttributeInstance.null(of: fragment.type ?? .property))
    }
    guard
      var instance = try AttributePatch.replace.apply(complete, to: nil, named: name, at: now)
    else { preconditionFailure("A complete fragment makes an instance") }
    guard fragment.isDeletion else { return instance }
    let observedAt = instance.members.first { $0.name == .observedAt }
    instance = instance.deleted(at: now)
    if let observedAt { instance.members.append(observedAt) }
    return instance
  }

  /// Whether no instance of the same dataset was observed later.
  private mutating func isCurrent(_ fragment: AttributeFragment, _ name: IRI) -> Bool {
    guard let stored = instance(name, fragment.datasetId)?.observedAt,
      let given = fragment.observedAt
    else { return true }
    return stored <= given
  }
}

extension EntityFragment.NamedFragments {
  /// The latest instance of each dataset; one that was not observed is given now.
  fileprivate var latest: [AttributeFragment] {
    var latest: [AttributeFragment] = []
    for instance in instances {
      guard let place = latest.firstIndex(where: { $0.datasetId == instance.datasetId }) else {
        latest.append(instance)
        continue
      }
      let time = { (fragment: AttributeFragment) in fragment.observedAt ?? .latest }
      if time(latest[place]) <= time(instance) { latest[place] = instance }
    }
    return latest
  }
}

extension [TemporalRecord.Scopes] {
  fileprivate var latest: TemporalRecord.Scopes? {
    self.max { ($0.observedAt?.instant ?? .latest) < ($1.observedAt?.instant ?? .latest) }
  }
}

extension AttributeFragment {
  fileprivate var observedAt: DateTime? {
    members.first { $0.name == .observedAt }.flatMap { DateTime($0.value) }
  }
}

extension AttributeInstance {
  fileprivate var observedAt: DateTime? { self[.observedAt].flatMap { DateTime($0) } }
}
