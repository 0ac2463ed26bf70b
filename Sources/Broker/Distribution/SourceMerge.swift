import DistributedOperations
import JSON
import JSONLD
import NGSILD

/// Entities put together from what this broker and the sources of a plan answered.
///
/// They come in the order in which this broker, then each source, names them first.
struct SourceMerge {
  private let plan: ReadPlan
  private let distribution: Distribution
  private let now: DateTime
  private(set) var ids: [String] = []
  /// What is held here and no source claims, in stored form.
  private var own: [IRI: JSONValue] = [:]
  /// What sources hold, with the place of the read in the plan.
  private var answered: [IRI: [(place: Int, entity: AnsweredEntity)]] = [:]
  /// The sources that answered with an Entity that is none.
  private(set) var unreadable: Set<IRI> = []
  private(set) var warnings: [SourceWarning] = []

  init(_ plan: ReadPlan, _ distribution: Distribution, at now: DateTime) {
    self.plan = plan
    self.distribution = distribution
    self.now = now
  }

  /// Adds an Entity in stored form that is held here; before those of sources.
  mutating func add(own entity: JSONValue) {
    guard let id = entity["id"]?.string, own[id] == nil else { return }
    guard plan.hasClaims else {
      ids.append(id)
      own[id] = entity
      return
    }
    guard let rest = plan.own(Entity(stored: entity)) else { return }
    ids.append(id)
    own[id] = rest.stored()
  }

  /// - Parameter results: of the plan's reads, in their order.
  mutating func add(_ results: [SourceReadResult<AnsweredEntity>]) {
    for (place, result) in results.enumerated() {
      for entity in result.entities {
        if own[entity.id] == nil && answered[entity.id] == nil { ids.append(entity.id) }
        answered[IRI(entity.id), default: []].append((place, entity))
      }
      for warning in result.warnings where !warnings.contains(warning) { warnings.append(warning) }
    }
  }

  /// Entities in stored form, without those of which all that is known has expired.
  ///
  /// - Parameter ids: which; nil for all.
  mutating func entities(_ ids: [String]? = nil) -> [JSONValue] {
    var reader = AnsweredEntityReader()
    var entities: [JSONValue] = []
    for id in ids ?? self.ids {
      if let entity = entity(id, by: &reader) { entities.append(entity) }
    }
    return entities
  }

  /// Choice: what a source answers wrongly of one Entity counts as not answered; the others are as
  /// good as ever.
  private mutating func entity(_ id: String, by reader: inout AnsweredEntityReader) -> JSONValue? {
    guard let versions = answered[id] else { return own[id] }
    var merge = EntityMerge(at: now)
    if let own = own[id] { merge.add(Entity(stored: own)) }
    for (place, version) in versions {
      guard let source = distribution.registration(plan.reads[place].source) else { continue }
      do throws(NGSILDError) {
        merge.add(try reader.entity(version), isAuxiliary: source.mode == .auxiliary)
      } catch {
        // One warning for each source is enough.
        guard unreadable.insert(IRI(source.id)).inserted else { continue }
        warnings.append(distribution.unusable(error, of: source))
      }
    }
    return merge.result?.stored()
  }
}
