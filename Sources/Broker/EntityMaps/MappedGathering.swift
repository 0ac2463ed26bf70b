import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// The Entities of a map, put together of what is here and what its sources answer.
struct MappedGathering {
  /// The conditions of `request`, and the page.
  let query: EntityQuery
  let request: QueryRequest
  let map: EntityMap
  let plan: ReadPlan
  let distribution: Distribution
  let broker: Broker
  let tenant: TenantNumber
  private let now = DateTime.now
  /// Those that fit, by id.
  private(set) var entities: [IRI: JSONValue] = [:]
  private(set) var warnings: [SourceWarning] = []

  /// Asks for the Entities of some entries.
  mutating func take(_ entries: [MapWalk.Entry]) async throws(NGSILDError) -> MapWalk.Finding {
    let splits = request.splitsEntities ?? false
    let reads = entries.reads(plan.reads, map)
    let reader = SourceReader(distribution: distribution)
    async let answers: [SourceReadResult<AnsweredEntity>] = reader.results(
      of: reads, limit: entries.count)
    let ids = entries.filter(\.isHeldHere).map(\.id)
    let own = try await broker.ownPart(of: ids, query, splits: splits, in: tenant)
    let results = await answers
    var merge = SourceMerge(plan.asking(reads), distribution, at: now)
    for entity in own { merge.add(own: entity) }
    merge.add(results)
    var found = merge.entities()
    for warning in merge.warnings where !warnings.contains(warning) { warnings.append(warning) }
    if splits { found = try await EntityConditions(request, at: now).filter(found, by: broker) }
    let byID = Dictionary(found.map { (IRI($0["id"]?.string ?? ""), $0) }, uniquingKeysWith: { $1 })
    entities.merge(byID) { $1 }
    let failed = zip(reads, results).filter(\.1.hasFailed).map(\.0.source)
    return MapWalk.Finding(
      fitting: Set(byID.keys),
      answered: Set<IRI>(reads.map(\.source)).subtracting(Set(failed)).subtracting(merge.unreadable)
    )
  }
}
