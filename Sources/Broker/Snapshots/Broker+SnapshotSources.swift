import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// What Context Sources have, or claim, of what one query of a Snapshot selects.
struct SourceFindings<Finding: Sendable>: Sendable {
  /// Entities put together with what is held here; of history, what sources have.
  var found: [Finding] = []
  /// What is held here and not claimed of Entities whose history was found.
  var states: [Entity] = []
  /// Ids of Entities that, put together, are not selected, though what is held here may be.
  var unfitting: [String] = []
  /// What is not to be taken from the history here.
  var claims: [ForeignHistory.Claim] = []
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
    let claimed = try await idsOfClaimed(splits ? EntityQuery() : query, request, plan, in: tenant)
    let ids = Set<IRI>(results.flatMap(\.entities).map(\.id) + claimed).sorted().map(\.text)
    let own = try await UnclaimedPart(plan: plan, request: request, splits: splits, now: now).of(
      ownPart(of: ids, query, splits: splits, in: tenant), by: self)
    for entity in own { merge.add(own: entity) }
    merge.add(results)
    var entities = merge.entities()
    if splits {
      entities = try await EntityConditions(request, at: now).filter(entities, by: self)
    }
    let found = entities.map { Entity(stored: $0) }
    return SourceFindings(
      found: found, unfitting: Set<IRI>(ids).subtracting(Set(found.map(\.id))).sorted().map(\.text),
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
    let claimed = try await idsOfClaimed(EntityQuery(), request.conditions, plan, in: tenant)
    let evolutions = gathered.foreign?.evolutions ?? []
    let ids = Set<IRI>(evolutions.map(\.id) + claimed).sorted().map(\.text)
    // Without any id, it would be a query of all Entities.
    let fitting =
      ids.isEmpty
      ? []
      : try await database { () throws(PostgresError) in
        try await history.ids(
          query.restricted(to: ids), beside: gathered.foreign, at: .now, tenant: tenant)
      }
    let isFitting = Set<IRI>(fitting)
    return SourceFindings(
      found: evolutions.filter { isFitting.contains($0.id) },
      states: try await unclaimedStates(of: fitting, plan, in: tenant),
      unfitting: ids.filter { !isFitting.contains($0) },
      claims: gathered.foreign?.claims ?? [], warnings: gathered.warnings,
      answers: distribution.answers)
  }

  // MARK: What is held here

  /// The ids of Entities that are held here, satisfy a query, and are claimed as a whole or in
  /// part.
  private func idsOfClaimed(
    _ query: EntityQuery, _ request: QueryRequest, _ plan: ReadPlan, in tenant: TenantNumber
  ) async throws(NGSILDError) -> [String] {
    guard plan.hasClaims else { return [] }
    var query = query
    query.selectors = plan.claimed(among: request.selectors)
    query.ordering = nil
    let found = try await database { () throws(PostgresError) in
      try await queries.references(
        query, in: try await queries.keys(), limit: Self.snapshotEntitiesMax + 1, at: .now,
        tenant: tenant)
    }
    guard found.count <= Self.snapshotEntitiesMax else { throw Self.hasTooManyClaimed }
    return found.map(\.reference.id)
  }

  private func unclaimedStates(
    of ids: [String], _ plan: ReadPlan, in tenant: TenantNumber
  ) async throws(NGSILDError) -> [Entity] {
    let documents = try await database { () throws(PostgresError) in
      try await entities.documents(
        ids.map { EntityReference(tenant: tenant, id: $0) }, at: .now)
    }
    return documents.compactMap { document in
      document.flatMap { plan.own(Entity(stored: JSONValue(storedDocument: $0))) }
    }
  }

  private static var hasTooManyClaimed: NGSILDError {
    NGSILDError(
      .tooManyResults,
      "Of the Entities that the query selects, more than \(snapshotEntitiesMax) are held here that "
        + "Context Sources claim; narrow it down")
  }

  private static var hasTooManyAtSources: NGSILDError {
    NGSILDError(
      .tooManyResults,
      "A Context Source has more than \(snapshotEntitiesMax) Entities that the query selects; "
        + "narrow it down")
  }
}
