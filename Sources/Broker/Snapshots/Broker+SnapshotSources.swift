import DistributedOperations
import JSON
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// What Context Sources have of what one query of a Snapshot selects.
struct SourceFindings<Finding: Sendable>: Sendable {
  /// Entities put together with what is held here; of history, what sources have.
  var found: [Finding] = []
  /// Ids of Entities that, put together, are not selected, though what is held here may be.
  var unfitting: [String] = []
  /// What is missing, and why.
  var warnings: [SourceWarning] = []
  /// The room that the answers take, for as long as they are worked on.
  var answers: HeldAnswers?
}

/// What Context Sources have of what the queries of a Snapshot ask for (GS CIM 009, 5.16.1.4).
extension Broker {
  /// Entities of which each source is asked.
  private static let snapshotEntitiesMax = SourceReader.entitiesMax

  /// The Entities that a query selects and sources have parts of.
  func entitiesAtSources(
    _ query: EntityQuery, _ request: QueryRequest, in tenant: TenantNumber,
    from origin: RequestOrigin
  ) async throws(NGSILDError) -> SourceFindings<Entity> {
    let splits = request.splitsEntities ?? false
    guard
      let distribution = try await Distribution(
        querying: request, splits: splits, from: origin, in: tenant, by: self)
    else { return SourceFindings() }
    let plan = ReadPlan(querying: request, splits: splits, from: distribution.registrations)
    let reader = SourceReader(distribution: distribution)
    let results: [SourceReadResult<AnsweredEntity>] = await reader.results(
      of: plan.reads, limit: Self.snapshotEntitiesMax)
    guard results.allSatisfy({ $0.isComplete || $0.hasFailed }) else {
      throw Self.hasTooManyAtSources
    }
    let now = DateTime.now
    var merge = SourceMerge(plan, distribution, at: now)
    let ids = Set(results.flatMap(\.entities).map(\.id)).sorted()
    for entity in try await ownPart(of: ids, query, splits: splits, in: tenant) {
      merge.add(own: entity)
    }
    merge.add(results)
    var entities = merge.entities()
    if splits {
      entities = try await EntityConditions(request, at: now).filter(entities, by: self)
    }
    let found = entities.map { Entity(stored: $0) }
    return SourceFindings(
      found: found, unfitting: Set(merge.ids).subtracting(found.map(\.id)).sorted(),
      warnings: merge.warnings, answers: distribution.answers)
  }

  /// The history at sources of the Entities that a query selects.
  func historyAtSources(
    _ query: HistoryQuery, _ request: TemporalRequest, in tenant: TenantNumber,
    from origin: RequestOrigin
  ) async throws(NGSILDError) -> SourceFindings<TemporalEntity> {
    let splits = request.conditions.splitsEntities ?? false
    guard
      let distribution = try await Distribution(
        querying: request.conditions, splits: splits, at: .past(request.temporal), from: origin,
        in: tenant, by: self)
    else { return SourceFindings() }
    let plan = ReadPlan(
      queryingHistory: request, splits: splits, aggregates: false,
      from: distribution.registrations)
    var gathering = HistoryGathering(plan, request.temporal, distribution)
    await gathering.ask(plan.reads, limit: Self.snapshotEntitiesMax)
    guard !gathering.isBounded else { throw Self.hasTooManyAtSources }
    await gathering.completeRanges(limit: Self.snapshotEntitiesMax)
    let gathered = gathering.history(areSelected: !splits)
    var findings = SourceFindings(
      found: gathered.foreign?.evolutions ?? [], warnings: gathered.warnings,
      answers: distribution.answers)
    guard splits else { return findings }
    let ids = findings.found.map(\.id)
    let fitting = try await database { () throws(PostgresError) in
      Set(
        try await history.ids(
          query.restricted(to: ids), beside: gathered.foreign, at: .now, tenant: tenant))
    }
    findings.found.removeAll { !fitting.contains($0.id) }
    findings.unfitting = ids.filter { !fitting.contains($0) }
    return findings
  }

  private static var hasTooManyAtSources: NGSILDError {
    NGSILDError(
      .tooManyResults,
      "A Context Source has more than \(snapshotEntitiesMax) Entities that the query selects; "
        + "narrow it down")
  }
}
