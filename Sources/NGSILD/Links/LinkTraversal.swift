package import JSON
package import JSONLD

/// The way from the Entities of an answer along their Relationships, level by level.
///
/// It asks for the Entities of a whole level at once; whoever has the database loads them:
///
/// ```swift
/// while let ids = try traversal.next() { traversal.add(try await load(ids)) }
/// ```
///
/// Choice: only Relationships of the Entity itself are followed, not those of its Attributes.
///
/// Standard: Linked Entity retrieval (GS CIM 009, 4.5.23).
package struct LinkTraversal: Sendable {
  /// Links that one request follows at most; Entities that are shown twice count twice.
  package static let linksMax = 20_000

  /// An Entity that was reached, and what is to be shown of it.
  private struct Step: Hashable, Sendable {
    let id: IRI
    let selection: EntitySelection
  }

  private let join: Join
  private let datasets: Set<IRI?>?
  private let now: DateTime
  /// Ids of the Entities that it began with.
  private let linking: Set<IRI>
  private var level = 0
  private var links = 0
  /// What the last level reached, each with the number of ways to it.
  private var reached: [(step: Step, ways: Int)]
  /// What the next level reaches, while its Entities are being loaded.
  private var pending: [(step: Step, ways: Int)] = []
  private var missing: Set<IRI> = []
  private var listed: Set<IRI> = []

  /// All Entities that are known, by id.
  package private(set) var entities: [IRI: JSONValue] = [:]
  /// Those that were reached and are not among the first, in order.
  package private(set) var linked: [LinkedEntity] = []

  /// - Parameters:
  ///   - entities: the stored forms to begin with.
  ///   - datasets: instances that are followed; nil for all.
  ///   - now: Relationships that have expired by then are not followed.
  package init(
    from entities: [JSONValue], showing selection: EntitySelection, join: Join,
    datasets: Set<IRI?>? = nil, at now: DateTime
  ) {
    self.join = join
    self.datasets = datasets
    self.now = now
    let ids = entities.compactMap { $0["id"]?.string.map(IRI.init) }
    linking = Set(ids)
    reached = ids.map { (Step(id: $0, selection: selection), 1) }
    for (id, entity) in zip(ids, entities) { self.entities[id] = entity }
  }

  /// The ids of Entities to load next; nil at the end.
  ///
  /// - Throws: `tooManyResults` if too many links would be followed.
  package mutating func next() throws(NGSILDError) -> [String]? {
    while level < join.level, !reached.isEmpty {
      level += 1
      pending = try follow()
      let ids = Set(pending.map(\.step.id)).filter { entities[$0] == nil && !missing.contains($0) }
      if !ids.isEmpty { return ids.sorted().map(\.text) }
      arrive()
    }
    return nil
  }

  /// Takes the Entities that exist of those that `next` asked for.
  package mutating func add(_ loaded: [JSONValue]) {
    for entity in loaded { entity["id"]?.string.map { entities[$0] = entity } }
    arrive()
  }

  /// The Entities that those of the last level refer to.
  private mutating func follow() throws(NGSILDError) -> [(step: Step, ways: Int)] {
    var order: [Step] = []
    var ways: [Step: Int] = [:]
    for (step, count) in reached {
      guard let entity = entities[step.id] else { continue }
      for (name, instances) in entity.members {
        let name = IRI(name.string ?? "")
        guard step.selection.members.shows(name) else { continue }
        for id in instances.objects(of: datasets, at: now).map(IRI.init) where leads(to: id) {
          let next = Step(id: id, selection: step.selection.ofEntities(linkedBy: name))
          if ways[next] == nil { order.append(next) }
          ways[next, default: 0] += count
          links += count
          guard links <= Self.linksMax else { throw tooMany }
        }
      }
    }
    return order.map { ($0, ways[$0] ?? 0) }
  }

  private func leads(to id: IRI) -> Bool {
    guard !join.containedBy.contains(id) else { return false }
    // A flat answer has each Entity once.
    return join.form == .inline || !linking.contains(id) && !listed.contains(id)
  }

  private mutating func arrive() {
    reached = pending.filter { entities[$0.step.id] != nil }
    for (step, _) in pending {
      guard let entity = entities[step.id] else {
        missing.insert(step.id)
        continue
      }
      if !linking.contains(step.id), listed.insert(step.id).inserted {
        linked.append(LinkedEntity(entity: entity, selection: step.selection))
      }
    }
  }

  private var tooMany: NGSILDError {
    NGSILDError(
      .tooManyResults,
      "The Entities refer to more than \(Self.linksMax) others; a smaller joinLevel or limit, or a "
        + "pick with fewer Relationships, is expected")
  }
}

extension JSONValue {
  /// The ids that the shown instances of an Attribute refer to; empty unless it is a Relationship.
  fileprivate func objects(of datasets: Set<IRI?>?, at now: DateTime) -> [String] {
    elements.flatMap { instance -> [String] in
      if let datasets, !datasets.contains(instance["datasetId"]?.string.map(IRI.init)) { return [] }
      if let expiry = instance["expiresAt"].flatMap({ DateTime($0) }), expiry <= now { return [] }
      return instance.objects
    }
  }

  /// The ids of the Entities that an instance of a Relationship or ListRelationship refers to.
  package var objects: [String] {
    if let object = self["object"] {
      return (object.isArray ? Array(object.elements) : [object]).compactMap(\.string)
    }
    return self["objectList"]?.elements.compactMap { $0["object"]?.string } ?? []
  }
}
