import JSON
import NGSILD
import NGSILDQuery

/// A condition on an Attribute instance, as a predicate of the JSON path language on `@`.
///
/// See `EntityValues` for the keys. It holds where `Query.matches` says that the condition holds,
/// for any of the instance's targets: there are several only where the path leads through an array
/// of objects.
struct InstancePredicate {
  private let member: NGSILDQuery.CoreMember?
  private let valueMembers: [String]

  init(_ path: ValuePath) {
    member = path.member
    valueMembers = path.valueMembers
  }

  func text(_ condition: Query.Condition) -> String {
    if let member { return text(condition, of: member) }
    if valueMembers.isEmpty { return text(ofWhole: condition) }
    return any(inLanguage(condition) + inValues(condition) + inGeometry(condition))
  }

  // MARK: Members

  private func text(_ condition: Query.Condition, of member: NGSILDQuery.CoreMember) -> String {
    if let key = Self.keys[member] {
      return "exists(@.\(key)) && \(Target(place: "@.\(key)").text(condition))"
    }
    guard let key = Self.timeKeys[member] else { return never }
    return "exists(@.\(key)) && \(Target(time: "@.\(key)").text(condition))"
  }

  /// The key of a member in an instance; nil for one that is not kept.
  static func key(of member: NGSILDQuery.CoreMember) -> String? { keys[member] ?? timeKeys[member] }

  private static let keys: [NGSILDQuery.CoreMember: String] = [
    .unitCode: "u", .datasetId: "d", .objectType: "a", .valueType: "b",
  ]
  private static let timeKeys: [NGSILDQuery.CoreMember: String] = [
    .observedAt: "o", .createdAt: "c", .modifiedAt: "m", .expiresAt: "e",
  ]

  // MARK: Values

  private func text(ofWhole condition: Query.Condition) -> String {
    if condition == .exists { return "exists(@)" }
    let places = condition.isOfNumbers ? ["v", "j"] : ["v", "w", "j", "l"]
    var alternatives = places.map { existing("@.\($0)", $0 == "l" ? ".*" : "", condition) }
    // References have equality only, geometries not even that.
    if condition.isEquality && !condition.isOfNumbers {
      alternatives.append(existing("@.r", "", condition))
    }
    return any(alternatives)
  }

  /// Only the contrary of a condition holds where nothing is.
  private func existing(
    _ place: String, _ elements: String, _ condition: Query.Condition
  ) -> String {
    let predicate = Target(place: place + elements).text(condition)
    guard case .unequal = condition else { return predicate }
    return "exists(\(place)) && \(predicate)"
  }

  private func inValues(_ condition: Query.Condition) -> [String] {
    let names = valueMembers.map(quoted)
    let parent = names.dropLast().map { ".\($0)" }.joined()
    let last = "@.\(names[names.count - 1])"
    let target = "exists(\(last)) && \(Target(place: last).text(condition))"
    return ["v", "j"].map { "exists(@.\($0)\(parent) ? (@.type() == \"object\" && \(target)))" }
  }

  /// The steps of a JSON path along members of a value.
  static func path(_ members: [String]) -> String { members.map(quoted).joined(separator: ".") }

  private func inLanguage(_ condition: Query.Condition) -> [String] {
    guard valueMembers.count == 1 else { return [] }
    let isAny = valueMembers == ["*"]
    let place = isAny ? "@.l.*" : "@.l.\(quoted(valueMembers[0]))"
    let existing = isAny ? "@.l" : place
    return ["exists(\(existing)) && \(Target(place: place).text(condition))"]
  }

  /// Of a geometry's members nothing but their existence can be asked.
  private func inGeometry(_ condition: Query.Condition) -> [String] {
    let isMember = valueMembers == ["type"] || valueMembers == ["coordinates"]
    return isMember && condition == .exists ? ["exists(@.g)"] : []
  }
}

/// A condition on a target that exists, whose elements are at `place`.
struct Target {
  /// Strings, numbers and the rest; those that denote times are objects.
  private let place: String
  /// Whether the place is an instant in microseconds.
  private let isTime: Bool

  init(place: String) {
    self.place = place
    isTime = false
  }

  init(time place: String) {
    self.place = place
    isTime = true
  }

  func text(_ condition: Query.Condition) -> String {
    switch condition {
    case .exists, .absent: "1 == 1"
    case .equal(let operand): equals(operand)
    case .unequal(let operand): not(equals(operand))
    case .ordered(let order, let value): compares(order, value)
    case .matches(let pattern): matches(pattern)
    case .matchesNot(let pattern): "(\(hasStrings) && \(not(matches(pattern))))"
    }
  }

  /// A comparison of different types is unknown: it does not hold, so its contrary does.
  private func not(_ predicate: String) -> String {
    "(!(\(predicate)) || (\(predicate)) is unknown)"
  }

  // MARK: Equality

