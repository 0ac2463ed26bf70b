import Broker
import HTTPServer
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Purge Entities (GS CIM 009, 5.6.21, 6.4.3.3).
extension API {
  func purgeEntities(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let context = try await context(of: call)
    try requireOwnAttributes(call, context)
    let request = try QueryRequest(parameters: { call.parameters[$0] }, expander: context)
    try requireRestriction(request, call)
    let purge = try purge(call, context)
    let tenant = try await tenant(of: call)
    var query = EntityQuery(request)
    query.map = try await entityMapToPurge(call, query, in: tenant)
    let origin =
      try await isLocal(request, call) || query.map != nil
      ? nil : origin(of: call, context, in: tenant)
    async let parts = broker.forwardPurge(
      request, parameters: call.parameters.list, in: tenant, from: origin)
    let result = try await broker.purge(purge, of: query, in: tenant, by: call.headers)
    var answer = BatchOperationResult()
    for id in result.purged { answer.succeed(id) }
    for (id, error) in result.errors { answer.fail(id, error) }
    for part in await parts { answer.add(part) }
    return answer.errors.isEmpty ? .noContent : answer.response
  }

  /// Choice: a map that is no more is an error, since without it more would be purged.
  private func entityMapToPurge(
    _ call: Call, _ query: EntityQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMapNumber? {
    guard let reference = call.request.headers.first(EntityMapUse.header) else { return nil }
    let id = EntityMapUse.id(in: reference)
    guard let map = try await broker.entityMap(id, for: .entities(query), in: tenant) else {
      throw NGSILDError(.resourceNotFound, "The EntityMap '\(id)' does not exist")
    }
    return map.number
  }

  /// A purge follows no Relationships.
  private func requireOwnAttributes(_ call: Call, _ context: Context) throws(NGSILDError) {
    guard let text = call.parameters["q"], try Query(parsing: text, expander: context).linkDepth > 0
    else { return }
    throw .badRequestData(
      "The query '\(text)' has a condition on linked Entities; a purge follows no Relationships")
  }

  /// Whole Entities, or what `keep` or `drop` says.
  private func purge(_ call: Call, _ context: Context) throws(NGSILDError) -> Broker.Purge {
    let keep = try attributes("keep", call, context)
    let drop = try attributes("drop", call, context)
    switch (keep, drop) {
    case (nil, nil): return .entities
    case (let keep?, nil): return .attributes(.others(keep))
    case (nil, let drop?): return .attributes(.these(drop))
    default: throw .badRequestData("keep is given together with drop; right is one alone")
    }
  }

  /// Choice: only Attributes can be kept or dropped; `scope` and the like are refused.
  private func attributes(
    _ parameter: String, _ call: Call, _ context: Context
  ) throws(NGSILDError) -> Set<IRI>? {
    guard let text = call.parameters[parameter] else { return nil }
    let terms = try ProjectionTerms(parsing: text, as: parameter, expander: context)
    var names: Set<IRI> = []
    for term in terms.terms {
      guard case .attribute(let name) = term.member, term.linked == nil else {
        throw .badRequestData(
          "'\(parameter)' is '\(text)'; the names of the Entities' own Attributes are expected")
      }
      names.insert(name)
    }
    return names
  }
}
