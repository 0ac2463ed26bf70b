package import JSON
import JSONLD
package import NGSILD

/// What Entities a request asks for and what of them, apart from page, order of members and format.
///
/// Standard: Query data type (GS CIM 009, 5.2.23) and the parameters of a URL that stand for its
/// members (6.4.3.2, 6.5.3.1).
package struct QueryRequest: Hashable, Sendable {
  /// Any of them selects; all Entities are selected if there is none.
  package var selectors: [EntitySelector] = []
  package var query: Query?
  package var scopes: ScopeQuery?
  package var geo: GeoQuery?
  /// `csf`, which restricts Context Sources, not Entities.
  package var sources: Query?
  package var projection = Projection.everything
  package var datasets: DatasetSelection?
  package var languages: LanguageFilter?
  /// Nil without Linked Entity retrieval.
  package var join: Join?
  package var ordering: Ordering?
  /// Whether parts of one Entity may be in several Context Sources (4.3.6.7); nil if nothing is
  /// said.
  package var splitsEntities: Bool?
  package var entityMap = EntityMapWish()

  package init() {}

  /// Whether a selector asks for `*`, all that is held here.
  package var isOfAnyType: Bool { selectors.contains { $0.types == .any } }

  /// Refuses what asks for more linked Entities than `join` grants (4.5.23).
  ///
  /// - Throws: `badRequestData`.
  func requireLinks() throws(NGSILDError) {
    let depth = max(projection.linkDepth, query?.linkDepth ?? 0)
    try NGSILDQuery.requireLinks(depth, within: join?.level)
  }

  /// Refuses a request for too many Entities (5.7.2.4).
  ///
  /// - Parameter isLocal: whether no Context Source is asked.
  /// - Throws: `badRequestData`.
  package func requireRestriction(isLocal: Bool) throws(NGSILDError) {
    try NGSILDQuery.requireRestriction(
      selectors: selectors, projection: projection, query: query, geoQuery: geo, isLocal: isLocal)
  }
}

// MARK: Parameters of a URL

extension QueryRequest {
  /// - Parameter value: the value of a parameter; nil if it is not given.
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    parameters value: (String) -> String?, expander: some NameExpander
  ) throws(NGSILDError) {
    if value("type") != nil || value("id") != nil || value("idPattern") != nil {
      selectors = [
        try EntitySelector(
          type: value("type"), id: value("id"), idPattern: value("idPattern"), expander: expander)
      ]
    }
    projection = try Projection(
      attrs: value("attrs"), pick: value("pick"), omit: value("omit"), expander: expander)
    query = try Self.query(
      value("q"), expandValues: value("expandValues"), jsonKeys: value("jsonKeys"),
      expander: expander, isPercentEncoded: false)
    scopes = try value("scopeQ").map { text throws(NGSILDError) in
      try ScopeQuery(parsing: text)
    }
    geo = try GeoQuery(
      georel: value("georel"), geometry: value("geometry"), coordinates: value("coordinates"),
      geoproperty: value("geoproperty"), expander: expander)
    sources = try value("csf").map { text throws(NGSILDError) in
      try Query(parsing: text, as: "csf", expander: expander)
    }
    datasets = try value("datasetId").map(DatasetSelection.init(parsing:))
    languages = try value("lang").map(LanguageFilter.init(parsing:))
    join = try Join(
      value("join"), level: value("joinLevel").map(JoinLevel.text),
      containedBy: value("containedBy").map { text throws(NGSILDError) in
        try parseURIs(text, as: "containedBy")
      } ?? [])
    ordering = try Ordering(
      orderBy: value("orderBy"), collation: value("collation"), orderFrom: value("orderFrom"),
      orderGeometry: value("orderGeometry"), expander: expander)
    splitsEntities = try value("splitEntities").map(Self.splitsEntities)
    entityMap = try EntityMapWish(
      entityMap: value("entityMap"), lifetime: value("entityMapLifetime"))
    try requireLinks()
  }

  private static func splitsEntities(_ text: String) throws(NGSILDError) -> Bool {
    guard let splits = Bool(text) else {
      throw .badRequestData(
        "The parameter 'splitEntities' is '\(text.bounded)'; true or false is expected")
    }
    return splits
  }

  /// `q`, whose operands are expanded where `expandValues` says so.
  ///
  /// `jsonKeys` has no effect but to be checked: compound values are stored as received, and
  /// members in brackets are their keys as they stand.
  fileprivate static func query(
    _ text: String?, expandValues: String?, jsonKeys: String?, expander: some NameExpander,
    isPercentEncoded: Bool
  ) throws(NGSILDError) -> Query? {
    let expanded = try expandValues.map { text throws(NGSILDError) in
      try Query.attributeNames(parsing: text, as: "expandValues", expander: expander)
    }
    _ = try jsonKeys.map { text throws(NGSILDError) in
      try Query.attributeNames(parsing: text, as: "jsonKeys", expander: expander)
    }
    return try text.map { text throws(NGSILDError) in
      try Query(
        parsing: text, expander: expander, expandValues: expanded ?? [],
        isPercentEncoded: isPercentEncoded)
    }
  }
}

// MARK: The body of a POST