  private func equals(_ operand: Query.Operand) -> String {
    switch operand {
    case .anyOf(let values): any(values.map(equals))
    case .range(let low, let high): isBetween(low, high)
    }
  }

  private func equals(_ value: Query.Value) -> String {
    if isTime { return value.instant.map { "\(place) == \($0)" } ?? never }
    switch value {
    case .number(let number): return "\(place) == \(number)"
    case .boolean(let boolean): return "\(place) == \(boolean)"
    case .uri(let iri): return "\(place) == \(quoted(iri.text))"
    case .string, .dateTime, .date, .time:
      if let time = value.temporal { return "\(place).\(time.key) == \(time.literal)" }
      return "\(place) == \(quoted(value.characters))"
    }
  }

  // MARK: Order

  private func compares(_ order: Query.Order, _ value: Query.Value) -> String {
    let sign = order.rawValue
    if isTime { return value.instant.map { "\(place) \(sign) \($0)" } ?? never }
    switch value {
    case .boolean: return never
    case .number(let number): return "\(place) \(sign) \(number)"
    case .uri(let iri): return any(ofCharacters: sign, iri.text)
    case .dateTime, .date, .time:
      return value.temporal.map { "\(place).\($0.key) \(sign) \($0.literal)" } ?? never
    case .string(let text):
      guard let time = value.temporal else { return any(ofCharacters: sign, text) }
      // Times of another kind are compared by their characters.
      return any([
        "\(place).\(time.key) \(sign) \(time.literal)", "\(place) \(sign) \(quoted(text))",
        "exists(\(place) ? (@.type() == \"object\" && !exists(@.\(time.key)) "
          + "&& @.\"@text\" \(sign) \(quoted(text))))",
      ])
    }
  }

  private func any(ofCharacters sign: String, _ text: String) -> String {
    any(["\(place) \(sign) \(quoted(text))", "\(place).\"@text\" \(sign) \(quoted(text))"])
  }

  private func any(_ predicates: [String]) -> String {
    predicates.isEmpty ? never : "(" + predicates.joined(separator: " || ") + ")"
  }

  /// One element has to lie above the one and below the other.
  private func isBetween(_ low: Query.Value, _ high: Query.Value) -> String {
    if isTime {
      guard let low = low.instant, let high = high.instant else { return never }
      return "(\(place) >= \(low) && \(place) <= \(high))"
    }
    let element = { (bound: Query.Value, order: Query.Order) in
      Target(place: "@").compares(order, bound)
    }
    return "exists(\(place) ? (@.type() != \"array\" && \(element(low, .greaterOrEqual)) "
      + "&& \(element(high, .lessOrEqual))))"
  }

  // MARK: Patterns

  private func matches(_ pattern: Pattern) -> String {
    guard !isTime else { return never }
    let test = "like_regex \(quoted(pattern.text)) flag \"s\""
    return any(["\(place) \(test)", "\(place).\"@text\" \(test)"])
  }

  private var hasStrings: String {
    isTime
      ? never
      : any(["exists(\(place) ? (@.type() == \"string\"))", "exists(\(place).\"@text\")"])
  }
}

extension Query.Condition {
  fileprivate var isEquality: Bool {
    switch self {
    case .equal, .unequal: true
    default: false
    }
  }

  /// Whether only numbers and booleans satisfy it, which names and texts in languages are not.
  fileprivate var isOfNumbers: Bool {
    switch self {
    case .equal(.anyOf(let values)): values.allSatisfy(\.isNumber)
    case .equal(.range(let low, _)): low.isNumber
    case .ordered(_, let value): value.isNumber
    default: false
    }
  }
}

extension Query.Value {
  fileprivate var isNumber: Bool {
    switch self {
    case .number, .boolean: true
    default: false
    }
  }
}

private let never = "1 == 0"

private func any(_ predicates: [String]) -> String {
  predicates.isEmpty ? never : "(" + predicates.map { "(\($0))" }.joined(separator: " || ") + ")"
}

extension Query.Value {
  fileprivate var instant: Int64? {
    guard case .dateTime(let dateTime) = temporal else { return nil }
    return dateTime.microseconds
  }

  fileprivate var characters: String { if case .string(let text) = self { text } else { "" } }
}

extension Temporal {
  /// The member of a stored time that this one is compared with.
  fileprivate var key: String {
    switch self {
    case .dateTime: "\"@instant\""
    case .date: "\"@day\""
    case .time: "\"@time\""
    }
  }

  fileprivate var literal: String {
    switch self {
    case .dateTime(let dateTime): "\(dateTime.microseconds)"
    case .date(let date): quoted(date.description)
    case .time(let time): quoted(time.comparableText)
    }
  }
}

/// A string literal of the JSON path language, which has JSON's escapes.
private func quoted(_ text: String) -> String {
  "\"" + String(decoding: jsonContents(of: text), as: UTF8.self) + "\""
}
