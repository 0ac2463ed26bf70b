extension JSONValue: Equatable {
  /// Equal as data: members in any order, numbers by value, strings by their UTF-8.
  package static func == (one: JSONValue, other: JSONValue) -> Bool {
    if one.hasSameBytes(as: other) { return true }
    guard one.kind == other.kind else { return false }
    switch one.kind {
    case .object:
      return one.count == other.count
        && one.members.allSatisfy { member in
          guard let name = member.name.string, let twin = other[named: name] else { return false }
          return member.value == twin
        }
    case .array:
      return one.count == other.count && one.elements.elementsEqual(other.elements)
    case .string: return (one.string ?? "").utf8.elementsEqual((other.string ?? "").utf8)
    case .number: return one.double == other.double
    case .boolean: return one.boolean == other.boolean
    case .null: return true
    }
  }

  private func hasSameBytes(as other: JSONValue) -> Bool {
    withRaw { mine in other.withRaw { mine.elementsEqual($0) } }
  }
}
