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
    let answer = try answer(to: call, context)
    let types = try call.parameters["type"].map { text throws(NGSILDError) in
      try TypeSelection(parsing: text, expander: context)
    }
    let entity = try await broker.retrieveEntity(id, types: types, in: tenant)
    try requireShown(entity, answer.representation, id)
    guard let response = answer.response(entity) else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has nothing of what was picked")
    }
    return response
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
    let answer = try answer(to: call, context)
    let page = try Page(call.parameters)
    let query = try entityQuery(call, page, context)
    let tenant = try await tenant(of: call)
    let found = try await broker.queryEntities(query, in: tenant)
    var response = answer.response(found.documents.map { JSONValue(storedDocument: $0) })
    response.headers +=
      PageLinks(
        path: "/ngsi-ld/v1/entities", parameters: call.parameters, isSorted: true, page: page,
        hasMore: found.hasMore, type: call.accepts
      ).headers
    if let count = found.count {
      response.headers.append(("NGSILD-Results-Count", "\(count)"))
    }
    return response
  }

  // MARK: Parameters

  func entityQuery(
    _ call: Call, _ page: Page, _ context: Context
  ) throws(NGSILDError) -> EntityQuery {
    let parameters = call.parameters
    var query = EntityQuery()
    query.selector = try EntitySelector(
      type: parameters["type"], id: parameters["id"], idPattern: parameters["idPattern"],
      expander: context)
    let projection = try projection(call, context)
    query.attributes = projection.attributes
    if let text = parameters["q"] {
      query.query = try Query(
        parsing: text, expander: context,
        expandValues: parameters["expandValues"].map { text throws(NGSILDError) in
          try Query.attributeNames(parsing: text, as: "expandValues", expander: context)
        } ?? [])
      try query.query?.requireSupported()
    }
    if let text = parameters["scopeQ"] { query.scopes = try ScopeQuery(parsing: text) }
    query.geo = try GeoQuery(
      georel: parameters["georel"], geometry: parameters["geometry"],
      coordinates: parameters["coordinates"], geoproperty: parameters["geoproperty"],
      expander: context)
    if let text = parameters["csf"] {
      // It restricts Context Sources only; here its form is checked.
      _ = try Query(parsing: text, as: "csf", expander: context)
    }
    let isOfAnyType = query.selector.types == .any
    let isLocal = try parameters.boolean("local", default: isOfAnyType)
    guard isLocal || !isOfAnyType else {
      throw .badRequestData(
        "type=* asks for all that is held here; it does not go with local=false")
    }
    try requireRestriction(
      selectors: [query.selector], projection: projection, query: query.query,
      geoQuery: query.geo, isLocal: isLocal)
    query.wantsCount = page.wantsCount
    query.limit = page.limit
    query.offset = page.offset
    return query
  }

  /// `attrs`, `pick` and `omit` (4.21).
  private func projection(
    _ call: Call, _ context: Context
  ) throws(NGSILDError) -> Projection {
    let projection = try Projection(
      attrs: call.parameters["attrs"], pick: call.parameters["pick"],
      omit: call.parameters["omit"], expander: context)
    // Linked Entities need `join`, which is not built yet and therefore not given.
    try requireLinks(projection.linkDepth, within: nil)
    return projection
  }

  private static let formats: [String: Representation.Format] = [
    "normalized": .normalized, "concise": .concise, "simplified": .simplified,
    "keyValues": .simplified,
  ]
  private static let representationOptions = Set(formats.keys).union(["sysAttrs"])

  /// How the answer shows Entities (6.3.6, 6.3.7, 6.3.11).
  func answer(to call: Call, _ context: Context) throws(NGSILDError) -> EntityAnswer {
    var representation = try representation(for: call, context)
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
    for call: Call, _ context: Context
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
    representation.members = MemberSelection(try projection(call, context))
    representation.language = try call.parameters["lang"].map { text throws(NGSILDError) in
      try LanguageFilter(parsing: text)
    }
    representation.datasets = try call.parameters["datasetId"].map { text throws(NGSILDError) in
      let selection = try DatasetSelection(parsing: text)
      return Set(selection.ids.map(\.text)).union(selection.includesDefault ? [nil] : [])
    }
    return representation
  }
}

extension MemberSelection {
  /// What a projection keeps of the Entities that are asked for.
  fileprivate init(_ projection: Projection) {
    if !projection.attrs.isEmpty {
      self = .attributes(Set(projection.attributes))
      return
    }
    var members: Set<NGSILD.CoreMember> = []
    var attributes: Set<IRI> = []
    for term in projection.pick?.terms ?? projection.omit?.terms ?? [] {
      if projection.pick != nil && !projection.keeps(term.member) { continue }
      switch term.member {
      case .attribute(let name): attributes.insert(name)
      case .core(let member):
        NGSILD.CoreMember(term: member.rawValue).map { _ = members.insert($0) }
      }
    }
    if projection.pick != nil {
      self = .pick(core: members, attributes: attributes)
    } else if projection.omit != nil {
      self = .omit(core: members, attributes: attributes)
    } else {
      self = .all
    }
  }
}
