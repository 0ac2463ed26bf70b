import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Context information consumption (GS CIM 009, 6.4.3.2, 6.5.3.1).
extension API {
  func retrieveEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let representation = try representation(for: call, context)
    let types = try call.parameters["type"].map { text throws(NGSILDError) in
      try TypeSelection(parsing: text, expander: context)
    }
    let entity = try await broker.retrieveEntity(id, types: types, in: tenant)
    try requireShown(entity, representation, id)
    var writer = JSONWriter(reservingCapacity: 2048)
    guard representation.write(stored: entity, at: .now, to: &writer) else {
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
    let representation = try representation(for: call, context)
    let query = try entityQuery(call, context)
    let tenant = try await tenant(of: call)
    let page = try await broker.queryEntities(query, in: tenant)
    var writer = JSONWriter(reservingCapacity: 1024 * (page.documents.count + 1))
    writer.beginArray()
    let now = DateTime.now
    for document in page.documents {
      representation.write(stored: JSONValue(storedDocument: document), at: now, to: &writer)
    }
    writer.endArray()
    var response = HTTPResponse.body(writer.bytes, as: call.accepts, context: context)
    let links = PageLinks(
      path: "/ngsi-ld/v1/entities", parameters: call.parameters, isSorted: true,
      limit: query.limit, offset: query.offset, hasMore: page.hasMore, type: call.accepts)
    response.headers += links.headers
    if let count = page.count {
      response.headers.append(("NGSILD-Results-Count", "\(count)"))
    }
    return response
  }

  // MARK: Parameters

  private func entityQuery(
    _ call: Call, _ context: Context
  ) throws(NGSILDError) -> EntityQuery {
    let parameters = call.parameters
    var query = EntityQuery()
    for id in try parameters.tokens("id") ?? [] {
      try requireURI(id, as: "The id")
      query.ids.append(id)
    }
    if let text = parameters["idPattern"] { query.idPattern = try Pattern(text) }
    if let text = parameters["type"] {
      query.types = try TypeSelection(parsing: text, expander: context)
    }
    query.attributes = try expanded(parameters.tokens("attrs") ?? [], context)
    if let text = parameters["q"] {
      query.query = try Query(parsing: text, expander: context)
      try query.query?.requireSupported()
    }
    if let text = parameters["scopeQ"] { query.scopes = try ScopeQuery(parsing: text) }
    query.geo = try GeoQuery(
      georel: parameters["georel"], geometry: parameters["geometry"],
      coordinates: parameters["coordinates"], geoproperty: parameters["geoproperty"],
      expander: context)
    query.wantsCount = try parameters.boolean("count")
    query.limit = try parameters.integer("limit", in: 0...Self.limitMax) ?? Self.limitDefault
    query.offset = try parameters.integer("offset", in: 0...Int.max >> 8) ?? 0
    guard query.limit > 0 || query.wantsCount else {
      throw .badRequestData("limit=0 is of use only with count=true")
    }
    try requireNarrow(query, isLocal: parameters.boolean("local"))
    return query
  }

  private static let limitDefault = 20
  private static let limitMax = 1000

  /// A query restricts what it wants by more than ids (5.7.2.4).
  private func requireNarrow(_ query: EntityQuery, isLocal: Bool) throws(NGSILDError) {
    let isNarrow =
      query.types != nil || !query.attributes.isEmpty || query.geo != nil
      || query.query?.attributes.isEmpty == false || isLocal
    guard isNarrow else {
      throw .badRequestData(
        "The query is too wide; one of type, attrs, q, georel or local=true is expected")
    }
  }

  private func expanded(_ names: [String], _ context: Context) throws(NGSILDError) -> [IRI] {
    var expanded: [IRI] = []
    for name in names where !["id", "type", "scope"].contains(name) {
      try requireName(name, as: "The Attribute name")
      expanded.append(context.expand(name))
    }
    return expanded
  }

  /// How the answer shows Entities (6.3.7, 6.3.11).
  func representation(
    for call: Call, _ context: Context
  ) throws(NGSILDError) -> Representation {
    let formats: [String: Representation.Format] = [
      "normalized": .normalized, "concise": .concise, "simplified": .simplified,
      "keyValues": .simplified,
    ]
    let options = try call.parameters.options(among: Set(formats.keys).union(["sysAttrs"]))
    var representation = Representation(context: context, embedsContext: call.accepts == .jsonLD)
    for (name, format) in formats where options.contains(name) { representation.format = format }
    if let name = call.parameters["format"] {
      guard let format = formats[name] else {
        throw NGSILDError(
          .invalidRequest,
          "The format '\(name)' is unknown; normalized, concise or simplified is expected")
      }
      representation.format = format
    }
    representation.showsSystemAttributes = options.contains("sysAttrs")
    for name in ["pick", "omit", "lang"] where call.parameters[name] != nil {
      throw NGSILDError(.notImplemented, "The parameter '\(name)' is not built yet")
    }
    if let names = try call.parameters.tokens("attrs") {
      representation.members = .attributes(Set(try expanded(names, context)))
    }
    representation.datasets = try datasets(call)
    return representation
  }

  private func datasets(_ call: Call) throws(NGSILDError) -> Set<String?>? {
    guard let tokens = try call.parameters.tokens("datasetId") else { return nil }
    var datasets: Set<String?> = []
    for token in tokens {
      if token != "@none" { try requireURI(token, as: "The datasetId") }
      datasets.insert(token == "@none" ? nil : token)
    }
    return datasets
  }
}
