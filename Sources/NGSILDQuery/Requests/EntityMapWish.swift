import NGSILD

/// Whether a request wants a map of the Entities that it finds, and for how long.
///
/// Standard: `entityMap` and `entityMapLifetime` (GS CIM 009, 6.4.3.2, 5.2.23).
package struct EntityMapWish: Hashable, Sendable {
  package var isWanted = false
  /// Nil for what the broker thinks right.
  package var lifetime: CalendarDuration?

  package init() {}

  init(isWanted: Bool?, lifetime: String?) throws(NGSILDError) {
    self.isWanted = isWanted ?? false
    self.lifetime = try lifetime.map { text throws(NGSILDError) in
      try CalendarDuration(parsing: text, of: "entityMapLifetime")
    }
  }

  /// Reads the parameters of a URL.
  init(entityMap: String?, lifetime: String?) throws(NGSILDError) {
    switch entityMap {
    case nil, "true"?, "false"?:
      try self.init(isWanted: entityMap == "true", lifetime: lifetime)
    case let other?:
      throw .badRequestData("entityMap is '\(other.bounded)'; true or false is expected")
    }
  }
}
