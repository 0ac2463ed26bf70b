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
    let answer = try answer(to: call, request, context)
    let origin = try await origin(of: call, context, in: tenant)
    let gathered = try await broker.retrieveEntity(id, request, in: tenant, from: origin)
    return try await warning(gathered.warnings) { () async throws(NGSILDError) in
      guard let entity = gathered.entity else { throw notFound(id, request) }
      return try await response(
        to: request, call, showing: entity, id, of: gathered.holders, as: answer, in: tenant)
    }
  }

  private func notFound(_ id: String, _ request: QueryRequest) -> NGSILDError {
    let types = request.selectors.first?.types.map { " with the type '\($0)'" } ?? ""
    return NGSILDError(.resourceNotFound, "The Entity '\(id)' does not exist\(types)")
  }

  private func response(
    to request: QueryRequest, _ call: Call, showing entity: StoredEntity, _ id: String,
    of holders: [String],
    as answer: EntityAnswer, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HTTPResponse {
    try requireShown(entity, answer.representation, id)
    var answer = answer
    try await addLinked(to: [entity], request, in: tenant, &answer)
    guard var response = answer.response(entity, &written) else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has nothing of what was picked")
    }
    var query = EntityQuery()
    query.selectors = [EntitySelector(ids: [IRI(id)])]
    try await entityMap(
      of: call, retrieving: id, by: .entities(query), at: holders, request.entityMap, in: tenant)?
      .mark(&response, creates: false)
    return response
  }

  /// With `attrs`, an Entity that has none of them counts as absent (5.7.1.4).
  private func requireShown(
    _ entity: StoredEntity, _ representation: Representation, _ id: String
  ) throws(NGSILDError) {
    guard case .attributes(let names) = representation.members else { return }
    let isShown = entity.value.members.contains { names.contains(IRI($0.name.string ?? "")) }
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
    return try await page(
      of: request, call, context, path: "/ngsi-ld/v1/entityOperations/query")
  }

  private func page(
    of request: QueryRequest, _ call: Call, _ context: Context, path: String
  ) async throws(NGSILDError) -> HTTPResponse {
    var answer = try answer(to: call, request, context)
    let page = try Page(call.parameters)
    try requireRestriction(request, call)
    let tenant = try await tenant(of: call)
    if answer.linksContext {
      let site = try contextSite(of: call)
      answer.link(try await broker.linked(context, in: tenant, at: site))
    }
    var query = EntityQuery(request, page)
    let origin = try await isLocal(request, call) ? nil : origin(of: call, context, in: tenant)
    let map = try await entityMap(
      of: call, for: .entities(query, request), request.entityMap, in: tenant, from: origin)
    query.map = map?.map.number
    let found =
      if let map {
        try await broker.queryEntities(query, request, in: map.map, of: tenant, from: origin)
      } else {
        try await broker.queryEntities(
          query, request, splits: request.splitsEntities ?? false, in: tenant, from: origin)
      }
    try await addLinked(to: found.entities, request, in: tenant, &answer)
    var response = answer.response(found.entities, &written)
    response.add(found.warnings)
    response.headers +=
      PageLinks(
        path: path, parameters: call.parameters, isSorted: true, page: page,
        hasMore: found.hasMore, neighbours: found.neighbours, type: call.accepts
      ).headers
    if let count = found.count {
      response.headers.append(("NGSILD-Results-Count", "\(count)"))
    }
    map?.mark(&response)
    return response
  }

  /// Adds the Entities that `entities` link to, as far as `join` asks for them (4.5.23).
  private func addLinked(
    to entities: [StoredEntity], _ request: QueryRequest, in tenant: TenantNumber,
    _ answer: inout EntityAnswer
  ) async throws(NGSILDError) {
    guard let join = request.join else { return }
    let now = DateTime.now
    let selection = EntitySelection(request.projection)
    var traversal = LinkTraversal(
      from: entities.map(\.value), showing: selection, join: join,
      datasets: answer.representation.datasets,
      at: now)
    try await broker.follow(&traversal, in: tenant, at: now)
    answer.add(traversal, showing: selection, as: join)
  }

  func requireRestriction(_ request: QueryRequest, _ call: Call) throws(NGSILDError) {
    try request.requireRestriction(isLocal: isLocal(request, call))
  }

  /// Whether no Context Source is asked: `type=*` asks for all that is held here, which is a
  /// restriction of its own (5.7.2.4).
  func isLocal(_ request: QueryRequest, _ call: Call) throws(NGSILDError) -> Bool {
    guard call.snapshot == nil else { return true }
    let isLocal = try call.parameters.boolean("local", default: request.isOfAnyType)
    guard isLocal || !request.isOfAnyType else {
      throw .badRequestData(
        "type=* asks for all that is held here; it does not go with local=false")
    }
    return isLocal
  }

  // MARK: Representation

  private static let formats: [String: Representation.Format] = [
    "normalized": .normalized, "concise": .concise, "simplified": .simplified,
    "keyValues": .simplified,
  ]
  private static let representationOptions = Set(formats.keys).union(["sysAttrs"])

  /// How the answer shows Entities (6.3.6, 6.3.7, 6.3.11).
  private func answer(
    to call: Call, _ request: QueryRequest, _ context: Context
  ) throws(NGSILDError) -> EntityAnswer {
    var representation = try representation(of: request, for: call, context)
    if call.accepts == .geoJSON {
      representation.embedsContext = call.preferences?.embedsContext ?? true
    }
    return EntityAnswer(
      representation: representation, accepts: call.accepts,
      geometryProperty: try geometryProperty(of: call, context),
      olderVersion: call.preferences?.version.flatMap { $0 < .own ? $0 : nil })
  }

  private func geometryProperty(
    of call: Call, _ context: Context
  ) throws(NGSILDError) -> IRI {
    guard let name = call.parameters["geometryProperty"] else {
      return FeatureRepresentation.location
    }
    guard call.accepts == .geoJSON else {
      throw .badRequestData(
        "geometryProperty '\(name)' goes with GeoJSON alone; an Accept header with "
          + "\(MediaType.geoJSON.rawValue) is expected")
    }
    try requireName(name, as: "The geometryProperty")
    return context.expand(name)
  }

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
    representation.language = request.languages
    representation.datasets = request.datasets.map { selection in
      Set(selection.ids).union(selection.includesDefault ? [nil] : [])
    }
    return representation
  }
}

extension EntityQuery {
  fileprivate init(_ request: QueryRequest, _ page: Page) {
    self.init(request)
    limit = page.limit
    offset = page.offset
    cursor = page.cursor
    wantsCount = page.wantsCount
  }
}
