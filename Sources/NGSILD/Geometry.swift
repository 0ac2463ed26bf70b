package import JSON

/// A geometry, as a GeoProperty holds it and a geo-query refers to it.
///
/// Shape: `{"type":"Point","coordinates":[-3.7,40.4]}`; longitude -180 to 180, latitude -90 to 90,
/// and perhaps an altitude. Self-intersection and winding order are not looked at.
///
/// Standard: GS CIM 009, 4.7; RFC 7946, 3.1.
package struct Geometry: Hashable, Sendable {
  /// A GeometryCollection is no legal value (4.7.1).
  package enum Kind: String, CaseIterable, Sendable {
    case point = "Point"
    case multiPoint = "MultiPoint"
    case lineString = "LineString"
    case multiLineString = "MultiLineString"
    case polygon = "Polygon"
    case multiPolygon = "MultiPolygon"

    /// - Throws: `badRequestData` for another name.
    package init(parsing name: String) throws(NGSILDError) {
      guard let kind = Kind(rawValue: name) else {
        let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw .badRequestData("'\(name.prefix(40))' is no geometry type; right is one of \(names)")
      }
      self = kind
    }
  }

  package let kind: Kind
  /// JSON without white space.
  package let coordinates: String

  /// GeoJSON of `type` and `coordinates` alone.
  package var text: String { "{\"type\":\"\(kind.rawValue)\",\"coordinates\":\(coordinates)}" }

  /// Reads a geometry object, or a string that holds one (4.7.2); other members are passed over.
  ///
  /// - Throws: `badRequestData` with what the type asks of its coordinates.
  package init(_ value: JSONValue) throws(NGSILDError) {
    let (kind, coordinates) = try Self.parts(of: value)
    try self.init(kind: kind, coordinates: coordinates)
  }

  /// - Throws: As the initializer.
  static func require(_ value: JSONValue) throws(NGSILDError) {
    let (kind, coordinates) = try parts(of: value)
    try kind.require(coordinates)
  }

  private static func parts(
    of value: JSONValue
  ) throws(NGSILDError) -> (kind: Kind, coordinates: JSONValue) {
    let object = try Self.object(value)
    guard let type = object["type"]?.string else {
      throw .badRequestData("A geometry needs a 'type', such as 'Point'; got \(excerpt(value))")
    }
    guard let coordinates = object["coordinates"] else {
      throw .badRequestData("A geometry needs 'coordinates'; got \(excerpt(value))")
    }
    return (try Kind(parsing: type), coordinates)
  }

  /// - Throws: `badRequestData` with what `kind` asks of its coordinates.
  package init(kind: Kind, coordinates: JSONValue) throws(NGSILDError) {
    try kind.require(coordinates)
    var writer = JSONWriter()
    writer.value(coordinates)
    self.kind = kind
    self.coordinates = writer.text
  }

  private static func object(_ value: JSONValue) throws(NGSILDError) -> JSONValue {
    if value.isObject { return value }
    if let text = value.string, let inner = try? JSONValue(parsing: text), inner.isObject {
      return inner
    }
    throw .badRequestData("A geometry is a GeoJSON object; got \(excerpt(value))")
  }
}

extension Geometry: CustomStringConvertible {
  package var description: String { text }
}

extension Geometry.Kind {
  fileprivate func require(_ coordinates: JSONValue) throws(NGSILDError) {
    guard !fits(coordinates) else { return }
    throw .badRequestData(
      "The coordinates of a \(rawValue) are \(shape); got \(excerpt(coordinates))")
  }

  private func fits(_ coordinates: JSONValue) -> Bool {
    switch self {
    case .point: isPosition(coordinates)
    case .multiPoint: isArray(coordinates, ofAtLeast: 1, isPosition)
    case .lineString: isLine(coordinates)
    case .multiLineString: isArray(coordinates, ofAtLeast: 1, isLine)
    case .polygon: isPolygon(coordinates)
    case .multiPolygon: isArray(coordinates, ofAtLeast: 1, isPolygon)
    }
  }

  private var shape: String {
    let position = "[longitude -180 to 180, latitude -90 to 90]"
    let ring = "a closed ring of four or more positions \(position)"
    return switch self {
    case .point: "\(position) or a third number for the altitude"
    case .multiPoint: "an array of positions \(position)"
    case .lineString: "an array of two or more positions \(position)"
    case .multiLineString: "an array of lines, each of two or more positions \(position)"
    case .polygon: "an array of rings, each \(ring)"
    case .multiPolygon: "an array of polygons, each an array of rings, each \(ring)"
    }
  }
}

private func isArray(
  _ value: JSONValue, ofAtLeast countMin: Int, _ fits: (JSONValue) -> Bool
) -> Bool {
  value.isArray && value.count >= countMin && value.elements.allSatisfy(fits)
}

private func isPosition(_ value: JSONValue) -> Bool {
  guard value.isArray, 2...3 ~= value.count else { return false }
  var elements = value.elements
  guard let longitude = elements.next()?.double, let latitude = elements.next()?.double,
    -180...180 ~= longitude, -90...90 ~= latitude
  else { return false }
  guard let altitude = elements.next() else { return true }
  return altitude.kind == .number
}

private func isLine(_ value: JSONValue) -> Bool { isArray(value, ofAtLeast: 2, isPosition) }

private func isPolygon(_ value: JSONValue) -> Bool { isArray(value, ofAtLeast: 1, isRing) }

private func isRing(_ value: JSONValue) -> Bool {
  guard isArray(value, ofAtLeast: 4, isPosition) else { return false }
  var first: JSONValue?
  var last: JSONValue?
  for position in value.elements {
    first = first ?? position
    last = position
  }
  return first == last
}

private func excerpt(_ value: JSONValue) -> String {
  let text = value.rawText
  return text.utf8.count <= 100 ? text : "\(text.prefix(100))..."
}
