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

  /// One page of a map, of what is still found: read from its first place on, and no further than
  /// needed.
  func page(of map: EntityMapNumber, _ window: PageWindow) -> SQL {
    """
    SELECT e.document
    FROM (
      SELECT m.position, m.key
      FROM entity_map_entry AS m
      WHERE m.tenant = \(tenant) AND m.map = \(map) AND \(isFound(key: "m.key"))
      ORDER BY m.position LIMIT \(window.limit) OFFSET \(window.offset)
    ) AS page
    JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
    ORDER BY page.position
    """
  }

  /// Whether the Entity with a key is found, whatever map is used.
  ///
  /// `OFFSET 0` has each one looked up by its key, where the planner would compare all with all.
  func isFound(key: SQL) -> SQL {
    "EXISTS (SELECT FROM \(from) WHERE \(found) AND \(alias).key = \(key) OFFSET 0)"
  }
}
