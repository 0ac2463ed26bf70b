import TestSupport

/// Random provision operations on a few Entities with a few Attributes.
///
/// They look at the model, so that most find something to work on. What the standard leaves
/// undefined may be among them; some are wrong on purpose.
extension SeededGenerator {
  private static let ids = ["urn:ngsi-ld:E:1", "urn:ngsi-ld:E:2", "urn:ngsi-ld:E:3"]
  private static let datasetIds = ["urn:ngsi-ld:D:1", "urn:ngsi-ld:D:2"]
  private static let names = ["p", "m", "r", "l", "location"]
  private static let dateTimes = ["2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"]

  mutating func step(for model: Model) -> ModelStep {
    let operations: [ModelStep.Operation] =
      model.entities.isEmpty ? [.create, .batchCreate, .batchUpsert] : weightedOperations
    var step = ModelStep(operation: pick(operations))
    let known = model.entities.keys.sorted()
    step.id = chance(90) && !known.isEmpty ? pick(known) : pick(Self.ids)
    let entity = model.entities[step.id]
    if step.operation.namesAttribute { step.attribute = attributeName(in: entity) }
    if chance(4) && !step.operation.isBatch && step.operation != .create {
      step.parameters["type"] = pick(["A", "B"])
    }
    complete(&step, entity, model)
    return step
  }

  private var weightedOperations: [ModelStep.Operation] {
    ModelStep.Operation.allCases + [
      .append, .update, .partialUpdate, .merge, .partialUpdate, .merge, .merge, .update,
      .batchMerge, .batchUpsert, .create,
    ]
  }

  private mutating func attributeName(in entity: ModelEntity?) -> String {
    let known = entity?.attributes.keys.sorted() ?? []
    return chance(90) && !known.isEmpty ? pick(known) : pick(Self.names)
  }

  private mutating func complete(_ step: inout ModelStep, _ entity: ModelEntity?, _ model: Model) {
    switch step.operation {
    case .create:
      step.body = wholeEntity(chance(50) ? step.id : pick(Self.ids))
      step.id = ""
    case .replaceEntity: step.body = wholeEntity(chance(50) ? step.id : nil)
    case .append:
      if chance(40) { step.parameters["options"] = "noOverwrite" }
      step.body = fragment(.complete, of: entity)
    case .update: step.body = fragment(.update, of: entity)
    case .merge:
      if chance(15) { step.parameters["lang"] = pick(["en", "nl"]) }
      if chance(15) { step.parameters["observedAt"] = "2026-03-03T00:00:00Z" }
      step.body = fragment(.merge, of: entity)
    case .partialUpdate, .replaceAttribute:
      step.body = attributeFragment(step, entity?.attributes[step.attribute])
    case .deleteAttribute: chooseInstances(&step, entity)
    case .deleteEntity: break
    default: completeBatch(&step, model)
    }
  }

  private mutating func chooseInstances(_ step: inout ModelStep, _ entity: ModelEntity?) {
    if chance(15) { step.attribute = "scope" }
    if chance(25) { step.parameters["deleteAll"] = pick(["true", "false"]) }
    if chance(40) {
      let known = entity?.attributes[step.attribute]?.keys.sorted() ?? []
      step.parameters["datasetId"] =
        known.isEmpty || chance(10) ? pick(Self.datasetIds) : pick(known)
    }
  }

  private mutating func attributeFragment(
    _ step: ModelStep, _ stored: ModelInstances?
  ) -> PlainJSON {
    let rules: FragmentReader.Rules = step.operation == .partialUpdate ? .partial : .complete
    var body = instance(rules, named: step.attribute, stored)
    if rules == .complete, let datasetId = stored?.keys.sorted().first, datasetId != "@none",
      var members = body.object, chance(60)
    {
      members["datasetId"] = .string(datasetId)
      body = .object(members)
    }
    return body.object != nil && chance(5) ? .object([step.attribute: body]) : body
  }

  // MARK: Batches

  private mutating func completeBatch(_ step: inout ModelStep, _ model: Model) {
    let operation = step.operation
    if operation == .batchUpsert && chance(50) {
      step.parameters["options"] = pick(["replace", "update", "update"])
    }
    if operation == .batchUpdate && chance(40) { step.parameters["options"] = "noOverwrite" }
    step.id = ""
    step.parameters["type"] = nil
    step.body = .array(list(1...3) { $0.batchItem(of: operation, model) })
  }

  private mutating func batchItem(of operation: ModelStep.Operation, _ model: Model) -> PlainJSON {
    let id = pick(Self.ids)
    let entity = model.entities[id]
    switch operation {
    case .batchDelete: return .string(id)
    case .batchUpdate: return fragment(.complete, of: entity, id: id)
    case .batchMerge: return fragment(.merge, of: entity, id: id)
    default: return wholeEntity(id)
    }
  }

