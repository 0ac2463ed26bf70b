import JSON

/// An object that stands as, or within, the value of `@context`: names with their definitions.
struct LocalContext: Sendable {
  private(set) var names: [String] = []
  private var entries: [Term: JSONValue] = [:]

  /// Defines nothing.
  init() {}

  init(of object: JSONValue) {
    entries.reserveCapacity(object.count)
    for (name, value) in object.members { set(name.string ?? "", to: value) }
  }

  /// The entries of `other`, where this has none of the name.
  mutating func inherit(_ other: LocalContext) {
    for name in other.names {
      if entries[name] == nil, let value = other[name] { set(name, to: value) }
    }
  }

  subscript(name: String) -> JSONValue? { entries[name] }

  func contains(_ name: String) -> Bool { entries[name] != nil }

  private mutating func set(_ name: String, to value: JSONValue) {
    if entries.updateValue(value, forKey: Term(name)) == nil { names.append(name) }
  }
}
