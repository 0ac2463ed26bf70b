import DistributedOperations
import JSON
import NGSILD

/// Entities put together from what this broker and the sources of a plan answered.
///
/// They come in the order in which this broker, then each source, names them first.
struct SourceMerge {
  private let plan: ReadPlan
  private let distribution: Distribution
  private let now: DateTime
  private(set) var ids: [String] = []
  /// Entities that no source has a part of, as they are stored.
  private var alone: [String: JSONValue] = [:]
  private var merges: [String: EntityMerge] = [:]
  private(set) var warnings: [SourceWarning] = []

  init(_ plan: ReadPlan, _ distribution: Distribution, at now: DateTime) {
    self.plan = plan
    self.distribution = distribution
    self.now = now
  }

  /// Adds an Entity in stored form that is held here; before those of sources.
  mutating func add(own entity: JSONValue) {
    guard let id = entity["id"]?.string, alone[id] == nil else { return }
    guard plan.hasClaims else {
      ids.append(id)
      alone[id] = entity
      return
    }
    guard let own = plan.own(Entity(stored: entity)) else { return }
    ids.append(id)
    merge(own, isAuxiliary: false)
  }

  /// - Parameter results: of the plan's reads, in their order.
  mutating func add(_ results: [SourceReadResult<Entity>]) {
    for (read, result) in zip(plan.reads, results) {
      let isAuxiliary = distribution.registration(read.source)?.mode == .auxiliary
      for entity in result.entities { add(entity, isAuxiliary: isAuxiliary) }
      for warning in result.warnings where !warnings.contains(warning) { warnings.append(warning) }
    }
  }

  private mutating func add(_ entity: Entity, isAuxiliary: Bool) {
    if let own = alone.removeValue(forKey: entity.id) {
      merge(Entity(stored: own), isAuxiliary: false)
    } else if merges[entity.id] == nil {
      ids.append(entity.id)
    }
    merge(entity, isAuxiliary: isAuxiliary)
  }

  private mutating func merge(_ entity: Entity, isAuxiliary: Bool) {
    var merge = merges[entity.id] ?? EntityMerge(at: now)
    merge.add(entity, isAuxiliary: isAuxiliary)
    merges[entity.id] = merge
  }

  /// The stored form; nil if all that is known of it has expired.
  func entity(_ id: String) -> JSONValue? {
    if let own = alone[id] { return own }
    return merges[id]?.result.map(JSONValue.init(stored:))
  }

  var entities: [JSONValue] { ids.compactMap(entity) }
}

extension JSONValue {
  /// An Entity in stored form.
  init(stored entity: Entity) {
    var writer = JSONWriter(reservingCapacity: 2048)
    entity.write(to: &writer)
    self.init(storedDocument: writer.bytes)
  }
}