  // MARK: Entities

  private mutating func types() -> PlainJSON {
    chance(75)
      ? .string(pick(["A", "B", "C"])) : pick([["A", "B"], ["B", "C"], ["C", "A", "B"]])
  }

  private mutating func scope() -> PlainJSON {
    chance(3) ? "/1" : pick(["/x", "/x/y", ["/x", "/z"], ["/y", "/z", "/x"]])
  }

  private mutating func expiresAt() -> PlainJSON {
    chance(8) ? "2020-01-01T00:00:00Z" : "2099-01-01T00:00:00Z"
  }

  private mutating func wholeEntity(_ id: String?) -> PlainJSON {
    var members: [String: PlainJSON] = [:]
    members["id"] = id.map(PlainJSON.string)
    if !chance(2) { members["type"] = types() }
    if chance(30) { members["scope"] = scope() }
    if chance(12) { members["expiresAt"] = expiresAt() }
    for _ in 0..<number(0...4) {
      let name = pick(Self.names)
      members[name] = attribute(.complete, named: name, nil)
    }
    return .object(members)
  }

  private mutating func fragment(
    _ rules: FragmentReader.Rules, of entity: ModelEntity?, id: String? = nil
  ) -> PlainJSON {
    var members: [String: PlainJSON] = [:]
    members["id"] = id.map(PlainJSON.string)
    if chance(id == nil ? 12 : 80) { members["type"] = types() }
    if chance(12) { members["scope"] = rules != .complete && chance(30) ? ngsiLDNull : scope() }
    if chance(8) { members["expiresAt"] = rules == .merge && chance(40) ? ngsiLDNull : expiresAt() }
    for _ in 0..<number(1...2) {
      let name = attributeName(in: entity)
      members[name] = attribute(rules, named: name, entity?.attributes[name])
    }
    return .object(members)
  }

  // MARK: Attributes

  private mutating func attribute(
    _ rules: FragmentReader.Rules, named name: String, _ stored: ModelInstances?
  ) -> PlainJSON {
    guard chance(20) else { return instance(rules, named: name, stored) }
    return .array(
      list(2...3) { generator in
        var copy = generator
        defer { generator = copy }
        let instance = copy.instance(rules, named: name, stored)
        guard instance.object == nil else { return instance }
        return instance == ngsiLDNull
          ? ["type": "Property", "value": instance] : ["value": instance]
      })
  }

  private mutating func instance(
    _ rules: FragmentReader.Rules, named name: String, _ stored: ModelInstances?
  ) -> PlainJSON {
    if chance(2) { return wrongInstance() }
    if rules != .complete && chance(6) { return ngsiLDNull }
    let datasetId = self.datasetId(stored)
    let instance = stored?[datasetId]
    let isChange = rules == .partial || rules == .merge
    let type = isChange && chance(92) ? instance?.type ?? usualType(name) : usualType(name)
    let valueMember = AttributeTypes.valueMembers[type] ?? "value"
    var members: [String: PlainJSON] = [:]
    if chance(60) { members["type"] = .string(type) }
    if !isChange || !chance(30) { members[valueMember] = value(of: type, rules) }
    if datasetId != "@none" || chance(2) { members["datasetId"] = .string(datasetId) }
    addMembers(&members, of: type, rules)
    addSubAttributes(&members, rules, instance)
    if members.count == 1, let value = members["value"], chance(50) { return value }
    return .object(members)
  }

  private mutating func datasetId(_ stored: ModelInstances?) -> String {
    if let known = stored?.keys.sorted(), chance(70) { return pick(known) }
    return chance(65) ? "@none" : pick(Self.datasetIds)
  }

  private mutating func usualType(_ name: String) -> String {
    switch name {
    case "p": "Property"
    case "l": "LanguageProperty"
    case "location": "GeoProperty"
    case "r" where chance(70): "Relationship"
    default: pick(AttributeTypes.valueMembers.keys.sorted())
    }
  }

  private mutating func addMembers(
    _ members: inout [String: PlainJSON], of type: String, _ rules: FragmentReader.Rules
  ) {
    let mayDelete = rules == .partial || rules == .merge
    for name in ["observedAt", "expiresAt", "unitCode", "valueType", "objectType"] {
      guard chance(name == "observedAt" ? 25 : 8) else { continue }
      if mayDelete && chance(30) {
        members[name] = ngsiLDNull
        continue
      }
      let value: PlainJSON =
        switch name {
        case "observedAt": .string(pick(Self.dateTimes))
        case "expiresAt": expiresAt()
        case "unitCode": pick(["CEL", "KMH"])
        case "valueType": type == "LanguageProperty" ? "langString" : "Measure"
        default: pick(["A", ["A", "B"]])
        }
      let isLegal = (try? AttributeTypes.check(name, value, of: type)) != nil
      if isLegal || chance(5) { members[name] = value }
    }
  }

