import Broker
import DistributedOperations
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Temporal consumption (GS CIM 009, 6.18.3.2, 6.19.3.1, 6.24).
extension API {
  func retrieveTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let request = try TemporalRequest(parameters: { call.parameters[$0] }, expander: context)
    let answer = try TemporalAnswer(to: call, request, context)
    let origin = try await origin(of: call, context, in: tenant)
    let gathered = await broker.gatherHistory(
      of: id, request, aggregates: answer.aggregation != nil, in: tenant, from: origin)
    return try await warning(gathered.warnings) { () async throws(NGSILDError) in
      try await response(
        to: request, call, retrieving: id, beside: gathered, as: answer, in: tenant)
    }
  }

  private func response(
    to request: TemporalRequest, _ call: Call, retrieving id: String,
    beside gathered: GatheredHistory, as answer: TemporalAnswer, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HTTPResponse {
    let foreign = gathered.foreign
    let part = HistoryPart(request)
    let attributes = request.requiredAttributes
    let response: HTTPResponse?
    if call.accepts == .csv && foreign == nil {
      response = answer.table(
        try await broker.readTemporalEntity(id, part, requiring: attributes, in: tenant),
        from: broker)
    } else if let aggregation = answer.aggregation {
      response = answer.response(
        retrieved: try await broker.aggregateTemporalEntity(
          id, part, aggregation, requiring: attributes, beside: foreign, in: tenant))
    } else {
      response = answer.response(
        retrieved: try await broker.retrieveTemporalEntity(
          id, part, requiring: attributes, beside: foreign, in: tenant))
    }
    guard var response else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has nothing of what was picked")
    }
    var query = HistoryQuery(part)
    query.selectors = [EntitySelector(ids: [IRI(id)])]
    let wish = request.conditions.entityMap
    try await entityMap(
      of: call, retrieving: id, by: .history(query), at: gathered.holders, wish, in: tenant)?
      .mark(&response, creates: false)
    return response
  }

  func queryTemporalEntities(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let context = try await context(of: call)
    let request = try TemporalRequest(parameters: { call.parameters[$0] }, expander: context)
    return try await page(of: request, call, context, path: "/ngsi-ld/v1/temporal/entities")
  }

  /// The same query, its conditions in a body (5.2.23).
  func queryTemporalEntitiesByPost(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let request = try TemporalRequest(body, expander: context)
    return try await page(
      of: request, call, context, path: "/ngsi-ld/v1/temporal/entityOperations/query")
  }

  private func page(
    of request: TemporalRequest, _ call: Call, _ context: Context, path: String
  ) async throws(NGSILDError) -> HTTPResponse {
    let answer = try TemporalAnswer(to: call, request, context)
    let page = try Page(call.parameters)
    let isLocal = try isLocal(request.conditions, call)
    try request.requireQuery(isLocal: isLocal)
    let tenant = try await tenant(of: call)
    var query = HistoryQuery(request, page)
    let wish = request.conditions.entityMap
    let origin = try await isLocal ? nil : origin(of: call, context, in: tenant)
    let map = try await entityMap(
      of: call, for: .history(query, request), wish, in: tenant, from: origin)
    query.map = map?.map.number
    let gathered = try await gather(
      query, request, aggregates: answer.aggregation != nil, in: map?.map, of: tenant,
      from: origin)
    if let page = gathered.page { query = query.restricted(to: page.ids) }
    var shown = try await shownPage(
      query, request, call, beside: gathered.foreign, as: answer, in: tenant)
    if let page = gathered.page { (shown.hasMore, shown.count) = (page.hasMore, page.count) }
    shown.response.add(gathered.warnings)
    shown.response.headers +=
      PageLinks(
        path: path, parameters: call.parameters, isSorted: true, page: page,
        hasMore: shown.hasMore, type: call.accepts
      ).headers
    if let count = shown.count {
      shown.response.headers.append(("NGSILD-Results-Count", "\(count)"))
    }
    map?.mark(&shown.response)
    return shown.response
  }

  /// What Context Sources have, of a map's Entities if there is one.
  private func gather(
    _ query: HistoryQuery, _ request: TemporalRequest, aggregates: Bool, in map: EntityMap?,
    of tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> GatheredHistory {
    guard let map else {
      return try await broker.gatherHistory(
        query, request, aggregates: aggregates, in: tenant, from: origin)
    }
    return try await broker.gatherHistory(
      query, request, aggregates: aggregates, in: map, of: tenant, from: origin)
  }

  /// The page as it is shown, and what its headers tell of it.
  private func shownPage(
    _ query: HistoryQuery, _ request: TemporalRequest, _ call: Call,
    beside foreign: ForeignHistory?, as answer: TemporalAnswer, in tenant: TenantNumber
  ) async throws(NGSILDError) -> (response: HTTPResponse, hasMore: Bool, count: Int?) {
    if let aggregation = answer.aggregation {
      let found = try await broker.aggregateTemporalEntities(
        query, aggregation, requiring: request.requiredAttributes, beside: foreign, in: tenant)
      return (answer.response(found), found.hasMore, found.count)
    }
    if call.accepts == .csv && foreign == nil {
      let found = try await broker.readTemporalEntities(query, in: tenant)
      return (answer.table(found, from: broker), found.hasMore, found.count)
    }
    let found = try await broker.queryTemporalEntities(query, beside: foreign, in: tenant)
    return (answer.response(found), found.hasMore, found.count)
  }
}

extension TemporalRequest {
  /// What an Entity must have had at least one of: the Attributes that are asked for by name.
  fileprivate var requiredAttributes: Set<IRI> {
    if case .pick(let core, let attributes) = members {
      core.isEmpty ? attributes : []
    } else {
      Set(conditions.projection.attributes)
    }
  }
}

extension HistoryQuery {
  fileprivate init(_ request: TemporalRequest, _ page: Page) {
    self.init(request)
    limit = page.limit
    offset = page.offset
    wantsCount = page.wantsCount
  }
}
