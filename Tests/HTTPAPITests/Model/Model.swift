/// The standard's rules of provision on plain dictionaries, to hold the broker against.
///
/// Written from the standard alone (GS CIM 009, 5.6) and to be read as a specification: no rule is
/// shared with the broker. What the standard leaves open is marked as a choice, or `undefined`.
struct Model {
  private(set) var entities: [String: ModelEntity] = [:]
  /// The number of the step under way.
  private(set) var now = 0

  /// - Throws: `undefined` only; nothing is changed then.
  mutating func perform(_ step: ModelStep) throws(ModelRefusal) -> ModelAnswer {
    var copy = self
    copy.now += 1
    for id in copy.entities.keys { copy.entities[id]?.mayHaveMoved = false }
    let answer: ModelAnswer
    do throws(ModelRefusal) {
      answer =
        if step.operation.isBatch {
          try copy.performBatch(step)
        } else {
          try copy.performSingle(step).answer(to: step)
        }
    } catch {
      guard error != .undefined else { throw error }
      answer = .refusal(error)
    }
    self = copy
    return answer
  }

  /// Takes over whether an Entity's `modifiedAt` has moved, where that is open.
  mutating func settle(_ id: String, hasMoved: Bool) {
    if hasMoved { entities[id]?.modifiedAt = now }
    entities[id]?.mayHaveMoved = false
  }

  /// What an operation on one Entity reports.
  struct Outcome {
    var isCreated = false
    var updated: Set<String> = []
    var notUpdated: Set<String> = []

    fileprivate func answer(to step: ModelStep) -> ModelAnswer {
      if step.operation == .create { return ModelAnswer(status: 201) }
      guard !notUpdated.isEmpty else { return ModelAnswer(status: 204) }
      return ModelAnswer(
        status: 207, lists: ["updated": updated.sorted(), "notUpdated": notUpdated.sorted()])
    }
  }

  private mutating func performSingle(_ step: ModelStep) throws(ModelRefusal) -> Outcome {
    let body = step.body ?? .null
    if step.operation == .create { return try create(body) }
    let change = try change(by: step, body)
    try requireType(step)
    return try edit(step.id, change)
  }

  /// A change of an Entity that exists.
  private typealias Change = (inout ModelEntity, Int) throws(ModelRefusal) -> Outcome

  /// What a body asks for: it is read before anything else is looked at.
  private func change(by step: ModelStep, _ body: PlainJSON) throws(ModelRefusal) -> Change? {
    switch step.operation {
    case .append:
      return try append(fragment(body, .complete), step.parameters["options"] == "noOverwrite")
    case .update: return try update(fragment(body, .update))
    case .merge: return merge(try fragment(body, .merge), step.parameters)
    case .replaceEntity: return try replace(fragment(body, .complete))
    case .partialUpdate: return try changeAttribute(step, .partial, .partial)
    case .replaceAttribute: return try changeAttribute(step, .complete, .replace)
    case .deleteAttribute: return deleteAttribute(step)
    default: return nil
    }
  }

  private func fragment(
    _ body: PlainJSON, _ rules: FragmentReader.Rules
  ) throws(ModelRefusal) -> ModelEntityFragment {
    try FragmentReader(rules: rules).entity(body)
  }

  /// 4.17: an Entity of another type is as good as none.
  private func requireType(_ step: ModelStep) throws(ModelRefusal) {
    guard let type = step.parameters["type"] else { return }
    guard entities[step.id]?.types.contains(type) == true else { throw .resourceNotFound }
  }

  /// - Parameter change: nil to delete the Entity (5.6.6).
  private mutating func edit(_ id: String, _ change: Change?) throws(ModelRefusal) -> Outcome {
    guard let before = entities[id] else { throw .resourceNotFound }
    guard let change else {
      entities[id] = nil
      return Outcome()
    }
    var entity = before
    let outcome = try change(&entity, now)
    if entity.hasSameContent(as: before) {
      // Choice of the broker: an update that changes nothing moves modifiedAt, or does not.
      entity.mayHaveMoved = before.modifiedAt != now
    } else {
      entity.modifiedAt = now
      entity.mayHaveMoved = false
    }
    entities[id] = entity.withoutExpired
    return outcome
  }

  // MARK: Entities

