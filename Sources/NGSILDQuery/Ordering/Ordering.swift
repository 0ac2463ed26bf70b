package import JSON
package import NGSILD

/// In which order Entities are answered.
///
/// Shape: `orderBy=speed;desc,location;dist-asc`, `orderFrom=[-3.7,40.4]`, `collation=de`.
///
/// Standard: ordering language (GS CIM 009, 4.23 and 5.2.43).
package struct Ordering: Hashable, Sendable {
  package struct Term: Hashable, Sendable {
    package let path: ValuePath
    package let direction: Direction

    package init(_ path: ValuePath, _ direction: Direction = .ascending) {
      self.path = path
      self.direction = direction
    }
  }

  package enum Direction: String, CaseIterable, Hashable, Sendable {
    case ascending = "asc"
    case descending = "desc"
    /// By distance from the reference geometry.
    case nearestFirst = "dist-asc"
    case farthestFirst = "dist-desc"

    package var isByDistance: Bool { self == .nearestFirst || self == .farthestFirst }
  }

  /// The first decides, the next among equals, and so on.
  package let terms: [Term]
  package let collation: Collation?
  /// From what distances are measured; there if a term is by distance.
  package let reference: Geometry?

  /// - Throws: `badRequestData` if a term is by distance and there is no reference.
  package init(
    _ terms: [Term], collation: Collation? = nil, reference: Geometry? = nil
  ) throws(NGSILDError) {
    precondition(!terms.isEmpty)
    guard reference != nil || !terms.contains(where: { $0.direction.isByDistance }) else {
      throw .badRequestData("Ordering by distance needs orderFrom, the coordinates to measure from")
    }
    self.terms = terms
    self.collation = collation
    self.reference = reference
  }

  /// Reads the parameters of a URL; nil without `orderBy`, whatever the others say.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init?(
    orderBy: String?, collation: String?, orderFrom: String?, orderGeometry: String?,
    expander: any NameExpander
  ) throws(NGSILDError) {
    let tag = try collation.map { text throws(NGSILDError) in try Collation(parsing: text) }
    let coordinates = try orderFrom.map(parseCoordinates)
    let reference = try Self.reference(coordinates, geometry: orderGeometry)
    guard let orderBy else { return nil }
    try self.init(
      try Self.terms(parsing: orderBy, expander: expander), collation: tag, reference: reference)
  }

  /// Reads the member `ordering` of a Query.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(_ value: JSONValue, expander: any NameExpander) throws(NGSILDError) {
    guard value.isObject else { throw .badRequestData("'ordering' is no JSON object") }
    for (name, _) in value.members where !Self.members.contains(name.string ?? "") {
      throw .badRequestData("'ordering' has the unknown member '\((name.string ?? "").bounded)'")
    }
    guard let orderBy = value["orderBy"], orderBy.isArray, orderBy.count > 0 else {
      throw .badRequestData("'ordering' needs 'orderBy', an array of one or more strings")
    }
    var terms: [Term] = []
    for element in orderBy.elements {
      guard let text = element.string else {
        throw .badRequestData("'orderBy' holds \(element.rawText.bounded), which is no string")
      }
      terms += try Self.terms(parsing: text, expander: expander)
    }
    if let coordinates = value["coordinates"], !coordinates.isArray {
      throw .badRequestData("'coordinates' in 'ordering' is no array")
    }
    try self.init(
      terms,
      collation: try Self.string("collation", value["collation"]).map {
        text throws(NGSILDError) in try Collation(parsing: text)
      },
      reference: try Self.reference(
        value["coordinates"], geometry: try Self.string("geometry", value["geometry"])))
  }

  private static let members: Set = ["orderBy", "collation", "coordinates", "geometry"]

  /// Whether Entities are ordered by their id alone, which is all that temporal queries allow.
  package var isByIdAlone: Bool { terms.count == 1 && terms[0].path == ValuePath(member: .id) }

  private static func string(
    _ name: String, _ value: JSONValue?
  ) throws(NGSILDError) -> String? {
    guard let value else { return nil }
    guard let text = value.string else {
      throw .badRequestData("'\(name)' in 'ordering' is no string")
    }
    return text
  }

  private static func reference(
    _ coordinates: JSONValue?, geometry: String?
  ) throws(NGSILDError) -> Geometry? {
    let kind = try geometry.map { name throws(NGSILDError) in
      try Geometry.Kind(parsing: name)
    }
    guard let coordinates else { return nil }
    return try Geometry(kind: kind ?? .point, coordinates: coordinates)
  }

  // MARK: Terms

  package static func terms(
    parsing text: String, expander: any NameExpander, limits: QueryLimits = QueryLimits()
  ) throws(NGSILDError) -> [Term] {
    var cursor = try TextCursor(text, of: "orderBy", limits: limits)
    var terms: [Term] = []
    repeat {
      terms.append(try cursor.orderTerm(expander))
    } while cursor.take(",")
    guard cursor.isAtEnd else { throw cursor.expected("',', ';' or the end") }
    return terms
  }
}

extension TextCursor {
  fileprivate mutating func orderTerm(
    _ expander: any NameExpander
  ) throws(NGSILDError) -> Ordering.Term {
    let path = try valuePath(expander)
    guard take(";") else { return Ordering.Term(path) }
    let start = position
    guard let direction = Ordering.Direction(rawValue: take(until: { $0 == UInt8(ascii: ",") }))
    else {
      position = start
      throw expected("asc, desc, dist-asc or dist-desc")
    }
    return Ordering.Term(path, direction)
  }
}

extension Ordering.Term: CustomStringConvertible {
  package var description: String {
    direction == .ascending ? path.description : "\(path);\(direction.rawValue)"
  }
}
