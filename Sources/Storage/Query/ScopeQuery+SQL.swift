import NGSILDQuery
import Postgres

extension ScopeQuery {
  /// A condition on `v.scopes`, whose entries have their first slash.
  var sql: SQL {
    let parts: [SQL] = alternatives.map { terms in
      "(" + SQL.joined(terms.map(\.sql), by: " AND ") + ")"
    }
    return "(" + SQL.joined(parts, by: " OR ") + ")"
  }
}

extension ScopeQuery.Term {
  fileprivate var sql: SQL {
    if levels.isEmpty { return "cardinality(v.scopes) > 0" }
    let isExact = !includesDescendants && !levels.contains(.any)
    if isExact { return "v.scopes @> \([description])" }
    // Level names are letters, digits and `_`, so none is special in a pattern.
    let path = levels.map { level in
      switch level {
      case .name(let name): "/\(name)"
      case .any: "/[^/]+"
      }
    }
    let pattern = "^" + path.joined() + (includesDescendants ? "(/.*)?$" : "$")
    return "EXISTS (SELECT FROM unnest(v.scopes) AS s (scope) WHERE s.scope ~ \(pattern))"
  }
}
