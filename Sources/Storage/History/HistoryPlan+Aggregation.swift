import NGSILD
import NGSILDQuery
import Postgres

extension HistoryPlan {
  /// The columns of `aggregates`, which those of the methods follow.
  enum AggregateColumn {
    static let key = 0
    static let attribute = 1
    /// Where the first period of the Entity begins; null if nothing tells.
    static let first = 2
    /// The latest instance of the Entity; null if it plays no part.
    static let last = 3
    /// When the period begins, or, if it depends on the calendar, how many come before it.
    static let period = 4
    static let kind = 5
    static let count = 6
    static let methods = 7
  }

  /// The results of an aggregation, a row for each series, period and kind of values.
  ///
  /// Numbers and booleans are of one kind here; what the methods say of others, `Aggregate` knows.
  func aggregates(
    _ aggregation: Aggregation, of entities: Entities, in scope: QueryScope
  ) -> SQL {
    let methods = aggregation.methods.map { ", \($0.sql)" as SQL }
    return """
      WITH RECURSIVE \(series(of: entities, in: scope))
      SELECT s.entity, s.attribute, bounds.first, bounds.last, p.*
      FROM series AS s \(bounds(of: aggregation)) CROSS JOIN LATERAL (
        SELECT \(period(aggregation.period)) AS period,
          CASE i.kind WHEN \(InstanceKind.boolean.rawValue)
            THEN \(InstanceKind.number.rawValue) ELSE i.kind END AS kind,
          count(*)\(SQL.joined(methods, by: ""))
        FROM attribute_instance AS i
        WHERE \(condition) AND NOT i.is_deletion
        GROUP BY 1, 2
      ) AS p
      WHERE s.attribute <> \(self.scope.scopeName)
      ORDER BY s.entity, s.attribute, p.period
      LIMIT \(limits.periods + 1)
      """
  }

  /// Joins the instants that lay out the periods: `bounds.first` and `bounds.last`.
  private func bounds(of aggregation: Aggregation) -> SQL {
    let start = window.interval?.start
    let needsLast = aggregation.period == nil && window.interval?.end == nil
    if let start, !needsLast {
      return """
        CROSS JOIN (
          SELECT \(start.timestamp)::timestamptz AS first, NULL::timestamptz AS last
        ) AS bounds
        """
    }
    let edge = { (direction: SQL) -> SQL in
      """
      (SELECT \(self.window.time) FROM attribute_instance AS i
      WHERE \(self.condition) AND NOT i.is_deletion
      ORDER BY \(self.window.time) \(direction) LIMIT 1)
      """
    }
    let first: SQL = start.map { "\($0.timestamp)::timestamptz" } ?? "min(\(edge("ASC")))"
    let last: SQL = needsLast ? "max(\(edge("DESC")))" : "NULL::timestamptz"
    return """
      JOIN (
        SELECT s.entity, \(first) AS first, \(last) AS last FROM series AS s GROUP BY s.entity
      ) AS bounds USING (entity)
      """
  }

  /// The period of the instance `i`.
  private func period(_ duration: CalendarDuration?) -> SQL {
    guard let duration else { return "bounds.first" }
    let rest: SQL = "make_interval(secs => \(Double(duration.microseconds) / 1_000_000))"
    guard duration.months > 0 else {
      return "date_bin(\(rest), \(window.time), bounds.first)"
    }
    return """
      aggregation_period(\(window.time), bounds.first, \(Int32(duration.months)), \(rest))::bigint
      """
  }
}

extension Aggregation.Method {
  /// Over the instances `i` of one kind.
  fileprivate var sql: SQL {
    switch self {
    case .avg: "avg(i.number)"
    case .sum: "sum(i.number)"
    case .sumsq: "sum(i.number * i.number)"
    case .stddev: "stddev_pop(i.number)"
    case .min: "min(i.number), min(\(Self.text))"
    case .max: "max(i.number), max(\(Self.text))"
    case .distinctCount: "count(DISTINCT \(Self.content))"
    case .totalCount: "count(*)"
    }
  }

  private static let text: SQL = """
    (CASE i.kind WHEN \(InstanceKind.string.rawValue) THEN i.value ->> 'v' END) COLLATE "C"
    """

  /// The value alone, without times and sub-Attributes.
  private static let content: SQL = """
    CASE i.kind WHEN \(InstanceKind.number.rawValue) THEN to_jsonb(i.number)
      ELSE i.value - '{o,c,m,e,u,d,a,b,s}'::text[] END
    """
}
