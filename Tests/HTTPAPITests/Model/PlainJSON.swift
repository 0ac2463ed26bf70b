import JSON

/// JSON as plain Swift values: what the model thinks in and what tests make up.
indirect enum PlainJSON: Hashable, Sendable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([PlainJSON])
  case object([String: PlainJSON])

  init(_ value: JSONValue) {
    switch value.kind {
    case .null: self = .null
    case .boolean: self = .boolean(value.boolean ?? false)
    case .number: self = .number(value.double ?? .nan)
    case .string: self = .string(value.string ?? "")
    case .array: self = .array(value.elements.map(PlainJSON.init))
    case .object:
      self = .object(
        Dictionary(value.members.map { ($0.name.string ?? "", PlainJSON($0.value)) }) { $1 })
    }
  }

  var object: [String: PlainJSON]? {
    if case .object(let members) = self { members } else { nil }
  }

  var array: [PlainJSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  var string: String? {
    if case .string(let string) = self { string } else { nil }
  }

  /// The elements of an array; of anything else the one value.
  var elements: [PlainJSON] { array ?? [self] }

  subscript(_ name: String) -> PlainJSON? { object?[name] }
}

extension PlainJSON: CustomStringConvertible {
  /// JSON, with the members of objects in the order of their names.
  var description: String {
    switch self {
    case .null: return "null"
    case .boolean(let value): return "\(value)"
    case .number(let value): return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .string(let string): return quoted(string)
    case .array(let elements):
      return "[" + elements.map(\.description).joined(separator: ",") + "]"
    case .object(let members):
      let members = members.sorted { $0.key < $1.key }
      return "{" + members.map { "\(quoted($0)):\($1)" }.joined(separator: ",") + "}"
    }
  }

  private func quoted(_ string: String) -> String {
    var writer = JSONWriter()
    writer.string(string)
    return writer.text
  }
}

extension PlainJSON: ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(arrayLiteral elements: PlainJSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, PlainJSON)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }
  init(floatLiteral value: Double) { self = .number(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension PlainJSON {
  /// All values that are a little simpler than this one, the simplest first.
  var simplifications: [PlainJSON] {
    switch self {
    case .array(let elements):
      return replacements(in: elements.indices) { index, new in
        var copy = elements
        if let new { copy[index] = new } else { copy.remove(at: index) }
        return .array(copy)
      } of: {
        elements[$0]
      }
    case .object(let members):
      return replacements(in: members.keys.sorted()) { name, new in
        var copy = members
        copy[name] = new
        return .object(copy)
      } of: {
        members[$0] ?? .null
      }
    default: return []
    }
  }

  /// First without each of the parts, then with each of them simplified.
  private func replacements<Places: Collection>(
    in places: Places, _ replace: (Places.Element, PlainJSON?) -> PlainJSON,
    of part: (Places.Element) -> PlainJSON
  ) -> [PlainJSON] {
    places.map { replace($0, nil) }
      + places.flatMap { place in part(place).simplifications.map { replace(place, $0) } }
  }
}
