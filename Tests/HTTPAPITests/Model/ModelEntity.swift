/// An Attribute instance as the model keeps it.
struct ModelInstance: Hashable {
  var type: String
  var value: PlainJSON
  /// `observedAt`, `unitCode` and the like.
  var members: [String: PlainJSON] = [:]
  var attributes: [String: ModelInstances] = [:]
  /// Numbers of steps, in place of instants.
  var createdAt: Int
  var modifiedAt: Int
}

/// Instances by datasetId; the default one is `@none`.
typealias ModelInstances = [String: ModelInstance]

/// An Entity as the model keeps it.
struct ModelEntity: Hashable {
  var types: Set<String>
  var scopes: Set<String> = []
  var expiresAt: String?
  var attributes: [String: ModelInstances] = [:]
  var createdAt: Int
  var modifiedAt: Int
  /// After a step that changed nothing: the standard lets `modifiedAt` move or stay.
  var mayHaveMoved = false
}

/// The semantics of a change (5.5.8, 5.5.12; the table of provision, 1.4).
enum ModelPatch {
  /// Whole instances.
  case replace
  /// Each member that is supplied.
  case partial
  /// Members recursively; bare strings are in `lang`, old `observedAt`s become the given one.
  case merge(lang: String?, observedAt: PlainJSON?)

  /// The instance that comes out; nil for none.
  func apply(
    _ fragment: ModelFragment, to stored: ModelInstance?, named name: String, at now: Int
  ) throws(ModelRefusal) -> ModelInstance? {
    let fragment = try read(fragment, beside: stored, named: name)
    if fragment.isNull {
      // Whether another type refuses a deletion is not said.
      guard isReplace || stored == nil || fragment.type ?? stored?.type == stored?.type else {
        throw .undefined
      }
      return nil
    }
    guard let stored, !isReplace else { return try new(fragment, insteadOf: stored, at: now) }
    return try changed(stored, by: fragment, at: now)
  }

  private var isReplace: Bool { if case .replace = self { true } else { false } }

  private func read(
    _ fragment: ModelFragment, beside stored: ModelInstance?, named name: String
  ) throws(ModelRefusal) -> ModelFragment {
    guard let object = fragment.bareObject else { return fragment }
    let reader = FragmentReader(rules: .merge)
    guard stored != nil else {
      // A Null that would delete a member of a value that does not exist.
      guard object.object?.values.contains(ngsiLDNull) != true else { throw .undefined }
      return try reader.completeObject(object, named: name)
    }
    guard object != [:] else { throw .undefined }
    return try reader.members(object.object ?? [:], as: nil, isTypeGiven: false, named: name)
  }

  // MARK: New instances

  private func new(
    _ fragment: ModelFragment, insteadOf stored: ModelInstance?, at now: Int
  ) throws(ModelRefusal) -> ModelInstance? {
    guard let type = fragment.type, var value = fragment.value else { throw .badRequestData }
    if isMerge && (type == "Property" || type == "LanguageProperty") {
      value = mergePatched(nil, with: value)
      guard type == "Property" || value != [:] else { throw .undefined }
    }
    var instance = ModelInstance(
      type: type, value: value, createdAt: stored?.createdAt ?? now, modifiedAt: now)
    for (name, value) in fragment.members where value != ngsiLDNull {
      instance.members[name] = value
    }
    try change(&instance.attributes, by: fragment.attributes, at: now)
    return instance
  }

  private var isMerge: Bool { if case .merge = self { true } else { false } }

  // MARK: Changed instances

  private func changed(
    _ stored: ModelInstance, by fragment: ModelFragment, at now: Int
  ) throws(ModelRefusal) -> ModelInstance? {
    var instance = stored
    if let value = try fitted(fragment, to: stored) {
      instance.value =
        isMerge && ["Property", "LanguageProperty"].contains(stored.type)
        ? mergePatched(stored.value, with: value) : value
      // An empty languageMap: nothing is said of it.
      guard stored.type != "LanguageProperty" || instance.value != [:] else { throw .undefined }
    }
    for (name, value) in fragment.members {
      if value != ngsiLDNull { try AttributeTypes.check(name, value, of: stored.type) }
      instance.members[name] = value == ngsiLDNull ? nil : value
    }
    if case .merge(_, let observedAt?) = self, stored.members["observedAt"] != nil,
      fragment.members["observedAt"] == nil
    {
      instance.members["observedAt"] = observedAt
    }
    try change(&instance.attributes, by: fragment.attributes, at: now)
    instance.modifiedAt = now
    return instance
  }

