import JSON
import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres

extension Query {
  /// A condition on `v.attributes`, and on `e` for members of the Entity itself.
  ///
  /// Each term is one JSON path: it is sent as a value and evaluated without errors on values of
  /// other types, which do not match. What it selects is what `matches` selects.
  func sql(names: NameTable, at now: DateTime) -> SQL {
    switch self {
    case .and(let parts):
      "(" + SQL.joined(parts.map { $0.sql(names: names, at: now) }, by: " AND ") + ")"
    case .or(let parts):
      "(" + SQL.joined(parts.map { $0.sql(names: names, at: now) }, by: " OR ") + ")"
    case .term(let term): term.sql(names: names, at: now)
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
  fileprivate func sql(names: NameTable, at now: DateTime) -> SQL {
    guard case .value(let path) = path else { return "false" }
    if let member = path.member, path.attributes.isEmpty {
      return condition.sql(ofEntity: member)
    }
    let numbers = path.attributes.compactMap { names.number(of: $0.text) }
    guard numbers.count == path.attributes.count else {
      // A name that was never stored: only its absence can match.
      return condition == .absent ? "true" : "false"
    }
    // Instances that have expired do not exist (GS CIM 009, 4.22).
    let steps = numbers.map { "\"\($0)\" ? (!(@.e <= \(now.microseconds)))" }
    let predicate = InstancePredicate(path).text(condition == .absent ? .exists : condition)
    let jsonPath = "$.\(steps.joined(separator: ".s.")) ? (\(predicate))"
    let isFound: SQL = "v.attributes @? \(jsonPath)::text::jsonpath"
    return condition == .absent ? "NOT \(isFound)" : isFound
  }
}

// MARK: Members of the Entity itself

extension Query.Condition {
  fileprivate func sql(ofEntity member: NGSILDQuery.CoreMember) -> SQL {
    let shown: SQL = "jsonb_build_object('x', e.document::jsonb -> \(member.rawValue))"
    guard let name = Self.columns[member] else {
      // A missing member is null there.
      let path = "$ ? (@.x != null && \(Target(place: "@.x").text(isAbsent ? .exists : self)))"
      let isFound: SQL = "\(shown) @? \(path)::text::jsonpath"
      return isAbsent ? "NOT \(isFound)" : isFound
    }
    let column: SQL = "e.\(identifier: name)"
    return switch self {
    case .exists: "\(column) IS NOT NULL"
    case .absent: "\(column) IS NULL"
    case .unequal(let operand):
      "(\(column) IS NOT NULL AND NOT "
        + Query.Condition.equal(operand).sql(ofTime: column, shown) + ")"
    default: sql(ofTime: column, shown)
    }
  }

  private var isAbsent: Bool { if case .absent = self { true } else { false } }

  /// A comparison of a timestamp: with DateTimes by the column, with other strings by its text.
  private func sql(ofTime column: SQL, _ shown: SQL) -> SQL {
    switch self {
    case .ordered(let order, let value):
      guard let instant = value.instant else { break }
      return switch order {
      case .less: "coalesce(\(column) < \(instant), false)"
      case .lessOrEqual: "coalesce(\(column) <= \(instant), false)"
      case .greater: "coalesce(\(column) > \(instant), false)"
      case .greaterOrEqual: "coalesce(\(column) >= \(instant), false)"
      }
    case .equal(.anyOf(let values)) where values.count > 1:
      let parts = values.map { Query.Condition.equal(.anyOf([$0])).sql(ofTime: column, shown) }
      return "(" + SQL.joined(parts, by: " OR ") + ")"
    case .equal(.anyOf(let values)):
      guard let instant = values.first?.instant else { break }
      return "coalesce(\(column) = \(instant), false)"
    case .equal(.range(let low, let high)):
      return "(" + Query.Condition.ordered(.greaterOrEqual, low).sql(ofTime: column, shown)
        + " AND " + Query.Condition.ordered(.lessOrEqual, high).sql(ofTime: column, shown) + ")"
    default: break
    }
    let path = "$ ? (@.x != null && \(Target(place: "@.x").text(self)))"
    return "coalesce(\(shown) @? \(path)::text::jsonpath, false)"
  }

  private static let columns: [NGSILDQuery.CoreMember: String] = [
    .createdAt: "created", .modifiedAt: "modified", .expiresAt: "expires",
  ]
}

extension Query.Value {
  fileprivate var instant: Timestamp? {
    guard case .dateTime(let dateTime) = temporal else { return nil }
    return dateTime.timestamp
  }
}