  private mutating func addSubAttributes(
    _ members: inout [String: PlainJSON], _ rules: FragmentReader.Rules, _ stored: ModelInstance?
  ) {
    guard chance(25) else { return }
    let name = pick((stored?.attributes.keys.sorted() ?? []) + ["s", "t"])
    let mayDelete = rules == .partial || rules == .merge
    if mayDelete && chance(25) {
      members[name] = ngsiLDNull
      return
    }
    members[name] = pick([
      1, "text", ["type": "Property", "value": 2, "unitCode": "MTR"], ["value": 3],
      ["value": ["a": 1]], ["value": ["b": 2]], ["object": "urn:x:1"],
      ["type": "Property", "value": 4, "u": ["value": 5]], ["value": 6, "u": 7],
      [["value": 8], ["value": 9, "datasetId": "urn:ngsi-ld:D:1"]],
      ["languageMap": ["en": "x"]], ["languageMap": ["fr": "y"]],
      ["type": "Point", "coordinates": [5, 6]],
    ])
  }

  // MARK: Values

  private mutating func value(of type: String, _ rules: FragmentReader.Rules) -> PlainJSON {
    if rules != .complete && chance(6) {
      switch type {
      case "LanguageProperty": return ["@none": ngsiLDNull]
      case "ListProperty", "ListRelationship": return pick([ngsiLDNull, [ngsiLDNull]])
      default: return ngsiLDNull
      }
    }
    switch type {
    case "Property": return propertyValue(mayHoldNulls: rules == .merge)
    case "GeoProperty":
      return pick([
        ["type": "Point", "coordinates": [1, 2]], ["type": "Point", "coordinates": [3.5, -4]],
        ["type": "LineString", "coordinates": [[0, 0], [1, 1]]],
      ])
    case "LanguageProperty": return languageMap(mayHoldNulls: rules == .merge)
    case "VocabProperty": return pick(["v", "w", ["v", "w"]])
    case "ListProperty": return pick([[1, "a"], [[2], [3]], [true]])
    case "JsonProperty":
      return pick([
        ["a": .null], [1, .null], ["type": "x", "@id": 1], ["a": ngsiLDNull], ["b": 2],
      ])
    case "Relationship": return pick(["urn:x:1", "urn:x:2", ["urn:x:1", "urn:x:2"]])
    default:
      return pick([["urn:x:1"], [["object": "urn:x:1"], "urn:x:2"], [["object": "urn:x:3"]]])
    }
  }

  private mutating func propertyValue(mayHoldNulls: Bool, depth: Int = 2) -> PlainJSON {
    if chance(depth == 2 ? 50 : 30) && depth > 0 {
      var members: [String: PlainJSON] = [:]
      for _ in 0..<number(1...2) {
        members[pick(["a", "b", "c"])] =
          mayHoldNulls && chance(25)
          ? ngsiLDNull : propertyValue(mayHoldNulls: mayHoldNulls, depth: depth - 1)
      }
      return .object(members)
    }
    return pick([1, 2.5, -7, "text", "<é>\n", true, [1, 2], [["a": 1], "x"], ["", []]])
  }

  private mutating func languageMap(mayHoldNulls: Bool) -> PlainJSON {
    var members: [String: PlainJSON] = [:]
    for _ in 0..<number(1...2) {
      members[pick(["en", "fr", "de", "@none"])] =
        mayHoldNulls && chance(20) ? ngsiLDNull : pick(["x", "y", ["x", "z"]])
    }
    return .object(members)
  }

  private mutating func wrongInstance() -> PlainJSON {
    pick([
      .null, ["type": "Property"], ["type": "Property", "value": .null],
      ["type": "Other", "value": 1],
      ["type": "Property", "object": "urn:x:1"], ["value": 1, "object": "urn:x:1"],
      ["type": "Relationship", "object": "no URI"], ["object": 5], ["unitCode": "CEL"],
      ["type": "Relationship", "object": "urn:x:1", "unitCode": "CEL"],
      ["value": 1, "observedAt": "2026-13-01T00:00:00Z"], ["value": 1, "datasetId": ngsiLDNull],
      ["value": 1, "datasetId": "no URI"], ["json": 1], ["value": [1, ngsiLDNull]],
      ["value": ["a": .null]], [["value": 1], ["value": 2]], ["languageMap": ["en": 5]],
      ["languageMap": ["en": "x"], "valueType": "Measure"], ["vocab": 5], ["valueList": 5],
      ["objectList": ["no URI"]], ["value": ["a": ngsiLDNull]], ngsiLDNull,
      ["type": "GeoProperty", "value": ["type": "Point", "coordinates": "x"]],
      ["value": 1, "s": ["type": "Property"]],
    ])
  }
}
