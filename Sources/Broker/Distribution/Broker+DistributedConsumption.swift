package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
import Registrations
package import Storage

/// Context information consumption over Context Sources (GS CIM 009, 5.7.1.4 and 5.7.2.4).
extension Broker {
  /// 5.7.1: an Entity, put together from what is held here and at sources.
  ///
  /// - Parameter origin: nil for what is held here alone.
  package func retrieveEntity(
    _ id: String, _ request: QueryRequest, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredEntity {
    let specification = EntitySpecification(request, id: IRI(id))
    guard
      let distribution = Distribution(of: specification, from: origin, in: tenant, by: self)
    else {
      return GatheredEntity(entity: try await ownEntity(id, request, in: tenant))
    }
    let plan = ReadPlan(retrieving: id, request, from: distribution.registrations)
    guard !plan.isLocal, !distribution.origin.isLoop else {
      return GatheredEntity(
        entity: try await ownEntity(id, request, in: tenant),
        warnings: distribution.loopWarnings(of: plan))
    }
    let reader = SourceReader(distribution: distribution)
    async let results: [SourceReadResult<AnsweredEntity>] = reader.results(
      of: plan.reads, limit: 1)
    let own = try await ownEntity(id, request, in: tenant)
    var merge = SourceMerge(plan, distribution, at: .now)
    if let own { merge.add(own: own.value) }
    let answers = await results
    merge.add(answers)
    return GatheredEntity(
      entity: merge.entities([id]).first.map(StoredEntity.init), warnings: merge.warnings,
      holders: zip(plan.reads, answers).filter { !$1.entities.isEmpty }.map(\.0.source))
  }

  private func ownEntity(
    _ id: String, _ request: QueryRequest, in tenant: TenantNumber
  ) async throws(NGSILDError) -> StoredEntity? {
    let document = try await reader.document(of: EntityReference(tenant: tenant, id: id))
    guard let document else { return nil }
    guard let types = request.selectors.first?.types else { return StoredEntity(document) }
    let entity = JSONValue(storedDocument: document)
    return types.matches(types: entity.storedTypes) ? StoredEntity(entity) : nil
  }

  /// 5.7.2: one page of the Entities that a request selects, here and at sources.
  ///
  /// - Parameters:
  ///   - query: the conditions of `request`, and the page.
  ///   - splits: whether parts of one Entity may be in several sources (4.3.6.7).
  ///   - origin: as for a retrieval.
  package func queryEntities(
    _ query: EntityQuery, _ request: QueryRequest, splits: Bool, in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredEntities {
    guard
      let distribution = try await Distribution(
        querying: request, splits: splits, from: origin, in: tenant, by: self)
    else { return try await ownEntities(query, in: tenant) }
    let plan = ReadPlan(
      querying: query.wantsCount ? request.countable : request, splits: splits,
      from: distribution.registrations)
    guard !plan.isLocal, !distribution.origin.isLoop else {
      var own = try await ownEntities(query, in: tenant)
      own.warnings = distribution.loopWarnings(of: plan)
      return own
    }
    guard query.ordering == nil else { throw .orderOverSources }
    let distributed = DistributedQuery(
      query, request, plan: plan, distribution: distribution, splits: splits)
    return try await distributed.page()
  }

  /// Whether a tenant has registrations; without, everything is held here.
  package func hasSources(in tenant: TenantNumber) -> Bool {
    !registrations.index(of: tenant).isEmpty
  }

  func ownEntities(
    _ query: EntityQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> GatheredEntities {
    let page = try await queryEntities(query, in: tenant)
    return GatheredEntities(
      entities: page.documents.map { StoredEntity($0) }, hasMore: page.hasMore,
      count: page.count, neighbours: page.neighbours)
  }
}

extension QueryRequest {
  /// Asks for all Entities that count, also those of which nothing that was picked is to be shown.
  fileprivate var countable: QueryRequest {
    guard projection.pick != nil else { return self }
    var request = self
    request.projection = .everything
    return request
  }
}

extension Distribution {
  /// What a reader is told whose request comes back to where it has been (6.3.18).
  func loopWarnings(of plan: ReadPlan) -> [SourceWarning] {
    guard !plan.isLocal, origin.isLoop else { return [] }
    return [warning(.unanswered, "the request has been here before; sources were not asked again")]
  }
}

extension EntitySpecification {
  /// The Entity of an id, as far as a retrieval asks for it.
  fileprivate init(_ request: QueryRequest, id: IRI) {
    let types = request.selectors.first?.types
    self.init(
      selectors: [EntitySelector(types: types, ids: [id])],
      attributes: request.projection.attributes, datasets: request.datasets)
  }
}
