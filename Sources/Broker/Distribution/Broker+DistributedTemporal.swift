package import DistributedOperations
import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
import Registrations
package import Storage

/// Temporal consumption over Context Sources (GS CIM 009, 5.7.3.4 and 5.7.4.4): what these have is
/// gathered first, and then read beside what is held here.
extension Broker {
  /// 5.7.3: what sources have of one Entity.
  ///
  /// - Parameters:
  ///   - aggregates: whether values are aggregated.
  ///   - origin: nil for what is held here alone.
  package func gatherHistory(
    of id: String, _ request: TemporalRequest, aggregates: Bool, in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async -> GatheredHistory {
    let specification = EntitySpecification(
      selectors: [EntitySelector(ids: [IRI(id)])],
      attributes: request.conditions.projection.attributes, datasets: request.conditions.datasets)
    guard
      let distribution = Distribution(
        of: specification, at: .past(request.temporal), from: origin, in: tenant, by: self)
    else { return GatheredHistory() }
    let plan = ReadPlan(
      retrievingHistoryOf: id, request, aggregates: aggregates, from: distribution.registrations)
    guard !plan.isLocal, !distribution.origin.isLoop else {
      return GatheredHistory(warnings: distribution.loopWarnings(of: plan))
    }
    var gathering = HistoryGathering(plan, request.temporal, distribution)
    await gathering.ask(plan.reads, limit: 1)
    if aggregates { await gathering.completeRanges(limit: 1) }
    return gathering.history(areSelected: true)
  }

  /// 5.7.4: what sources have of the Entities that a request selects, as far as one page needs it.
  ///
  /// - Parameters:
  ///   - query: the conditions of `request`, and the page.
  ///   - aggregates: as for a retrieval.
  ///   - origin: as for a retrieval.
  package func gatherHistory(
    _ query: HistoryQuery, _ request: TemporalRequest, aggregates: Bool, in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredHistory {
    let conditions = request.conditions
    let splits = conditions.splitsEntities ?? false
    guard
      let distribution = try await Distribution(
        querying: conditions, splits: splits, at: .past(request.temporal), from: origin,
        in: tenant, by: self)
    else { return GatheredHistory() }
    let plan = ReadPlan(
      queryingHistory: request, splits: splits, aggregates: aggregates,
      from: distribution.registrations)
    guard !plan.isLocal, !distribution.origin.isLoop else {
      return GatheredHistory(warnings: distribution.loopWarnings(of: plan))
    }
    guard conditions.ordering == nil else { throw .orderOverSources }
    return try await DistributedHistory(
      query: query, temporal: request.temporal, plan: plan, distribution: distribution,
      splits: splits, aggregates: aggregates
    ).gathered()
  }
}

/// Gathers what one page of a temporal query over Context Sources needs.
///
/// Each source is asked for as many Entities as the page and all before it may need. Where many are
/// needed to know which make the page, sources are asked for these first, with their latest
/// instances alone; then for all that is asked of those of the page.
private struct DistributedHistory {
  let query: HistoryQuery
  let temporal: TemporalQuery
  let plan: ReadPlan
  let distribution: Distribution
  let splits: Bool
  let aggregates: Bool

  private var limit: Int {
    splits || query.wantsCount
      ? SourceReader.entitiesMax : min(query.offset + query.limit + 1, SourceReader.entitiesMax)
  }

  func gathered() async throws(NGSILDError) -> GatheredHistory {
    let isOfLatest = !splits && (query.wantsCount || query.offset > 0)
    var gathering = HistoryGathering(plan, temporal, distribution)
    await gathering.ask(isOfLatest ? plan.reads.map(\.ofLatest) : plan.reads, limit: limit)
    let isBounded = gathering.isBounded
    if isOfLatest || (isBounded && !splits) {
      let ids = try await idsOfPage(gathering.history(areSelected: true))
      await gathering.ask(
        gathering.missing(of: ids, isOfLatest: isOfLatest), limit: ids.count)
    }
    if aggregates || splits { await gathering.completeRanges(limit: limit) }
    var gathered = gathering.history(areSelected: !splits)
    if limit == SourceReader.entitiesMax && isBounded {
      gathered.warnings.append(
        distribution.warning(
          .unanswered, "only the first Entities of a source were looked at, which has more"))
    }
    return gathered
  }

  private func idsOfPage(
    _ gathered: GatheredHistory
  ) async throws(NGSILDError) -> [String] {
    var query = query
    query.wantsCount = false
    let broker = distribution.broker
    return try await broker.database { () throws(PostgresError) in
      try await broker.history.ids(
        query, beside: gathered.foreign, at: .now, tenant: distribution.tenant)
    }
  }
}
