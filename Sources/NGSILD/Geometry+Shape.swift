import JSON

extension Geometry {
  /// Whether `value` looks like a geometry: a GeoJSON type that has coordinates, and the
  /// coordinates.
  static func isGeometry(_ value: JSONValue) -> Bool {
    guard value.isObject, value["coordinates"] != nil, let type = value["type"]?.string else {
      return false
    }
    return Kind(rawValue: type) != nil
  }
}
