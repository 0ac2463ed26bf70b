import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// One page of a query over this broker and Context Sources.
///
/// Each is asked for as many Entities as the page and all before it may need; ids in the order of
/// this broker's answer, then of each source's, make the page. What a source did not get to answer
/// of the page's Entities is then asked for by their ids. Only where Entities are split, or
/// counted, is everything read: nobody else can tell what a whole Entity is.
///
/// Choice: pages are as stable as the sources' own order is; an Entity map freezes them.
struct DistributedQuery {
  private let query: EntityQuery
  private let request: QueryRequest
  private let plan: ReadPlan
  private let distribution: Distribution
  private let splits: Bool
  private let now = DateTime.now

  init(
    _ query: EntityQuery, _ request: QueryRequest, plan: ReadPlan, distribution: Distribution,
    splits: Bool
  ) {
    self.query = query.placedByOffset
    self.request = request
    self.plan = plan
    self.distribution = distribution
    self.splits = splits
  }

  /// Entities that are read of each source, where all are asked for.
  private static var entitiesMax: Int { SourceReader.entitiesMax }

  private var readsAll: Bool { splits || query.wantsCount }

  private var limit: Int {
    readsAll ? Self.entitiesMax : min(query.offset + query.limit + 1, Self.entitiesMax)
  }

  func page() async throws(NGSILDError) -> GatheredEntities {
    var (own, results) = try await holdings()
    var merge = merge(own, results)
    if splits { return try await filteredPage(of: merge) }
    let ids = Array(merge.ids.dropFirst(query.offset).prefix(query.limit))
    let hasMore = merge.ids.count > query.offset + query.limit
    let count = query.wantsCount ? merge.ids.count : nil
    if own.hasMore || !results.allSatisfy(\.isComplete) {
      try await complete(ids, &own, &results)
      merge = self.merge(own, results)
    }
    let entities = merge.entities(ids)
    return GatheredEntities(
      entities: entities.map { StoredEntity($0) }, hasMore: hasMore, count: count,
      warnings: merge.warnings + boundWarnings(own, results))
  }

  private func merge(
    _ own: GatheredEntities, _ results: [SourceReadResult<AnsweredEntity>]
  ) -> SourceMerge {
    var merge = SourceMerge(plan, distribution, at: now)
    for entity in own.entities { merge.add(own: entity.value) }
    merge.add(results)
    return merge
  }

  /// What this broker and the sources answer at once.
  private func holdings() async throws(NGSILDError) -> (
    GatheredEntities, [SourceReadResult<AnsweredEntity>]
  ) {
    let reader = SourceReader(distribution: distribution)
    async let results: [SourceReadResult<AnsweredEntity>] = reader.results(
      of: plan.reads, limit: limit)
    var query = self.query
    if splits {
      query = EntityQuery()
      query.selectors = request.selectors
    }
    query.limit = limit
    query.offset = 0
    query.wantsCount = false
    return (try await unclaimed(query), await results)
  }

  private func unclaimed(_ query: EntityQuery) async throws(NGSILDError) -> GatheredEntities {
    let (broker, tenant) = (distribution.broker, distribution.tenant)
    var query = query
    var own = try await broker.ownEntities(query, in: tenant)
    guard plan.hasClaims else { return own }
    let unclaimed = UnclaimedPart(plan: plan, request: request, splits: splits, now: now)
    var entities = try await unclaimed.of(own.entities.map(\.value), by: broker)
    while own.hasMore && entities.count < limit {
      query.offset += query.limit
      own = try await broker.ownEntities(query, in: tenant)
      entities += try await unclaimed.of(own.entities.map(\.value), by: broker)
    }
    own.entities = entities.map { StoredEntity($0) }
    return own
  }

  /// Asks everyone who did not answer all for the parts of the page's Entities that are missing.
  private func complete(
    _ ids: [String], _ own: inout GatheredEntities,
    _ results: inout [SourceReadResult<AnsweredEntity>]
  ) async throws(NGSILDError) {
    var reads: [SourceRead] = []
    var places: [Int] = []
    for (place, read) in plan.reads.enumerated()
    where !results[place].isComplete && !results[place].hasFailed {
      let known = Set<IRI>(results[place].entities.map(\.id))
      guard let rest = read.restricted(to: ids.filter { !known.contains($0) }) else { continue }
      reads.append(rest)
      places.append(place)
    }
    let answers: [SourceReadResult<AnsweredEntity>] = await SourceReader(distribution: distribution)
      .results(of: reads, limit: ids.count)
    for (place, answer) in zip(places, answers) {
      results[place].entities += answer.entities
      results[place].warnings += answer.warnings
    }
    if own.hasMore { own.entities += try await rest(of: ids, beside: own) }
  }

  private func rest(
    of ids: [String], beside own: GatheredEntities
  ) async throws(NGSILDError) -> [StoredEntity] {
    let known = Set<IRI>(own.entities.compactMap(\.value.id))
    let missing = ids.filter { !known.contains($0) }
    guard !missing.isEmpty else { return [] }
    var query = self.query
    query.selectors = (query.selectors.isEmpty ? [EntitySelector()] : query.selectors)
      .compactMap { $0.restricted(to: missing) }
    guard !query.selectors.isEmpty else { return [] }
    query.limit = missing.count
    query.offset = 0
    return try await distribution.broker.ownEntities(query, in: distribution.tenant).entities
  }

  private func boundWarnings(
    _ own: GatheredEntities, _ results: [SourceReadResult<AnsweredEntity>]
  ) -> [SourceWarning] {
    guard limit == Self.entitiesMax, own.hasMore || results.contains(where: { !$0.isComplete })
    else { return [] }
    return [
      distribution.warning(
        .unanswered, "only the first \(Self.entitiesMax) Entities of each source were looked at")
    ]
  }

  /// Of split Entities, all are looked at.
  private func filteredPage(of merge: SourceMerge) async throws(NGSILDError) -> GatheredEntities {
    let conditions = EntityConditions(request, at: now)
    var merge = merge
    let entities = try await conditions.filter(merge.entities(), by: distribution.broker)
    let page = entities.dropFirst(query.offset).prefix(query.limit)
    return GatheredEntities(
      entities: page.map { StoredEntity($0) }, hasMore: entities.count > query.offset + query.limit,
      count: query.wantsCount ? entities.count : nil, warnings: merge.warnings)
  }
}

extension JSONValue {
  fileprivate var id: String? { self["id"]?.string }
}
