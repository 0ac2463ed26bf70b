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
    """
    WITH RECURSIVE \(series(of: entities, in: scope))
    SELECT s.entity, s.attribute, bounds.first, bounds.last, p.*
    FROM series AS s \(bounds(of: aggregation)) CROSS JOIN LATERAL (
      \(countsHours ? resultsWithHours(aggregation) : results(aggregation))
    ) AS p
    WHERE s.attribute <> \(self.scope.scopeName)
    ORDER BY s.entity, s.attribute, p.period
    LIMIT \(limits.periods + 1)
    """
  }

  /// Of the instances of the series `s`: `period`, `kind`, `count` and the columns of the methods.
  private func results(_ aggregation: Aggregation) -> SQL {
    let methods = aggregation.methods.flatMap(\.ofInstances).map { ", \($0)" as SQL }
    return """
      SELECT \(period(aggregation.period, of: window.time)) AS period,
        CASE i.kind WHEN \(InstanceKind.boolean.rawValue)
          THEN \(InstanceKind.number.rawValue) ELSE i.kind END AS kind,
        count(*)\(SQL.joined(methods, by: ""))
      FROM attribute_instance AS i
      WHERE \(condition) AND NOT i.is_deletion
      GROUP BY 1, 2
      """
  }

  /// The same of instances and hourly figures.
  private func resultsWithHours(_ aggregation: Aggregation) -> SQL {
    let ofHours = aggregation.methods.flatMap(\.ofHours)
    let merged = zip(aggregation.methods.flatMap(\.merging), ofHours.indices)
    let columns = ofHours.indices.map { ", \(Self.column($0))" as SQL }
    return """
      SELECT period, kind, sum(count)::bigint\(
        SQL.joined(merged.map { ", \($0(Self.column($1)))" as SQL }, by: ""))
      FROM (
        (\(results(aggregation)))
        UNION ALL
        (SELECT \(period(aggregation.period, of: "h.hour")), \(InstanceKind.number.rawValue),
          sum(h.count)::bigint\(SQL.joined(ofHours.map { ", \($0)" as SQL }, by: ""))
        FROM attribute_hour AS h
        WHERE \(conditionOnHours)
        GROUP BY 1)
      ) AS part (period, kind, count\(SQL.joined(columns, by: "")))
      GROUP BY 1, 2
      """
  }

  private static func column(_ index: Int) -> SQL { "\(identifier: "result_\(index)")" }

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
    let first: SQL =
      start.map { "\($0.timestamp)::timestamptz" } ?? "min(least(\(edges("ASC"))))"
    let last: SQL = needsLast ? "max(greatest(\(edges("DESC"))))" : "NULL::timestamptz"
    return """
      JOIN (
        SELECT s.entity, \(first) AS first, \(last) AS last FROM series AS s GROUP BY s.entity
      ) AS bounds USING (entity)
      """
  }

  /// The times of what is first, or last, in the series `s`.
  private func edges(_ direction: SQL) -> SQL {
    let instance: SQL = """
      (SELECT \(window.time) FROM attribute_instance AS i
      WHERE \(condition) AND NOT i.is_deletion
      ORDER BY \(window.time) \(direction) LIMIT 1)
      """
    guard countsHours else { return instance }
    return """
      \(instance),
      (SELECT h.hour FROM attribute_hour AS h
      WHERE \(conditionOnHours) ORDER BY h.hour \(direction) LIMIT 1)
      """
  }

  /// The period that holds `time`.
  private func period(_ duration: CalendarDuration?, of time: SQL) -> SQL {
    guard let duration else { return "bounds.first" }
    let rest: SQL = "make_interval(secs => \(Double(duration.microseconds) / 1_000_000))"
    guard duration.months > 0 else {
      return "date_bin(\(rest), \(time), bounds.first)"
    }
    return """
      aggregation_period(\(time), bounds.first, \(Int32(duration.months)), \(rest))::bigint
      """
  }
}

extension Aggregation {
  /// Whether hourly figures tell something of what is asked for.
  var isOfHours: Bool { methods.contains { $0.isOfHours } }
}

extension Aggregation.Method {
  /// Hours know no other figures.
  fileprivate var isOfHours: Bool {
    switch self {
    case .avg, .sum, .min, .max, .totalCount: true
    case .sumsq, .stddev, .distinctCount: false
    }
  }

  /// The columns over the instances `i` of one kind.
  fileprivate var ofInstances: [SQL] {
    switch self {
    case .avg: ["avg(i.number)"]
    case .sum: ["sum(i.number)"]
    case .sumsq: ["sum(i.number * i.number)"]
    case .stddev: ["stddev_pop(i.number)"]
    case .min: ["min(i.number)", "min(\(Self.text))"]
    case .max: ["max(i.number)", "max(\(Self.text))"]
    case .distinctCount: ["count(DISTINCT \(Self.content))"]
    case .totalCount: ["count(*)"]
    }
  }

  /// The same columns over the hourly figures `h`.
  fileprivate var ofHours: [SQL] {
    switch self {
    // Sums of doubles may overflow where the average does not.
    case .avg: ["(sum(h.average::numeric * h.count) / sum(h.count))::float8"]
    case .sum: ["sum(h.average::numeric * h.count)::float8"]
    case .sumsq, .stddev: ["NULL::float8"]
    case .min: ["min(h.minimum)", "NULL::text"]
    case .max: ["max(h.maximum)", "NULL::text"]
    case .distinctCount: ["NULL::bigint"]
    case .totalCount: ["sum(h.count)::bigint"]
    }
  }

  /// What makes the results for one period out of a column of `part`, in which each source has a row
  /// at most.
  ///
  /// Choice: what hours do not tell is computed of the instances that are left.
  fileprivate var merging: [(SQL) -> SQL] {
    switch self {
    case .avg:
      // The average of one source alone is not rounded again.
      [
        {
          """
          CASE count(\($0)) WHEN 1 THEN min(\($0))
            ELSE (sum(\($0)::numeric * count) / sum(count))::float8 END
          """
        }
      ]
    case .sum: [{ "sum(\($0))" }]
    case .totalCount: [{ "sum(\($0))::bigint" }]
    case .min: [{ "min(\($0))" }, { "min(\($0))" }]
    case .max: [{ "max(\($0))" }, { "max(\($0))" }]
    case .sumsq, .stddev, .distinctCount: [{ "min(\($0))" }]
    }
  }

  private static let text: SQL = """
    (CASE i.kind WHEN \(InstanceKind.string.rawValue) THEN \(HistoryStore.comparable) ->> 'v' END)
    COLLATE "C"
    """

  /// The value alone, without times and sub-Attributes.
  private static let content: SQL = """
    CASE i.kind WHEN \(InstanceKind.number.rawValue) THEN to_jsonb(i.number)
      ELSE \(HistoryStore.comparable) - '{o,c,m,e,u,d,a,b,s}'::text[] END
    """
}
