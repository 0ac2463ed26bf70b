import Postgres

/// The statements of a plan.
extension QueryPlan {
  /// Typesets up to which each gets a range of its own with the limit inside.
  private static let rangesMax = 16

  /// The documents of a page, in the order that was asked for or that of the Entities' keys; in
  /// the latter case with their keys.
  func page(_ window: PageWindow) -> SQL {
    if let map { return page(of: map, window) }
    if ordering != nil { return orderedPage(window) }
    switch source {
    case .entity, .joined:
      return "SELECT document, key FROM (\(rows("e.key, e.document", window))) AS page"
    case .values, .index:
      return """
        SELECT e.document, e.key
        FROM (\(rows(keyColumn, window))) AS page
        JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
        ORDER BY page.key \(window.direction)
        """
    }
  }

  /// Each Entity's key once; an index may have several rows of one.
  private var keyColumn: SQL {
    if case .index = source { "DISTINCT i.key" } else { "\(alias).key" }
  }

  var count: SQL {
    let rows: SQL = "SELECT count(*) FROM \(from) WHERE \(selected)"
    guard case .index(let condition) = source else { return rows }
    // Of the two only one is run. To tell Entities apart takes several times as long.
    return """
      SELECT CASE WHEN \(condition.hasFurtherRows(of: arms.flatMap(\.typesets)))
        THEN (SELECT count(*) FROM (SELECT DISTINCT i.key FROM \(from) WHERE \(selected)) AS keys)
        ELSE (\(rows)) END
      """
  }

  /// Keys and ids of the first Entities with keys in `range`, in the order of their keys.
  func references(in range: KeyRange, limit: Int) -> SQL {
    """
    SELECT e.key, e.id
    FROM (
      SELECT \(keyColumn)
      FROM \(from)
      WHERE \(selected) AND \(alias).key > \(range.after) AND \(alias).key <= \(range.last)
      ORDER BY \(alias).key LIMIT \(limit)
    ) AS found
    JOIN entity AS e ON e.tenant = \(tenant) AND e.key = found.key
    ORDER BY e.key
    """
  }

  /// One range per typeset: the limit inside each turns a sort of all into a merge.
  private func rows(_ columns: SQL, _ window: PageWindow) -> SQL {
    let ranges = arms.flatMap { arm in arm.typesets.map { (typeset: $0, arm: arm) } }
    guard ranges.count > 1, ranges.count <= Self.rangesMax else {
      return """
        SELECT \(columns)
        FROM \(from)
        WHERE \(selected) \(window.bound(of: "\(alias).key"))
        ORDER BY \(alias).key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
        """
    }
    let parts: [SQL] = ranges.map { typeset, arm in
      """
      (SELECT \(columns)
      FROM \(from)
      WHERE \(alias).tenant = \(tenant) AND \(selects([typeset], arm.condition)) AND \(condition)
        \(window.bound(of: "\(alias).key"))
      ORDER BY \(alias).key \(window.direction) LIMIT \(window.limit + window.offset))
      """
    }
    return """
      SELECT * FROM (\(SQL.joined(parts, by: " UNION ALL "))) AS ranges
      ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
      """
  }

  /// Keys are sorted without the documents, which are many times as wide.
  private func orderedPage(_ window: PageWindow) -> SQL {
    let joins = SQL.joined(ordering?.joins ?? [], by: " ")
    let keys = (ordering?.keys ?? []) + ["\(alias).key"]
    return """
      SELECT e.document
      FROM unnest(ARRAY(
          SELECT \(alias).key
          FROM \(from) \(joins)
          WHERE \(selected)
          ORDER BY \(SQL.joined(keys, by: ", "))
          LIMIT \(window.limit) OFFSET \(window.offset)
        )) WITH ORDINALITY AS page (key, place)
      JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
      ORDER BY page.place
      """
  }

  var selected: SQL {
    guard let map else { return found }
    return "\(found) AND \(map.contains(key: "\(alias).key", tenant: tenant))"
  }

  /// The same without regard to a map.
  var found: SQL {
    let parts = arms.map { selects($0.typesets, $0.condition) }
    let ofArms: SQL = parts.isEmpty ? "false" : "(\(SQL.joined(parts, by: " OR ")))"
    return "\(alias).tenant = \(tenant) AND \(ofArms) AND \(condition)"
  }

  private func selects(_ typesets: [TypesetNumber], _ condition: SQL?) -> SQL {
    let ofTypesets: SQL =
      typesets.count == 1
      ? "\(alias).typeset = \(typesets[0])" : "\(alias).typeset = ANY (\(typesets))"
    return condition.map { "(\(ofTypesets) AND \($0))" } ?? ofTypesets
  }

  var alias: SQL {
    switch source {
    case .entity, .joined: "e"
    case .values: "v"
    case .index: "i"
    }
  }

  var from: SQL {
    switch source {
    case .entity: "entity AS e"
    case .values: "entity_value AS v"
    case .joined: "entity_value AS v JOIN entity AS e USING (tenant, key)"
    case .index(let condition): "\(condition.table) AS i"
    }
  }
}
