import TestSupport

extension SeededGenerator {
  private static let types = ["A", "B"]
  private static let names = ["p", "q", "r"]
  private static let ids = (1...FederationWorld.entitiesMax).map { "urn:x:\($0)" }
  private static let instants = (1...3).map { "2026-01-0\($0)T00:00:00Z" }
  private static let expiries = (1...3).map { "2099-01-0\($0)T00:00:00Z" }

  /// - Parameter splits: whether several holders have parts of one Entity.
  mutating func world(splits: Bool) -> FederationWorld {
    // What Entities have as a whole shows only where all parts of them are asked for.
    let hasMembers = splits && chance(30)
    let registrations = list(1...5) { $0.registration(splits: splits) }
    var versions: [FederationWorld.Version] = []
    for id in Self.ids {
      let type = type(of: id)
      for holder in splits ? holders() : [number(0...FederationWorld.sources.upperBound)] {
        versions.append(
          FederationWorld.Version(
            holder: holder, entity: entity(id, type, hasMembers: hasMembers)))
      }
    }
    versions.shuffle(using: &self)
    var world = FederationWorld(versions: versions, registrations: registrations, questions: [])
    if !splits { world.removeOwnCopies() }
    world.questions = list(10...14) { generator in
      generator.question(splits: splits, isPlain: hasMembers)
    }
    return world
  }

  private func type(of id: String) -> String { id < "urn:x:4" ? "A" : "B" }

  private mutating func holders() -> [Int] {
    let all = [0] + Array(FederationWorld.sources)
    return Array(all.shuffled(using: &self).prefix(number(0...all.count)))
  }

  // MARK: Entities

  private mutating func entity(_ id: String, _ type: String, hasMembers: Bool) -> PlainJSON {
    var members: [String: PlainJSON] = ["id": .string(id), "type": .string(type)]
    for name in Self.names where chance(55) { members[name] = attribute() }
    if hasMembers && chance(40) { members["scope"] = .string(pick(["/a", "/b", "/b/c"])) }
    if hasMembers && chance(40) { members["expiresAt"] = .string(pick(Self.expiries)) }
    return .object(members)
  }

  private mutating func attribute() -> PlainJSON {
    var datasets: [String?] = [nil, "urn:d:1", "urn:d:2"]
    datasets.shuffle(using: &self)
    let instances = datasets.prefix(chance(75) ? 1 : number(2...3)).map { instance(in: $0) }
    return instances.count == 1 ? instances[0] : .array(instances)
  }

  private mutating func instance(in dataset: String?) -> PlainJSON {
    var members: [String: PlainJSON] = [
      "type": "Property", "value": .number(Double(number(0...3))),
    ]
    if let dataset { members["datasetId"] = .string(dataset) }
    if chance(50) { members["observedAt"] = .string(pick(Self.instants)) }
    if chance(10) { members["expiresAt"] = .string(pick(Self.expiries)) }
    return .object(members)
  }

  // MARK: Registrations

  private mutating func registration(splits: Bool) -> FederationWorld.Registration {
    let mode = pick([
      "inclusive", "inclusive", "inclusive", "auxiliary", "redirect", "exclusive",
    ])
    let information = list(1...2) { $0.information(mode: mode, splits: splits) }
    return FederationWorld.Registration(
      source: number(FederationWorld.sources),
      body: [
        "id": .string("urn:r:\(number(0...999_999))"), "type": "ContextSourceRegistration",
        "mode": .string(mode), "information": .array(information),
        "operations": operations(mode: mode),
      ])
  }

  private mutating func information(mode: String, splits: Bool) -> PlainJSON {
    let isExclusive = mode == "exclusive"
    var members: [String: PlainJSON] = [
      "entities": .array(list(1...2) { $0.entityInfo(isNamed: isExclusive) })
    ]
    if isExclusive || (splits && chance(50)) {
      var names = Self.names
      if splits {
        names.shuffle(using: &self)
        names = Array(names.prefix(number(1...2)))
      }
      members["propertyNames"] = .array(names.map { .string($0) })
    }
    return .object(members)
  }

  private mutating func entityInfo(isNamed: Bool) -> PlainJSON {
    let id = pick(Self.ids)
    if isNamed || chance(20) { return ["id": .string(id), "type": .string(type(of: id))] }
    var members: [String: PlainJSON] = ["type": .string(pick(Self.types))]
    if chance(30) { members["idPattern"] = .string("[\(number(1...3))\(number(4...6))]$") }
    return .object(members)
  }

  private mutating func operations(mode: String) -> PlainJSON {
    guard mode != "auxiliary" else { return pick([["retrieveOps"], ["queryEntity"]]) }
    return pick([
      ["federationOps"], ["retrieveOps"], ["queryEntity"], ["queryBatch"],
      ["retrieveEntity", "queryBatch"],
    ])
  }

  // MARK: Questions

  private mutating func question(splits: Bool, isPlain: Bool) -> String {
    var parameters: [String] = []
    if !isPlain && chance(30) {
      parameters.append("\(pick(["attrs=", "pick=", "pick=id,"]))\(someNames())")
    }
    if !isPlain && chance(10) { parameters.append("datasetId=\(pick(["@none", "urn:d:1"]))") }
    if chance(35) {
      let id = pick(Self.ids)
      if chance(30) { parameters.append("type=\(type(of: id))") }
      return target("entities/\(id)", parameters)
    }
    let hasCondition = !isPlain && chance(50)
    if hasCondition { parameters.append("q=\(condition())") }
    if splits && (hasCondition || chance(30)) { parameters.append("splitEntities=true") }
    if chance(20) { parameters.append("id=\(pick(Self.ids)),\(pick(Self.ids))") }
    if chance(20) { parameters.append("idPattern=%5B\(number(1...3))\(number(4...6))%5D$") }
    parameters.append("type=\(pick(["A", "B", "A,B", "A,C"]))")
    if chance(40) { parameters.append("limit=\(number(1...4))") }
    if chance(50) { parameters.append("count=true") }
    return target("entities", parameters)
  }

  private func target(_ path: String, _ parameters: [String]) -> String {
    parameters.isEmpty ? path : "\(path)?\(parameters.joined(separator: "&"))"
  }

  private mutating func someNames() -> String {
    Self.names.shuffled(using: &self).prefix(number(1...2)).joined(separator: ",")
  }

  private mutating func condition() -> String {
    let terms = list(1...2) { generator in
      let name = generator.pick(Self.names)
      let value = generator.number(0...3)
      return generator.pick([
        name, "!\(name)", "\(name)==\(value)", "\(name)%3E\(value)", "\(name)!=\(value)",
      ])
    }
    return terms.joined(separator: pick([";", "%7C"]))
  }
}

extension FederationWorld {
  /// Takes from the hub what it should not have beside exclusive and redirect registrations: there,
  /// conditions would be evaluated on it.
  fileprivate mutating func removeOwnCopies() {
    let entities = versions.map(\.entity)
    let left = entities.map { entity in
      FederationWorld(
        versions: [Version(holder: 0, entity: entity)], registrations: registrations,
        questions: []
      ).mergedEntities == [entity]
    }
    versions = zip(versions, left).filter { $0.0.holder != 0 || $0.1 }.map(\.0)
  }
}