  /// 5.6.1.
  private mutating func create(_ body: PlainJSON) throws(ModelRefusal) -> Outcome {
    let fragment = try fragment(body, .complete)
    guard let id = body["id"]?.string else { throw .badRequestData }
    guard !fragment.types.isEmpty else { throw .badRequestData }
    guard entities[id] == nil else { throw .alreadyExists }
    var entity = ModelEntity(types: fragment.types, createdAt: now, modifiedAt: now)
    entity.set(scope: fragment.scope)
    entity.set(expiresAt: fragment.expiresAt)
    try entity.change(fragment.attributes, by: .replace, at: now)
    entities[id] = entity.withoutExpired
    return Outcome(isCreated: true)
  }

  /// 5.6.18. Choice of the broker: an instance that stays keeps its `createdAt`, as the Entity
  /// does.
  private func replace(_ fragment: ModelEntityFragment) throws(ModelRefusal) -> Change {
    guard !fragment.types.isEmpty else { throw .badRequestData }
    return { entity, now throws(ModelRefusal) in
      let old = entity
      entity = ModelEntity(types: fragment.types, createdAt: old.createdAt, modifiedAt: now)
      entity.set(scope: fragment.scope)
      entity.set(expiresAt: fragment.expiresAt)
      try entity.change(fragment.attributes, by: .replace, at: now)
      for (name, instances) in old.attributes {
        for (datasetId, instance) in instances {
          entity.attributes[name]?[datasetId]?.createdAt = instance.createdAt
        }
      }
      return Outcome()
    }
  }

  /// 5.6.17.
  private func merge(_ fragment: ModelEntityFragment, _ parameters: [String: String]) -> Change {
    { entity, now throws(ModelRefusal) in
      entity.types.formUnion(fragment.types)
      entity.set(scope: fragment.scope)
      entity.set(expiresAt: fragment.expiresAt)
      let patch = ModelPatch.merge(
        lang: parameters["lang"], observedAt: parameters["observedAt"].map(PlainJSON.string))
      try entity.change(fragment.attributes, by: patch, at: now)
      return Outcome()
    }
  }

  // MARK: Attributes

  /// 5.6.3: what exists is replaced or, with noOverwrite, left alone and reported.
  private func append(
    _ fragment: ModelEntityFragment, _ noOverwrite: Bool
  ) throws(ModelRefusal) -> Change {
    guard !fragment.isEmpty else { throw .undefined }
    return { entity, now throws(ModelRefusal) in
      entity.types.formUnion(fragment.types)
      let old = entity.scopes
      entity.set(scope: fragment.scope)
      if noOverwrite { entity.scopes.formUnion(old) }
      entity.set(expiresAt: fragment.expiresAt)
      var outcome = Outcome()
      var appended: [String: [ModelFragment]] = [:]
      for (name, instances) in fragment.attributes {
        let (left, written) = instances.partitioned { instance in
          noOverwrite && entity.attributes[name]?[instance.datasetId] != nil
        }
        if !left.isEmpty { outcome.notUpdated.insert(name) }
        if !written.isEmpty { outcome.updated.insert(name) }
        appended[name] = written
      }
      try entity.change(appended, by: .replace, at: now)
      return outcome
    }
  }

  /// 5.6.2: instances are replaced whole, added, or deleted by Null; an absent scope is not added.
  private func update(_ fragment: ModelEntityFragment) throws(ModelRefusal) -> Change {
    guard !fragment.isEmpty else { throw .undefined }
    return { entity, now throws(ModelRefusal) in
      var outcome = Outcome(updated: Set(fragment.attributes.keys))
      entity.types.formUnion(fragment.types)
      if fragment.scope == ngsiLDNull || !entity.scopes.isEmpty {
        entity.set(scope: fragment.scope)
      } else if fragment.scope != nil {
        outcome.notUpdated.insert("scope")
      }
      entity.set(expiresAt: fragment.expiresAt)
      for (name, instances) in fragment.attributes
      where instances.allSatisfy({ $0.isNull && entity.attributes[name]?[$0.datasetId] == nil }) {
        // Whether a Null without anything to delete counts as an update is not said.
        if !outcome.notUpdated.isEmpty { throw .undefined }
      }
      try entity.change(fragment.attributes, by: .replace, at: now)
      return outcome
    }
  }

