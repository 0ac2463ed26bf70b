import NGSILD
import NGSILDQuery
import Postgres

/// One Attribute of one Entity in the history.
struct SeriesKey: Hashable, Sendable {
  let entity: Int64
  let attribute: NameNumber
}

/// Reads series from their earliest instance on, a piece at a time: however long they are, little
/// is held at once, and no connection is kept between two pieces.
struct SeriesPieces: Sendable {
  /// Consecutive instances of one series.
  struct Piece {
    let series: SeriesKey
    let instances: [EntityHistory.Instance]
  }

  /// What is left to read of a series.
  struct Rest: Hashable, Sendable {
    let series: SeriesKey
    /// The last instance that is not to be read; nil if all are.
    var after: Place?
  }

  /// Of an instance in its series.
  struct Place: Hashable, Sendable {
    let time: Timestamp
    let id: Int64
  }

  private let plan: HistoryPlan
  private let scope: QueryScope
  private var rests: ArraySlice<Rest>
  private var limit = limitMin

  private static let limitMin = 100
  private static let limitMax = 4000
  /// What a piece is meant to have.
  private static let bytes = 256 * 1024

  init(_ rests: [Rest], _ plan: HistoryPlan, in scope: QueryScope) {
    self.rests = rests[...]
    self.plan = plan
    self.scope = scope
  }

  /// The next instances, in the order of the series and of time; none once all have been read.
  mutating func next(from pool: Pool) async throws(PostgresError) -> [Piece] {
    guard !rests.isEmpty else { return [] }
    let rows = try await pool.query(plan.piece(of: Array(rests), limit: limit, in: scope))
    let pieces = pieces(rows)
    guard let end = rows.last, rows.count == limit else {
      rests = []
      return pieces
    }
    rests = rests.dropFirst(end[HistoryPlan.Column.key].int - 1)
    rests[rests.startIndex].after = Place(
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
          series: rests[rests.startIndex + place - 1].series,
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
  /// The next instances of some series, in their order and that of `time`, with the place of each
  /// series as its key.
  ///
  /// There is no order outside: a series is looked for once those before it have been read, and
  /// what is not needed is not read.
  func piece(of rests: [SeriesPieces.Rest], limit: Int, in scope: QueryScope) -> SQL {
    let validity = scopes?.validity(entity: "named.entity", in: scope) ?? "NULL::tstzmultirange"
    return """
      SELECT s.place, s.attribute, found.id, found.time, found.document, found.created,
        found.modified, found.is_plain
      FROM (
        SELECT named.*, \(validity) AS valid
        FROM unnest(
          \(rests.map(\.series.entity)), \(rests.map(\.series.attribute)),
          \(rests.map(\.after?.time)), \(rests.map(\.after?.id))
        ) WITH ORDINALITY AS named (entity, attribute, after_time, after_id, place)
        OFFSET 0
      ) AS s CROSS JOIN LATERAL (
        SELECT i.id, i.time, i.document, i.created, i.modified, \(Self.isPlain)
        FROM attribute_instance AS i
        WHERE \(condition) AND i.time >= coalesce(s.after_time, '-infinity')
          AND (s.after_id IS NULL OR i.time > s.after_time OR i.id > s.after_id)
        ORDER BY i.time, i.id
        LIMIT \(limit)
      ) AS found
      LIMIT \(limit)
      """
  }

  /// The series of some Entities, with the instance before the last N; without one if there is none,
  /// or all are asked for.
  func series(endingOf entities: Entities, in scope: QueryScope) -> SQL {
    guard let lastN else {
      return """
        WITH RECURSIVE \(series(of: entities, in: scope))
        SELECT s.entity, s.attribute, NULL::timestamptz, NULL::bigint FROM series AS s
        """
    }
    return """
      WITH RECURSIVE \(series(of: entities, in: scope))
      SELECT s.entity, s.attribute, before.time, before.id
      FROM series AS s LEFT JOIN LATERAL (
        SELECT i.time, i.id
        FROM attribute_instance AS i
        WHERE \(condition)
        ORDER BY i.time DESC, i.id DESC
        OFFSET \(lastN) LIMIT 1
      ) AS before ON true
      """
  }
}

extension HistoryStore {
  /// The series of Entities, in the order of these and of the Attributes' names.
  func series(
    of keys: [Int64], _ plan: HistoryPlan, in scope: QueryScope
  ) async throws(PostgresError) -> [SeriesPieces.Rest] {
    let rows = try await pool.query(plan.series(endingOf: .keys(keys), in: scope))
    try await names.find(numbers: Set(rows.map { NameNumber($0[1].int) }), in: pool)
    let rests = rows.map { row in
      SeriesPieces.Rest(
        series: SeriesKey(entity: row[0].int64, attribute: NameNumber(row[1].int)),
        after: row[2].present.map { SeriesPieces.Place(time: $0.timestamp, id: row[3].int64) })
    }
    let places = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices))
    let texts = Dictionary(
      rests.map { ($0.series.attribute, names.name(of: $0.series.attribute) ?? "") },
      uniquingKeysWith: { $1 })
    return rests.sorted { one, other in
      (places[one.series.entity] ?? 0, texts[one.series.attribute] ?? "")
        < (places[other.series.entity] ?? 0, texts[other.series.attribute] ?? "")
    }
  }
}
