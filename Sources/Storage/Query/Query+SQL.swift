import JSON
import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres

extension Query {
  /// A condition on `v.attributes`, and on `e` for members of the Entity itself.
  ///
  /// Each term is one JSON path: it is sent as a value and evaluated without errors on values of
  /// other types, which do not match.
  func sql(names: NameTable) -> SQL {
    switch self {
    case .and(let parts): "(" + SQL.joined(parts.map { $0.sql(names: names) }, by: " AND ") + ")"
    case .or(let parts): "(" + SQL.joined(parts.map { $0.sql(names: names) }, by: " OR ") + ")"
    case .term(let term): term.sql(names: names)
    }
  }

  /// Refuses what is not built yet.
  package func requireSupported() throws(NGSILDError) {
    guard linkDepth == 0 else {
      throw NGSILDError(.notImplemented, "Conditions on linked Entities in 'q' are not built yet")
    }
  }
}

extension Query.Term {
  fileprivate func sql(names: NameTable) -> SQL {
    guard case .value(let path) = path else { return "false" }
    if path.attributes.isEmpty { return path.sqlOfEntity(condition) }
    let numbers = path.attributes.map { names.number(of: $0.text) }
    guard !numbers.contains(nil) else {
      // A name that was never stored: only its absence can match.
      return condition == .absent ? "true" : "false"
    }
    let steps = numbers.compactMap(\.self).map { "\"\($0)\"" }.joined(separator: ".\"s\".")
    if condition == .absent {
      return "NOT v.attributes @? \(path.existence(steps))::text::jsonpath"
    }
    return "v.attributes @? \(path.filter(steps, condition))::text::jsonpath"
  }
}

extension ValuePath {
  /// The path that leads to something if the target element exists.
  fileprivate func existence(_ steps: String) -> String {
    "$.\(steps) ? (\(target.exists))"
  }

  fileprivate func filter(_ steps: String, _ condition: Query.Condition) -> String {
    let predicate =
      switch condition {
      case .exists, .absent: target.exists
      case .equal(let operand): target.equals(operand)
      case .unequal(let operand):
        // A comparison of different types is unknown: they are unequal.
        "\(target.exists) && "
          + "(!(\(target.equals(operand))) || (\(target.equals(operand))) is unknown)"
      case .ordered(let order, let value): target.compares(order, value)
      case .matches(let pattern): target.matches(pattern)
      case .matchesNot(let pattern): target.matchesNot(pattern)
      }
    return "$.\(steps) ? (\(predicate))"
  }

  private var target: Target { Target(member: member, valueMembers: valueMembers) }

  /// A condition on a column of `e`.
  fileprivate func sqlOfEntity(_ condition: Query.Condition) -> SQL {
    guard let member, let column = Self.columns[member] else { return "false" }
    switch condition {
    case .exists: return "e.\(identifier: column) IS NOT NULL"
    case .absent: return "e.\(identifier: column) IS NULL"
    case .ordered(let order, let value):
      guard let instant = value.instant else { return "false" }
      return switch order {
      case .less: "e.\(identifier: column) < \(instant)"
      case .lessOrEqual: "e.\(identifier: column) <= \(instant)"
      case .greater: "e.\(identifier: column) > \(instant)"
      case .greaterOrEqual: "e.\(identifier: column) >= \(instant)"
      }
    case .equal(.anyOf(let values)):
      return "e.\(identifier: column) = ANY (\(values.compactMap(\.instant)))"
    case .unequal(.anyOf(let values)):
      return "e.\(identifier: column) <> ALL (\(values.compactMap(\.instant)))"
    case .equal(.range(let low, let high)):
      guard let low = low.instant, let high = high.instant else { return "false" }
      return "e.\(identifier: column) BETWEEN \(low) AND \(high)"
    case .unequal(.range(let low, let high)):
      guard let low = low.instant, let high = high.instant else { return "true" }
      return "e.\(identifier: column) NOT BETWEEN \(low) AND \(high)"
    case .matches, .matchesNot: return "false"
    }
  }

  private static let columns: [NGSILDQuery.CoreMember: String] = [
    .createdAt: "created", .modifiedAt: "modified", .expiresAt: "expires", .id: "id",
  ]
}

