package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
import Registrations
package import Storage

/// Queries with an EntityMap over Context Sources: of each Entity, those sources alone are asked
/// that the map says have it, by their own maps (GS CIM 009, 4.3.6.7).
extension Broker {
  /// One page of the Entities in a map.
  ///
  /// - Parameter query: the conditions of `request`, and the page.
  package func queryEntities(
    _ query: EntityQuery, _ request: QueryRequest, in map: EntityMap, of tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredEntities {
    guard
      let (distribution, plan) = plan(for: .entities(query, request), map, tenant, origin)
    else { return try await ownEntities(query, in: tenant) }
    var gathering = MappedGathering(
      query: query, request: request, map: map, plan: plan, distribution: distribution,
      broker: self, tenant: tenant)
    let walk = MapWalk(
      map: map, selectors: query.selectors, limit: query.limit, offset: query.offset,
      wantsCount: query.wantsCount, broker: self, tenant: tenant)
    let page = try await walk.page { entries throws(NGSILDError) in
      try await gathering.take(entries)
    }
    return GatheredEntities(
      entities: page.entries.compactMap { gathering.entities[$0.id] }.map { StoredEntity($0) },
      hasMore: page.hasMore, count: page.count, warnings: gathering.warnings)
  }

  /// What is here of some of the Entities that a query selects; of split ones, whether or not it
  /// fits.
  func ownPart(
    of ids: [String], _ query: EntityQuery, splits: Bool, in tenant: TenantNumber
  ) async throws(NGSILDError) -> [JSONValue] {
    guard !ids.isEmpty else { return [] }
    var own = splits ? EntityQuery() : query.placedByOffset
    own.selectors = query.selectors.restricted(to: ids)
    guard !own.selectors.isEmpty else { return [] }
    own.map = nil
    own.ordering = nil
    own.wantsCount = false
    own.limit = ids.count
    own.offset = 0
    return try await ownEntities(own, in: tenant).entities.map(\.value)
  }

  /// What sources have of the history of the Entities on one page of a map.
  ///
  /// - Parameters:
  ///   - query: the conditions of `request`, and the page.
  ///   - aggregates: whether values are aggregated.
  package func gatherHistory(
    _ query: HistoryQuery, _ request: TemporalRequest, aggregates: Bool, in map: EntityMap,
    of tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredHistory {
    let asked = MapRequest.history(query, request)
    guard let (distribution, plan) = plan(for: asked, map, tenant, origin) else {
      return GatheredHistory()
    }
    let splits = asked.splits
    let walk = MapWalk(
      map: map, selectors: query.selectors, limit: query.limit, offset: query.offset,
      wantsCount: query.wantsCount, broker: self, tenant: tenant)
    let page = try await walk.page { entries throws(NGSILDError) in
      var gathering = HistoryGathering(plan, request.temporal, distribution)
      let reads = entries.reads(plan.reads, map)
      await gathering.ask(splits ? reads : reads.map(\.ofLatest), limit: entries.count)
      let ids = entries.map(\.id)
      let gathered = gathering.history(areSelected: !splits)
      let fitting = try await database { () throws(PostgresError) in
        try await history.ids(
          query.restricted(to: ids), beside: gathered.foreign, at: .now, tenant: tenant)
      }
      return MapWalk.Finding(fitting: Set(fitting), answered: gathering.answered)
    }
    var gathering = HistoryGathering(plan, request.temporal, distribution)
    await gathering.ask(page.entries.reads(plan.reads, map), limit: page.entries.count)
    if aggregates || splits { await gathering.completeRanges(limit: page.entries.count) }
    var gathered = gathering.history(areSelected: !splits)
    gathered.page = MappedPage(
      ids: page.entries.map(\.id), hasMore: page.hasMore, count: page.count)
    return gathered
  }

  /// nil if no source of the map is to be asked.
  private func plan(
    for request: MapRequest, _ map: EntityMap, _ tenant: TenantNumber, _ origin: RequestOrigin?
  ) -> (Distribution, ReadPlan)? {
    guard !map.sources.isEmpty,
      let distribution = Distribution(
        of: EntitySpecification(request.conditions), at: request.time, from: origin, in: tenant,
        by: self),
      !distribution.origin.isLoop
    else { return nil }
    let named = distribution.registrations.filter { map.sources.contains(exactly: $0.id) }
    return (distribution, request.plan(for: named))
  }
}

extension [EntitySelector] {
  /// What selects some Entities alone.
  func restricted(to ids: [String]) -> [EntitySelector] {
    (isEmpty ? [EntitySelector()] : self).compactMap { $0.restricted(to: ids) }
  }
}

extension HistoryQuery {
  /// The same query of some Entities alone, all on one page; no map is needed then.
  package func restricted(to ids: [String]) -> HistoryQuery {
    var query = self
    query.selectors = selectors.restricted(to: ids)
    query.map = nil
    query.order = .given(ids)
    query.limit = query.selectors.isEmpty ? 0 : ids.count
    query.offset = 0
    query.wantsCount = false
    return query
  }
}
