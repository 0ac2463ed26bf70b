import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Context information consumption (GS CIM 009, 6.4.3.2, 6.5.3.1, 6.23.3.1).
extension API {
  func retrieveEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let request = try QueryRequest(parameters: { call.parameters[$0] }, expander: context)
    let representation = try representation(of: request, for: call, context)
    let entity = try await broker.retrieveEntity(
      id, types: request.selectors.first?.types, in: tenant)
    try requireShown(entity, representation, id)
    let answer = try await answer([entity], request, representation, in: tenant)
    var writer = JSONWriter(reservingCapacity: 2048)
    guard answer.writeOne(to: &writer) else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has nothing of what was picked")
    }
    return .body(writer.bytes, as: call.accepts, context: context)
  }

  /// With `attrs`, an Entity that has none of them counts as absent (5.7.1.4).
  private func requireShown(
    _ entity: JSONValue, _ representation: Representation, _ id: String
  ) throws(NGSILDError) {
    guard case .attributes(let names) = representation.members else { return }
    let isShown = entity.members.contains { names.contains(IRI($0.name.string ?? "")) }
    guard isShown else {
      throw NGSILDError(
        .resourceNotFound, "The Entity '\(id)' has none of the Attributes asked for")
    }
  }

  func queryEntities(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let context = try await context(of: call)
    let request = try QueryRequest(parameters: { call.parameters[$0] }, expander: context)
    return try await page(of: request, call, context, path: "/ngsi-ld/v1/entities")
  }

  /// The same query, its conditions in a body (5.2.23).
  func queryEntitiesByPost(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let request = try QueryRequest(body, expander: context)
    guard request.languages == nil else {
      throw NGSILDError(.notImplemented, "The member 'lang' is not built yet")
    }
    return try await page(
      of: request, call, context, path: "/ngsi-ld/v1/entityOperations/query")
  }

  private func page(
    of request: QueryRequest, _ call: Call, _ context: Context, path: String
  ) async throws(NGSILDError) -> HTTPResponse {
    let representation = try representation(of: request, for: call, context)
    let page = try Page(call.parameters)
    try requireRestriction(request, call)
    let tenant = try await tenant(of: call)
    let found = try await broker.queryEntities(EntityQuery(request, page), in: tenant)
    let entities = found.documents.map(JSONValue.init(storedDocument:))
    let answer = try await answer(entities, request, representation, in: tenant)
    var writer = JSONWriter(reservingCapacity: 2048 * (found.documents.count + 1))
    answer.writeList(to: &writer)
    var response = HTTPResponse.body(writer.bytes, as: call.accepts, context: context)
    response.headers +=
      PageLinks(
        path: path, parameters: call.parameters, isSorted: true, page: page,
        hasMore: found.hasMore, type: call.accepts
      ).headers
    if let count = found.count {
      response.headers.append(("NGSILD-Results-Count", "\(count)"))
    }
    return response
  }

  /// The Entities together with those that they link to, as far as `join` asks for them.
  private func answer(
    _ entities: [JSONValue], _ request: QueryRequest, _ representation: Representation,
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityAnswer {
    var answer = EntityAnswer(entities: entities, representation: representation, at: .now)
    guard let join = request.join else { return answer }
    let selection = EntitySelection(request.projection)
    var traversal = LinkTraversal(
      from: entities, showing: selection, join: join, datasets: representation.datasets,
      at: answer.now)
    try await broker.follow(&traversal, in: tenant, at: answer.now)
    answer.add(traversal, showing: selection, as: join)
    return answer
  }

  /// `type=*` asks for all that is held here, which is a restriction of its own (5.7.2.4).
  private func requireRestriction(_ request: QueryRequest, _ call: Call) throws(NGSILDError) {
    let isLocal = try call.parameters.boolean("local", default: request.isOfAnyType)
    guard isLocal || !request.isOfAnyType else {
      throw .badRequestData(
        "type=* asks for all that is held here; it does not go with local=false")
    }
    // Without Context Sources, Entities are never split among them.
    _ = try call.parameters.boolean("splitEntities")
    try request.requireRestriction(isLocal: isLocal)
  }

  // MARK: Representation

  private static let formats: [String: Representation.Format] = [
    "normalized": .normalized, "concise": .concise, "simplified": .simplified,
    "keyValues": .simplified,
  ]
  private static let representationOptions = Set(formats.keys).union(["sysAttrs"])

  /// How the answer shows Entities (6.3.7, 6.3.11).
  private func representation(
    of request: QueryRequest, for call: Call, _ context: Context
  ) throws(NGSILDError) -> Representation {
    let options = try call.parameters.options(among: Self.representationOptions)
    var representation = Representation(context: context, embedsContext: call.accepts == .jsonLD)
    for option in options {
      if let format = Self.formats[option] { representation.format = format }
    }
    if let name = call.parameters["format"] {
      guard let format = Self.formats[name] else {
        throw NGSILDError(
          .invalidRequest,
          "The format '\(name)' is unknown; normalized, concise or simplified is expected")
      }
      representation.format = format
    }
    representation.showsSystemAttributes = options.contains("sysAttrs")
    representation.members = EntitySelection(request.projection).members
    representation.datasets = request.datasets.map { selection in
      Set(selection.ids.map(\.text)).union(selection.includesDefault ? [nil] : [])
    }
    return representation
  }
}

extension EntityQuery {
  fileprivate init(_ request: QueryRequest, _ page: Page) {
    self.init(request)
    limit = page.limit
    offset = page.offset
    wantsCount = page.wantsCount
  }
}
