import NGSILD
import NGSILDQuery
import Postgres

/// One Attribute of one Entity in the history.
struct SeriesKey: Hashable {
  let entity: Int64
  let attribute: NameNumber
}

/// Reads series from their earliest instance on, a piece at a time: however long they are, little
/// is held at once, and no connection is kept between two pieces.
struct SeriesPieces {
  /// Consecutive instances of one series.
  struct Piece {
    let series: SeriesKey
    let instances: [EntityHistory.Instance]
  }

  private let plan: HistoryPlan
  private let scope: QueryScope
  /// Those that have not been read to their end.
  private var rest: ArraySlice<SeriesKey>
  private var last: Place?
  private var limit = limitMin

  /// The last instance of the first series that was read.
  struct Place {
    let time: Timestamp
    let id: Int64
  }

  private static let limitMin = 100
  private static let limitMax = 4000
  /// What a piece is meant to have.
  private static let bytes = 256 * 1024

  init(_ series: [SeriesKey], _ plan: HistoryPlan, in scope: QueryScope) {
    rest = series[...]
    self.plan = plan
    self.scope = scope
  }

  /// The next instances, in the order of the series and of time; none once all have been read.
  mutating func next(from pool: Pool) async throws(PostgresError) -> [Piece] {
    guard !rest.isEmpty else { return [] }
    let rows = try await pool.query(
      plan.piece(of: Array(rest), after: last, limit: limit, in: scope))
    let pieces = pieces(rows)
    guard let end = rows.last, rows.count == limit else {
      rest = []
      return pieces
    }
    rest = rest.dropFirst(end[HistoryPlan.Column.key].int - 1)
    last = Place(
      time: end[HistoryPlan.Column.time].timestamp, id: end[HistoryPlan.Column.id].int64)
    adapt(to: rows)
    return pieces
  }

  /// Rows that follow each other with the same place among the series.
  private func pieces(_ rows: Rows) -> [Piece] {
    var pieces: [Piece] = []
    var start = 0
    for index in rows.indices {
      let place = rows[index][HistoryPlan.Column.key].int
      let isLast = index + 1 == rows.count || rows[index + 1][HistoryPlan.Column.key].int != place
      guard isLast else { continue }
      pieces.append(
        Piece(
          series: rest[rest.startIndex + place - 1],
          instances: (start...index).map { EntityHistory.Instance(rows, $0) }))
      start = index + 1
    }
    return pieces
  }

  /// Instances may be large: the next piece has about as many as fit.
  private mutating func adapt(to rows: Rows) {
    let bytes = rows.reduce(0) { $0 + $1[HistoryPlan.Column.document].byteCount }
    let fitting = rows.count * Self.bytes / max(1, bytes)
    limit = min(max(fitting, 1), 4 * limit, Self.limitMax)
  }
}

extension HistoryPlan {
  /// The next instances of some series, in their order and that of time, with the place of each
  /// series as its key.
  ///
  /// There is no order outside: a series is looked for once those before it have been read, and
  /// what is not needed is not read.
  ///
  /// - Parameter last: the instance of the first series after which reading goes on.
  func piece(
    of series: [SeriesKey], after last: SeriesPieces.Place?, limit: Int, in scope: QueryScope
  ) -> SQL {
    let validity: SQL =
      scopes.map { "\($0.validity(entity: "named.entity", in: scope))" } ?? "NULL::tstzmultirange"
    let since: SQL = last.map { "\($0.time)" } ?? "NULL::timestamptz"
    let id: SQL = last.map { "\($0.id)" } ?? "NULL::bigint"
    return """
      SELECT s.place, s.attribute, found.id, found.time, found.document, found.created,
        found.modified
      FROM (
        SELECT named.*, \(validity) AS valid,
          CASE place WHEN 1 THEN \(since) END AS since,
          CASE place WHEN 1 THEN \(id) END AS last
        FROM unnest(\(series.map(\.entity)), \(series.map(\.attribute)))
          WITH ORDINALITY AS named (entity, attribute, place)
        OFFSET 0
      ) AS s CROSS JOIN LATERAL (
        SELECT i.id, i.time, i.document, i.created, i.modified
        FROM attribute_instance AS i
        WHERE \(condition) AND i.time >= coalesce(s.since, '-infinity')
          AND (s.last IS NULL OR i.time > s.since OR i.id > s.last)
        ORDER BY i.time, i.id
        LIMIT \(limit)
      ) AS found
      LIMIT \(limit)
      """
  }
}
