import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Storage

/// EntityMaps (GS CIM 009, 6.32, 6.34, 6.35).
extension API {
  func createEntityMap(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (request, context) = try await queryRequest(of: call)
    try requireRestriction(request, call)
    let tenant = try await tenant(of: call)
    let origin = try await isLocal(request, call) ? nil : origin(of: call, context, in: tenant)
    let map = try await broker.createEntityMap(
      of: .entities(EntityQuery(request), request), lifetime: request.entityMap.lifetime,
      in: tenant, from: origin)
    return try await created(map, call, context, in: tenant)
  }

  func createTemporalEntityMap(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (request, context) = try await temporalRequest(of: call)
    let isLocal = try isLocal(request.conditions, call)
    try request.requireQuery(isLocal: isLocal)
    let tenant = try await tenant(of: call)
    let origin = try await isLocal ? nil : origin(of: call, context, in: tenant)
    let map = try await broker.createEntityMap(
      of: .history(HistoryQuery(request), request),
      lifetime: request.conditions.entityMap.lifetime, in: tenant, from: origin)
    return try await created(map, call, context, in: tenant)
  }

  func retrieveEntityMap(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let map = try await broker.retrieveEntityMap(call.identifiers[0], in: tenant)
    return response(map, status: 200, call, context)
  }

  func updateEntityMap(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = call.identifiers[0]
    try requireURI(id, as: "The EntityMap id")
    let (fragment, context) = try await body(of: call)
    let tenant = try await tenant(of: call)
    let expiresAt = try fragment["expiresAt"].map { value throws(NGSILDError) in
      guard let text = value.string else {
        throw .badRequestData("'expiresAt' is \(value.rawText.prefix(100)); a DateTime is expected")
      }
      return try DateTime(parsing: text, of: "expiresAt")
    }
    try await broker.updateEntityMap(
      id, expiresAt: expiresAt, in: tenant, from: origin(of: call, context, in: tenant))
    return .noContent
  }

  func deleteEntityMap(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    try await broker.deleteEntityMap(
      call.identifiers[0], in: tenant, from: origin(of: call, context, in: tenant))
    return .noContent
  }

  // MARK: Parts

  private func queryRequest(
    of call: Call
  ) async throws(NGSILDError) -> (QueryRequest, Context) {
    if call.request.method == "POST" {
      let (body, context) = try await body(of: call)
      return (try QueryRequest(body, expander: context), context)
    }
    let context = try await context(of: call)
    return (try QueryRequest(parameters: { call.parameters[$0] }, expander: context), context)
  }

  private func temporalRequest(
    of call: Call
  ) async throws(NGSILDError) -> (TemporalRequest, Context) {
    if call.request.method == "POST" {
      let (body, context) = try await body(of: call)
      return (try TemporalRequest(body, expander: context), context)
    }
    let context = try await context(of: call)
    return (try TemporalRequest(parameters: { call.parameters[$0] }, expander: context), context)
  }

  private func created(
    _ map: EntityMap, _ call: Call, _ context: Context, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HTTPResponse {
    let stored = try await broker.retrieveEntityMap(map.id, in: tenant)
    var response = response(stored, status: 201, call, context)
    EntityMapUse(new: map).mark(&response)
    return response
  }

  /// Maps may be long: one is read and written piece by piece.
  private func response(
    _ map: StoredEntityMap, status: Int, _ call: Call, _ context: Context
  ) -> HTTPResponse {
    var response = HTTPResponse.body([], as: call.accepts, context: context, status: status)
    let embedded = call.accepts == .jsonLD ? context.bodyValue : nil
    response.producer = { [broker] body throws(HTTPBodyBrokenOff) in
      try await EntityMapRepresentation(map, context: embedded).write(to: body, from: broker)
    }
    return response
  }
}