extension QueryRequest {
  /// Reads a Query.
  ///
  /// - Parameter isTemporal: whether it asks for the temporal evolution of Entities, so that it has
  ///   `temporalQ`, which the caller reads.
  /// - Throws: `badRequestData`, also for what only other operations know; `tooComplexQuery`.
  package init(
    _ body: JSONValue, isTemporal: Bool = false, expander: some NameExpander
  ) throws(NGSILDError) {
    let reader = try QueryMemberReader(body, isTemporal: isTemporal)
    selectors =
      try reader.value("entities").map { list throws(NGSILDError) in
        try EntitySelector.list(list, expander: expander)
      } ?? []
    projection = try reader.projection(expander)
    query = try Self.query(
      reader.string("q"), expandValues: reader.string("expandValues"),
      jsonKeys: reader.string("jsonKeys"), expander: expander, isPercentEncoded: true)
    scopes = try reader.string("scopeQ").map { text throws(NGSILDError) in
      try ScopeQuery(parsing: text)
    }
    geo = try reader.value("geoQ").map { value throws(NGSILDError) in
      try GeoQuery(value, expander: expander)
    }
    sources = try reader.string("csf").map { text throws(NGSILDError) in
      try Query(parsing: text, as: "csf", expander: expander, isPercentEncoded: true)
    }
    datasets = try reader.value("datasetId").map { value throws(NGSILDError) in
      try DatasetSelection(value)
    }
    languages = try reader.string("lang").map(LanguageFilter.init(parsing:))
    join = try Join(
      reader.string("join"), level: reader.value("joinLevel").map(JoinLevel.value),
      containedBy: reader.uris("containedBy"))
    ordering = try reader.value("ordering").map { value throws(NGSILDError) in
      try Ordering(value, expander: expander)
    }
    entityMap = try EntityMapWish(
      isWanted: reader.boolean("entityMap"), lifetime: reader.string("entityMapLifetime"))
    splitsEntities = try reader.boolean("splitEntities")
    try requireLinks()
  }
}

/// Reads members of a Query by their kind, and says what is wrong with them.
private struct QueryMemberReader {
  private let body: JSONValue

  /// - Throws: `badRequestData` if it is of another type or has a member that a query of Entities
  ///   does not know.
  init(_ body: JSONValue, isTemporal: Bool) throws(NGSILDError) {
    self.body = body
    guard body["type"]?.isString("Query") == true else {
      let given = body["type"].map { "is \($0.rawText.bounded)" } ?? "is missing"
      throw .badRequestData("'type' \(given); \"Query\" is expected")
    }
    for (name, _) in body.members {
      let name = name.string ?? ""
      if isTemporal && Self.temporal.contains(name) { continue }
      guard !Self.temporal.contains(name) else {
        throw .badRequestData(
          "'\(name)' belongs to a query for the Temporal Evolution of Entities, at "
            + "/temporal/entityOperations/query")
      }
      guard Self.members.contains(name), !(isTemporal && Self.links.contains(name)) else {
        throw .badRequestData("The Query has the unknown member '\(name.bounded)'")
      }
    }
  }

  private static let members: Set = [
    "type", "entities", "q", "csf", "scopeQ", "lang", "geoQ", "attrs", "pick", "omit", "datasetId",
    "containedBy", "expandValues", "jsonKeys", "entityMap", "entityMapLifetime", "join",
    "joinLevel", "ordering", "splitEntities", "@context",
  ]
  private static let links: Set = ["join", "joinLevel", "containedBy"]
  private static let temporal: Set = ["temporalQ", "aggrParams"]

  func value(_ name: StaticString) -> JSONValue? { body[name] }

  func string(_ name: StaticString) throws(NGSILDError) -> String? {
    guard let value = body[name] else { return nil }
    guard let string = value.string else { throw expected("a string", name, value) }
    return string
  }

  func boolean(_ name: StaticString) throws(NGSILDError) -> Bool? {
    guard let value = body[name] else { return nil }
    guard let boolean = value.boolean else { throw expected("true or false", name, value) }
    return boolean
  }

  /// A non-empty array.
  func strings(_ name: StaticString) throws(NGSILDError) -> [String]? {
    guard let value = body[name] else { return nil }
    let strings = value.elements.compactMap(\.string)
    guard value.isArray, value.count > 0, strings.count == value.count else {
      throw expected("an array of one or more strings", name, value)
    }
    return strings
  }

  func uris(_ name: StaticString) throws(NGSILDError) -> [IRI] {
    var uris: [IRI] = []
    for text in try strings(name) ?? [] { uris.append(try parseURI(text, as: "\(name)")) }
    return uris
  }

  /// Each string of the arrays is a list of its own.
  func projection(_ expander: some NameExpander) throws(NGSILDError) -> Projection {
    var attrs: [EntityMember] = []
    for text in try strings("attrs") ?? [] {
      attrs += try Projection.attrs(parsing: text, expander: expander)
    }
    return try Projection(
      validating: attrs,
      pick: try strings("pick").map { texts throws(NGSILDError) in
        try ProjectionTerms(parsing: texts, as: "pick", expander: expander)
      },
      omit: try strings("omit").map { texts throws(NGSILDError) in
        try ProjectionTerms(parsing: texts, as: "omit", expander: expander)
      })
  }

  private func expected(
    _ what: String, _ name: StaticString, _ value: JSONValue
  ) -> NGSILDError {
    .badRequestData("'\(name)' is \(value.rawText.bounded); \(what) is expected")
  }
}