  /// The value, if it can be one of the stored type, which does not change.
  private func fitted(
    _ fragment: ModelFragment, to stored: ModelInstance
  ) throws(ModelRefusal) -> PlainJSON? {
    guard let type = fragment.type, type != stored.type else { return fragment.value }
    guard !fragment.isTypeGiven, let value = fragment.value else { throw .badRequestData }
    switch (type, stored.type) {
    case ("GeoProperty", "Property"): return value
    case ("Property", "LanguageProperty"):
      guard case .merge(let lang?, _) = self, value.string != nil else { throw .badRequestData }
      return [lang: value]
    default: throw .badRequestData
    }
  }

  /// Sub-Attributes: a merge merges them, everything else replaces them whole.
  private func change(
    _ attributes: inout [String: ModelInstances], by fragments: [String: [ModelFragment]],
    at now: Int
  ) throws(ModelRefusal) {
    let patch = isMerge ? self : .replace
    for (name, instances) in fragments {
      for fragment in instances {
        attributes[name, default: [:]][fragment.datasetId] =
          try patch.apply(
            fragment, to: attributes[name]?[fragment.datasetId], named: name, at: now)
      }
      if attributes[name]?.isEmpty == true { attributes[name] = nil }
    }
  }
}

/// RFC 7396 with the NGSI-LD Null in the place of null.
func mergePatched(_ target: PlainJSON?, with patch: PlainJSON) -> PlainJSON {
  guard let changes = patch.object else { return patch }
  var result = target?.object ?? [:]
  for (name, change) in changes {
    result[name] = change == ngsiLDNull ? nil : mergePatched(result[name], with: change)
  }
  return .object(result)
}

extension ModelEntity {
  /// Changes Attribute instances, all or none.
  mutating func change(
    _ fragments: [String: [ModelFragment]], by patch: ModelPatch, at now: Int
  ) throws(ModelRefusal) {
    var attributes = attributes
    for (name, instances) in fragments {
      for fragment in instances {
        attributes[name, default: [:]][fragment.datasetId] =
          try patch.apply(
            fragment, to: attributes[name]?[fragment.datasetId], named: name, at: now)
      }
      if attributes[name]?.isEmpty == true { attributes[name] = nil }
    }
    self.attributes = attributes
  }

  mutating func set(scope: PlainJSON?) {
    guard let scope else { return }
    scopes = scope == ngsiLDNull ? [] : Set(scope.elements.compactMap(\.string))
  }

  mutating func set(expiresAt: PlainJSON?) {
    guard let expiresAt else { return }
    self.expiresAt = expiresAt == ngsiLDNull ? nil : expiresAt.string
  }

  /// Without what has expired, which is invalid from that instant on (4.22); nil if it has itself.
  var withoutExpired: ModelEntity? {
    guard expiresAt.map(isPast) != true else { return nil }
    var copy = self
    copy.attributes = valid(attributes)
    return copy
  }

  private func valid(_ attributes: [String: ModelInstances]) -> [String: ModelInstances] {
    attributes.mapValues { instances in
      instances.filter { $0.value.members["expiresAt"]?.string.map(isPast) != true }
        .mapValues { instance in
          var copy = instance
          copy.attributes = valid(instance.attributes)
          return copy
        }
    }.filter { !$0.value.isEmpty }
  }

  private func isPast(_ dateTime: String) -> Bool { dateTime < "2025" }

  /// Equal but for the Entity's own timestamps.
  func hasSameContent(as other: ModelEntity) -> Bool {
    types == other.types && scopes == other.scopes && expiresAt == other.expiresAt
      && attributes == other.attributes
  }
}
