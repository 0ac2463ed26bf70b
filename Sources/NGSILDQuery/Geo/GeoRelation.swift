package import NGSILD

/// How a GeoProperty is to lie to the reference geometry.
///
/// Shape: `near;maxDistance==2000`, `within`, `contains` and so on.
///
/// Standard: geo-query language (GS CIM 009, 4.10).
package enum GeoRelation: Hashable, Sendable {
  case near(GeoNear)
  case within, contains, intersects, equals, disjoint, overlaps

  /// - Throws: `badRequestData` for another relation.
  package init(parsing text: String) throws(NGSILDError) {
    switch text {
    case "within": self = .within
    case "contains": self = .contains
    case "intersects": self = .intersects
    case "equals": self = .equals
    case "disjoint": self = .disjoint
    case "overlaps": self = .overlaps
    default: self = .near(try GeoNear(parsing: text))
    }
  }
}

extension GeoRelation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .near(let near): near.description
    case .within: "within"
    case .contains: "contains"
    case .intersects: "intersects"
    case .equals: "equals"
    case .disjoint: "disjoint"
    case .overlaps: "overlaps"
    }
  }
}

/// The `near` relation of a geo-query.
///
/// Shape: `near;maxDistance==2000` or `near;minDistance==2000`.
///
/// Standard: geo-query language (GS CIM 009, 4.10).
package struct GeoNear: Hashable, Sendable {
  package enum Bound: Hashable, Sendable { case within, beyond }

  /// Metres, more than zero.
  package let distance: Double
  package let bound: Bound

  package init(distance: Double, bound: Bound) {
    precondition(distance > 0 && distance.isFinite)
    self.distance = distance
    self.bound = bound
  }

  /// - Throws: `badRequestData` for another relation, or a distance that is no positive number.
  package init(parsing text: String) throws(NGSILDError) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.first == "near" else {
      throw .badRequestData(
        "georel '\(text.bounded)' is unknown; right is near, within, contains, intersects, equals, "
          + "disjoint or overlaps")
    }
    guard parts.count == 2, let (bound, number) = Self.modifier(parts[1]),
      let distance = try jsonNumber(String(number), of: "georel"), distance > 0
    else {
      throw .badRequestData(
        "georel '\(text.bounded)' needs one bound in metres, more than zero, such as "
          + "near;maxDistance==2000 or near;minDistance==2000")
    }
    self.init(distance: distance, bound: bound)
  }

  private static func modifier(_ text: Substring) -> (Bound, Substring)? {
    if text.hasPrefix("maxDistance==") { return (.within, text.dropFirst(13)) }
    if text.hasPrefix("minDistance==") { return (.beyond, text.dropFirst(13)) }
    return nil
  }
}

extension GeoNear: CustomStringConvertible {
  package var description: String {
    "near;\(bound == .within ? "maxDistance" : "minDistance")==\(distance)"
  }
}