extension Query.Value {
  fileprivate var instant: Timestamp? {
    guard case .dateTime(let dateTime) = temporal else { return nil }
    return dateTime.timestamp
  }
}

/// The places of an instance that a condition looks at, as JSON paths below `@`.
///
/// See `EntityValues` for the keys.
private struct Target {
  /// Places of plain values, of URIs and of texts in languages; a condition holds at any of them.
  private let values: [String]
  private let uris: [String]
  /// Whether the values are microseconds in place of DateTimes.
  private let isInstant: Bool

  init(member: NGSILDQuery.CoreMember?, valueMembers: [String]) {
    isInstant = member.map { Self.instants.contains($0) } ?? false
    if let member {
      values = Self.keys[member].map { ["@.\($0)"] } ?? []
      uris = []
    } else if valueMembers.isEmpty {
      values = ["@.v", "@.l.*"]
      uris = ["@.r", "@.w"]
    } else {
      let steps = valueMembers.map { ".\(quoted($0))" }.joined()
      let language = valueMembers == ["*"] ? "@.l.*" : "@.l\(steps)"
      values = ["@.v\(steps)", "@.j\(steps)"] + (valueMembers.count == 1 ? [language] : [])
      uris = []
    }
  }

  private static let instants: Set<NGSILDQuery.CoreMember> = [
    .observedAt, .createdAt, .modifiedAt, .expiresAt,
  ]
  private static let keys: [NGSILDQuery.CoreMember: String] = [
    .observedAt: "o", .createdAt: "c", .modifiedAt: "m", .expiresAt: "e", .unitCode: "u",
    .datasetId: "d",
  ]

  var exists: String {
    // Without members the instance itself is the target.
    let isWhole = values.first == "@.v"
    let places = isWhole ? ["@"] : values
    return places.isEmpty ? "1 == 0" : any(places.map { "exists(\($0))" })
  }

  func equals(_ operand: Query.Operand) -> String {
    switch operand {
    case .anyOf(let values): any(values.map(equals))
    case .range(let low, let high):
      any(
        values.compactMap { place in
          guard let low = literal(low), let high = literal(high) else { return nil }
          return "exists(\(place) ? (@ >= \(low) && @ <= \(high)))"
        })
    }
  }

  private func equals(_ value: Query.Value) -> String {
    guard let literal = literal(value) else { return "1 == 0" }
    let isText = literal.hasPrefix("\"")
    return any((values + (isText ? uris : [])).map { "\($0) == \(literal)" })
  }

  func compares(_ order: Query.Order, _ value: Query.Value) -> String {
    guard let literal = literal(value) else { return "1 == 0" }
    switch value {
    case .boolean, .uri: return "1 == 0"
    default: return any(values.map { "\($0) \(order.rawValue) \(literal)" })
    }
  }

  func matches(_ pattern: Pattern) -> String {
    any(values.map { "\($0) like_regex \(quoted(pattern.text))" })
  }

  func matchesNot(_ pattern: Pattern) -> String {
    any(
      values.map { place in
        "exists(\(place) ? (@.type() == \"string\")) && !(\(place) like_regex \(quoted(pattern.text)))"
      })
  }

  private func any(_ predicates: [String]) -> String {
    predicates.isEmpty ? "1 == 0" : "(" + predicates.joined(separator: " || ") + ")"
  }

  /// The value as it is stored; nil where it cannot equal anything there.
  private func literal(_ value: Query.Value) -> String? {
    if isInstant {
      guard case .dateTime(let dateTime)? = value.temporal else { return nil }
      return "\(dateTime.microseconds)"
    }
    switch value {
    case .number(let number): return "\(number)"
    case .boolean(let boolean): return boolean ? "true" : "false"
    case .uri(let iri): return quoted(iri.text)
    case .date(let date): return quoted(date.description)
    case .time(let time): return quoted(time.description)
    case .dateTime(let dateTime): return quoted(dateTime.comparableText)
    case .string(let text):
      if case .dateTime(let dateTime)? = value.temporal { return quoted(dateTime.comparableText) }
      return quoted(text)
    }
  }
}

/// A string literal of the JSON path language, which has JSON's escapes.
private func quoted(_ text: String) -> String {
  "\"" + String(decoding: jsonContents(of: text), as: UTF8.self) + "\""
}
