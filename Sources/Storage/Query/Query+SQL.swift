import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

extension Query {
  /// A condition on the rows of an Entity.
  ///
  /// Each term is one JSON path: it is sent as a value and evaluated without errors on values of
  /// other types, which do not match. What it selects is what `matches` selects.
  func sql(on rows: EntityRows, in scope: QueryScope) -> SQL {
    switch self {
    case .and(let parts):
      "(" + SQL.joined(parts.map { $0.sql(on: rows, in: scope) }, by: " AND ") + ")"
    case .or(let parts):
      "(" + SQL.joined(parts.map { $0.sql(on: rows, in: scope) }, by: " OR ") + ")"
    case .term(let term): term.path.sql(term.condition, on: rows, in: scope)
    }
  }
}

extension Query.Path {
  fileprivate func sql(
    _ condition: Query.Condition, on rows: EntityRows, in scope: QueryScope
  ) -> SQL {
    guard condition != .absent else {
      return "NOT \(sql(.exists, on: rows, in: scope))"
    }
    return switch self {
    case .value(let path): path.sql(condition, on: rows, in: scope)
    case .linked(let relationship, let types, let path):
      path.sql(condition, onEntitiesOf: relationship, types, linkedFrom: rows, in: scope)
    }
  }

  /// Whether the condition holds for any Entity that the Relationship refers to.
  ///
  /// Their ids are taken from the values of the Entity at hand, and their rows found by id, one
  /// after the other: `OFFSET 0` keeps the planner, which knows nothing of how many ids there are,
  /// from reading whole tables instead.
  private func sql(
    _ condition: Query.Condition, onEntitiesOf relationship: IRI, _ types: [IRI],
    linkedFrom rows: EntityRows, in scope: QueryScope
  ) -> SQL {
    guard let steps = scope.steps(to: [relationship]) else { return "false" }
    let linked = rows.linked
    let (entity, values) = (linked.entity, linked.values)
    let objects = "$.\(steps).r[*]"
    var ofTypes: SQL = ""
    if !types.isEmpty {
      let matching = scope.typesets { typeset in types.contains { typeset.types.contains($0) } }
      ofTypes = " AND typeset = ANY (\(matching))"
    }
    return """
      EXISTS (
        SELECT
        FROM jsonb_path_query(\(rows.values).attributes, \(JSONPath(objects))) AS object (id),
          LATERAL (
            SELECT * FROM entity
            WHERE tenant = \(scope.tenant) AND id = object.id #>> '{}'
              AND (expires IS NULL OR expires > \(scope.now.timestamp))\(ofTypes) OFFSET 0
          ) AS \(entity),
          LATERAL (
            SELECT * FROM entity_value
            WHERE tenant = \(scope.tenant) AND key = \(entity).key OFFSET 0
          ) AS \(values)
        WHERE \(sql(condition, on: linked, in: scope)))
      """
  }
}

extension ValuePath {
  fileprivate func sql(
    _ condition: Query.Condition, on rows: EntityRows, in scope: QueryScope
  ) -> SQL {
    if let member, attributes.isEmpty { return condition.sql(of: member, in: rows.entity) }
    // A name that was never stored has no target.
    let predicate = InstancePredicate(self).text(condition)
    guard let steps = scope.steps(to: attributes, where: predicate) else { return "false" }
    return "\(rows.values).attributes @? \(JSONPath("$.\(steps)"))"
  }
}

// MARK: Members of the Entity itself

extension Query.Condition {
  /// A condition on a member of the Entity whose row of `entity` is `row`.
  fileprivate func sql(of member: NGSILDQuery.CoreMember, in row: SQL) -> SQL {
    let shown: SQL = "jsonb_build_object('x', \(row).document::jsonb -> \(member.rawValue))"
    guard let name = Self.columns[member] else {
      // A missing member is null there.
      let path = "$ ? (@.x != null && \(Target(place: "@.x").text(self)))"
      return "\(shown) @? \(JSONPath(path))"
    }
    let column: SQL = "\(row).\(identifier: name)"
    return switch self {
    case .exists: "\(column) IS NOT NULL"
    case .unequal(let operand):
      "(\(column) IS NOT NULL AND NOT "
        + Query.Condition.equal(operand).sql(ofTime: column, shown) + ")"
    default: sql(ofTime: column, shown)
    }
  }

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
    return "coalesce(\(shown) @? \(JSONPath(path)), false)"
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
