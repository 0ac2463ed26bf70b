import Postgres

/// A look at few rows, which answers most queries: those that select few Entities by an index, many
/// of their type, or any of a small type.
///
/// It never reads more, so one plan is right for all values, and it shares the way there and back
/// with others. To plan a query by an index for its values takes longer than to run it.
extension QueryPlan {
  /// Rows that are looked up in an index: if there are fewer that fit, these are all.
  private static let foundMax: SQL = "101"
  /// Rows that are walked over in the order of their keys.
  private static let walkedMax: SQL = "128"

  /// Whether there is one: of a single range of rows, by conditions on each row for itself.
  var hasGlance: Bool {
    guard isOneRange else { return false }
    return switch source {
    case .entity, .joined: false
    case .values: isByRow
    case .index(let condition): condition.isRange
    }
  }

  /// The documents and keys of a page, each with whether the look suffices and the count of all,
  /// which is null unless asked for; a row without a document if there is none to show.
  ///
  /// - Parameter counts: not together with a cursor.
  func glance(_ window: PageWindow, counts: Bool) -> SQL {
    let found: SQL =
      if case .index = source { foundByIndex(window, counts: counts) } else {
        foundByWalk(window, counts: counts)
      }
    return """
      WITH \(found)
      SELECT shown.document, shown.key, status.suffices, status.count
      FROM status LEFT JOIN (
        SELECT e.document, e.key
        FROM page JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
        WHERE (SELECT suffices FROM status)
      ) AS shown ON true
      ORDER BY shown.key \(window.direction)
      """
  }

  /// Few that fit are all; of many, enough are among the first rows.
  private func foundByIndex(_ window: PageWindow, counts: Bool) -> SQL {
    let isAll: SQL = "(SELECT count(*) < \(Self.foundMax) FROM few)"
    let range: SQL = "i.tenant = \(tenant) AND NOT \(isAll)"
    let walked: SQL = counts ? "" : "UNION ALL (\(walk(window, over: range, upTo: window.end)))"
    let suffices: SQL = counts ? isAll : "\(isAll) OR \(window.isFull)"
    let count: SQL = counts ? "(SELECT count(DISTINCT key) FROM few)" : "NULL::bigint"
    return """
      few AS MATERIALIZED (
        SELECT i.key FROM \(from) WHERE \(selected) \(window.bound(of: "i.key"))
        LIMIT \(Self.foundMax)
      ), page AS MATERIALIZED (
        SELECT DISTINCT key FROM (SELECT key FROM few WHERE \(isAll) \(walked)) AS found
        ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
      ), status AS MATERIALIZED (SELECT \(suffices) AS suffices, \(count) AS count)
      """
  }

  /// Whether the first rows have enough, or are all.
  private func foundByWalk(_ window: PageWindow, counts: Bool) -> SQL {
    let range: SQL = "v.tenant = \(tenant) AND v.typeset = \(arms[0].typesets[0])"
    let isAll: SQL = """
      NOT EXISTS (
        SELECT FROM \(from) WHERE \(range) \(window.bound(of: "v.key"))
        ORDER BY v.key \(window.direction) OFFSET \(Self.walkedMax))
      """
    let suffices: SQL = counts ? isAll : "\(window.isFull) OR \(isAll)"
    let count: SQL = counts ? "(SELECT count(*) FROM found)" : "NULL::bigint"
    return """
      found AS MATERIALIZED (\(walk(window, over: range, upTo: counts ? nil : window.end))),
      page AS MATERIALIZED (
        SELECT key FROM found
        ORDER BY key \(window.direction) LIMIT \(window.limit) OFFSET \(window.offset)
      ), status AS MATERIALIZED (SELECT \(suffices) AS suffices, \(count) AS count)
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
