import Postgres

/// A look at few rows, which answers most queries: those that select few Entities by an index, many
/// of their type, or any of a small type.
///
/// It never reads more, so one plan is right for all values, and it shares the way there and back
/// with others. To plan a query by an index for its values takes longer than to run it.
enum Glance {
  /// By an index: few that fit are all.
  case found
  /// Over the first rows in the order of keys: of many that fit, enough are among them.
  case walked
}

extension QueryPlan {
  /// Rows that are looked up in an index: if there are fewer that fit, these are all.
  private static let foundMax: SQL = "101"
  /// Rows that are walked over in the order of their keys.
  private static let walkedMax: SQL = "128"

  /// The looks that there are: at a single range of rows, by conditions on each row for itself.
  ///
  /// - Parameter counts: whether all that fit are counted.
  func glances(counts: Bool) -> [Glance] {
    guard isOneRange else { return [] }
    switch source {
    case .entity, .joined: return []
    case .values: return isByRow ? [.walked] : []
    case .index(let condition):
      guard condition.isRange else { return [] }
      return counts ? [.found] : [.found, .walked]
    }
  }

  /// The documents and keys of a page, each with whether that is enough even of a page that is not
  /// full, and the count of all, which is null unless asked for; a row without a document may come
  /// if there is none to show.
  ///
  /// - Parameter counts: not together with a cursor.
  func statement(of glance: Glance, _ window: PageWindow, counts: Bool) -> SQL {
    switch (glance, source) {
    case (.found, _): foundByIndex(window, counts: counts)
    case (.walked, .index): walkedByIndex(window)
    case (.walked, _): walkedByValues(window, counts: counts)
    }
  }

  private func foundByIndex(_ window: PageWindow, counts: Bool) -> SQL {
    let count: SQL = counts ? "count(DISTINCT key)" : "NULL::bigint"
    return """
      WITH few AS MATERIALIZED (
        SELECT i.key FROM \(from) WHERE \(selected) \(window.bound(of: "i.key"))
        LIMIT \(Self.foundMax)
      ), page AS (
        SELECT DISTINCT key FROM few
        ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
      ), status AS MATERIALIZED (
        SELECT count(*) < \(Self.foundMax) AS suffices, \(count) AS count FROM few
      )
      \(shown(window))
      """
  }

  /// Whether these rows are all cannot be told, since those of all typesets are side by side.
  private func walkedByIndex(_ window: PageWindow) -> SQL {
    """
    SELECT e.document, e.key, false, NULL::bigint
    FROM (
      SELECT DISTINCT key
      FROM (\(walk(window, over: "i.tenant = \(tenant)", upTo: window.end))) AS walked
      ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
    ) AS page
    JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
    ORDER BY page.key \(window.direction)
    """
  }

  /// The first rows may be all, too.
  private func walkedByValues(_ window: PageWindow, counts: Bool) -> SQL {
    let range: SQL = "v.tenant = \(tenant) AND v.typeset = \(arms[0].typesets[0])"
    let isAll: SQL = """
      NOT EXISTS (
        SELECT FROM \(from) WHERE \(range) \(window.bound(of: "v.key"))
        ORDER BY v.key \(window.direction) OFFSET \(Self.walkedMax))
      """
    let suffices: SQL = counts ? isAll : "\(window.isFull) OR \(isAll)"
    let count: SQL = counts ? "(SELECT count(*) FROM found)" : "NULL::bigint"
    return """
      WITH found AS MATERIALIZED (\(walk(window, over: range, upTo: counts ? nil : window.end))),
      page AS MATERIALIZED (
        SELECT key FROM found
        ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
      ), status AS MATERIALIZED (SELECT \(suffices) AS suffices, \(count) AS count)
      \(shown(window))
      """
  }

  /// Shows the Entities of `page`, unless `status` says that they do not suffice.
  private func shown(_ window: PageWindow) -> SQL {
    """
    SELECT shown.document, shown.key, status.suffices, status.count
    FROM status LEFT JOIN (
      SELECT e.document, e.key
      FROM page JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
      WHERE (SELECT suffices FROM status)
    ) AS shown ON true
    ORDER BY shown.key \(window.direction)
    """
  }

  /// The keys that fit among the first rows of a range; nil for all of them.
  private func walk(_ window: PageWindow, over range: SQL, upTo end: Int?) -> SQL {
    let end: SQL = end.map { "LIMIT \($0)" } ?? ""
    return """
      SELECT \(alias).key
      FROM (
        SELECT \(alias).* FROM \(from)
        WHERE \(range) \(window.bound(of: "\(alias).key"))
        ORDER BY \(alias).key \(window.direction) LIMIT \(Self.walkedMax)
      ) AS \(alias)
      WHERE \(selected)
      ORDER BY \(alias).key \(window.direction) \(end)
      """
  }
}

extension PageWindow {
  /// Rows up to the last of the page.
  fileprivate var end: Int { limit + offset }

  /// Whether all of `page` was found.
  fileprivate var isFull: SQL { "(SELECT count(*) FROM page) = \(limit)" }
}