  /// 5.6.4 and 5.6.19: the instance has to exist.
  private func changeAttribute(
    _ step: ModelStep, _ rules: FragmentReader.Rules, _ patch: ModelPatch
  ) throws(ModelRefusal) -> Change {
    guard let object = step.body?.object, object != [:] else { throw .undefined }
    // Deployed clients send the Attribute under its name.
    let only = object.count == 1 ? object[step.attribute] : nil
    let body = only?.object != nil ? only! : .object(object)
    guard body != [:] else { throw .undefined }
    // Several concise Attributes, or the value of one: not to be told apart.
    guard rules != .complete || body != .object(object) || body.isAttribute else {
      throw .undefined
    }
    let name = step.attribute
    let fragment = try FragmentReader(rules: rules).instance(body, named: name)
    return { entity, now throws(ModelRefusal) in
      guard entity.attributes[name]?[fragment.datasetId] != nil else { throw .resourceNotFound }
      try entity.change([name: [fragment]], by: patch, at: now)
      return Outcome()
    }
  }

  /// 5.6.5.
  private func deleteAttribute(_ step: ModelStep) -> Change {
    { entity, _ throws(ModelRefusal) in
      let name = step.attribute
      if name == "scope" {
        guard !entity.scopes.isEmpty else { throw .resourceNotFound }
        entity.scopes = []
      } else if step.parameters["deleteAll"] == "true" {
        guard entity.attributes.removeValue(forKey: name) != nil else { throw .resourceNotFound }
      } else {
        let datasetId = step.parameters["datasetId"] ?? "@none"
        guard entity.attributes[name]?.removeValue(forKey: datasetId) != nil else {
          throw .resourceNotFound
        }
        if entity.attributes[name]?.isEmpty == true { entity.attributes[name] = nil }
      }
      return Outcome()
    }
  }

  // MARK: Batches

  /// Items one after the other, each atomic, all at the same instant (5.5.11).
  private mutating func performBatch(_ step: ModelStep) throws(ModelRefusal) -> ModelAnswer {
    let items = step.body?.array ?? []
    guard !items.isEmpty, !items.contains(.null) else { throw .badRequestData }
    var created: Set<String> = []
    var success: Set<String> = []
    var errors: [String] = []
    for item in items {
      let id = item.string ?? item["id"]?.string ?? ""
      do throws(ModelRefusal) {
        let outcome = try perform(item, id, of: step)
        guard outcome.notUpdated.isEmpty else { throw .badRequestData }
        if outcome.isCreated { created.insert(id) }
        success.insert(id)
      } catch {
        guard error != .undefined else { throw error }
        errors.append("\(id) \(error.status)")
      }
    }
    guard errors.isEmpty else {
      return ModelAnswer(
        status: 207, lists: ["success": success.sorted(), "errors": errors.sorted()])
    }
    return created.isEmpty
      ? ModelAnswer(status: 204) : ModelAnswer(status: 201, lists: ["created": created.sorted()])
  }

  private mutating func perform(
    _ item: PlainJSON, _ id: String, of step: ModelStep
  ) throws(ModelRefusal) -> Outcome {
    guard item.string != nil || item["id"] != nil else { throw .badRequestData }
    let options = step.parameters["options"]
    switch step.operation {
    case .batchCreate: return try create(item)
    case .batchUpsert:
      let fragment = try fragment(item, .complete)
      guard let entity = entities[id] else { return try create(item) }
      guard options == "update" else { return try edit(id, try replace(fragment)) }
      // A fragment without type for an Entity that exists.
      guard !fragment.types.isEmpty || entity.types.isEmpty else { throw .undefined }
      return try edit(id, try update(fragment))
    case .batchUpdate:
      return try edit(id, try append(fragment(item, .complete), options == "noOverwrite"))
    case .batchMerge: return try edit(id, merge(try fragment(item, .merge), [:]))
    default: return try edit(id, nil)
    }
  }
}

extension PlainJSON {
  /// Whether an object is an Attribute for sure: by its type or its value member.
  fileprivate var isAttribute: Bool {
    guard let object else { return false }
    return object["type"] != nil
      || AttributeTypes.valueMembers.values.contains { object[$0] != nil }
      || AttributeTypes.nonReified.contains { object[$0] != nil }
  }
}

extension Array {
  fileprivate func partitioned(by isFirst: (Element) -> Bool) -> (first: [Element], rest: [Element])
  {
    (filter(isFirst), filter { !isFirst($0) })
  }
}
