/// Holds the Entities that a broker shows, normalized and with sysAttrs, against the model's.
struct ModelComparison {
  /// The instant at which each step was carried out, as the broker tells.
  private var instants: [Int: String] = [:]
  private var problems: [String] = []

  /// All differences. Whether a `modifiedAt` moved that need not is taken over into the model.
  mutating func differences(of shown: [PlainJSON], from model: inout Model) -> [String] {
    problems = []
    let shown = Dictionary(shown.map { ($0["id"]?.string ?? "", $0) }) { $1 }
    expect(Set(shown.keys) == Set(model.entities.keys), "Entities: \(shown.keys.sorted())")
    for (id, entity) in model.entities {
      guard let members = shown[id]?.object else { continue }
      if entity.mayHaveMoved {
        let old = instants[entity.modifiedAt]
        model.settle(id, hasMoved: members["modifiedAt"]?.string != old)
      }
      compare(members, with: model.entities[id] ?? entity, at: model.now)
    }
    return problems
  }

  private mutating func expect(_ isFine: Bool, _ problem: @autoclosure () -> String) {
    if !isFine { problems.append(problem()) }
  }

  // MARK: Entities

  private mutating func compare(
    _ shown: [String: PlainJSON], with entity: ModelEntity, at now: Int
  ) {
    let id = shown["id"]?.string ?? ""
    var shown = shown
    shown["id"] = nil
    compareSet(shown.removeValue(forKey: "type"), with: entity.types, "\(id) type")
    compareSet(shown.removeValue(forKey: "scope"), with: entity.scopes, "\(id) scope")
    expect(
      shown.removeValue(forKey: "expiresAt")?.string == entity.expiresAt,
      "\(id) expiresAt is not \(entity.expiresAt ?? "absent")")
    compareInstants(&shown, created: entity.createdAt, modified: entity.modifiedAt, id)
    compare(shown, with: entity.attributes, id)
  }

  /// A set is shown as a string if it has one element.
  private mutating func compareSet(_ shown: PlainJSON?, with set: Set<String>, _ path: String) {
    let elements = shown?.elements.compactMap(\.string) ?? []
    expect(
      elements.count == set.count && Set(elements) == set
        && (shown?.array != nil) == (set.count > 1),
      "\(path) is \(shown ?? .null), not \(set.sorted())")
  }

  // MARK: Instants

  private mutating func compareInstants(
    _ shown: inout [String: PlainJSON], created: Int, modified: Int, _ path: String
  ) {
    for (name, step) in [("createdAt", created), ("modifiedAt", modified)] {
      compareInstant(shown.removeValue(forKey: name)?.string, with: step, "\(path) \(name)")
    }
  }

  /// The first instant that is seen of a step becomes the step's; steps come one after another.
  private mutating func compareInstant(_ shown: String?, with step: Int, _ path: String) {
    guard let shown, shown.hasSuffix("Z") else {
      problems.append("\(path) is \(shown ?? "absent")")
      return
    }
    if let known = instants[step] {
      expect(shown == known, "\(path) is \(shown), not \(known) of step \(step)")
      return
    }
    let isInOrder = instants.allSatisfy { other, instant in
      other < step ? instant.dropLast() <= shown.dropLast() : instant.dropLast() >= shown.dropLast()
    }
    expect(isInOrder, "\(path) is \(shown), which is not the time of step \(step)")
    instants[step] = shown
  }

  // MARK: Attributes

  private mutating func compare(
    _ shown: [String: PlainJSON], with attributes: [String: ModelInstances], _ path: String
  ) {
    for name in Set(shown.keys).union(attributes.keys).sorted() {
      compare(shown[name], with: attributes[name] ?? [:], "\(path) \(name)")
    }
  }

  private mutating func compare(
    _ shown: PlainJSON?, with instances: ModelInstances, _ path: String
  ) {
    let elements = shown?.elements ?? []
    let byDatasetId = Dictionary(elements.map { ($0["datasetId"]?.string ?? "@none", $0) }) { $1 }
    guard byDatasetId.count == elements.count, Set(byDatasetId.keys) == Set(instances.keys),
      (shown?.array != nil) == (instances.count > 1)
    else {
      problems.append("\(path) is \(shown ?? .null), not \(instances.map(\.value.text))")
      return
    }
    for (datasetId, instance) in instances {
      guard var members = byDatasetId[datasetId]?.object else {
        problems.append("\(path) is \(shown ?? .null)")
        continue
      }
      members["datasetId"] = nil
      compare(members, with: instance, "\(path) \(datasetId)")
    }
  }

  private mutating func compare(
    _ shown: [String: PlainJSON], with instance: ModelInstance, _ path: String
  ) {
    var shown = shown
    var expected = instance.members
    expected["type"] = .string(instance.type)
    expected[AttributeTypes.valueMembers[instance.type] ?? ""] = instance.value
    for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
      let found = shown.removeValue(forKey: name)
      expect(found == value, "\(path) \(name) is \(found ?? .null), not \(value)")
    }
    compareInstants(
      &shown, created: instance.createdAt, modified: instance.modifiedAt, path)
    compare(shown, with: instance.attributes, path)
  }
}

extension ModelInstance {
  fileprivate var text: String { "\(type) \(value)" }
}
