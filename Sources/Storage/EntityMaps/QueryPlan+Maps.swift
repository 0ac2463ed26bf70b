import Postgres

/// The statements that make maps of Entities and restrict queries to them.
extension QueryPlan {
  /// All Entities that are selected, numbered in their order.
  var positions: SQL {
    let joins = SQL.joined(ordering?.joins ?? [], by: " ")
    let keys = (ordering?.keys ?? []) + ["\(alias).key"]
    let order = SQL.joined(keys, by: ", ")
    if case .index = source {
      return """
        SELECT row_number() OVER (ORDER BY e.key) AS position, e.id, e.key
        FROM entity AS e
        WHERE e.tenant = \(tenant) AND e.key IN (SELECT i.key FROM \(from) WHERE \(selected))
        """
    }
    return """
      SELECT found.position, e.id, e.key
      FROM (
        SELECT \(alias).key, row_number() OVER (ORDER BY \(order)) AS position
        FROM \(from) \(joins)
        WHERE \(selected)
      ) AS found
      JOIN entity AS e ON e.tenant = \(tenant) AND e.key = found.key
      """
  }

  /// Whether the Entity with a key is selected.
  func isSelected(key: SQL) -> SQL {
    "EXISTS (SELECT FROM \(from) WHERE \(selected) AND \(alias).key = \(key))"
  }
}
