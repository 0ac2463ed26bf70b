import JSON
import NGSILD
package import NGSILDQuery
package import Postgres

/// Whether geometries that are at hand, and perhaps not in the database yet, satisfy a geo-query.
package struct GeoCondition: Sendable {
  package let query: GeoQuery
  /// GeoJSON; one that satisfies the query is enough.
  package let geometries: [[UInt8]]

  package init(_ query: GeoQuery, geometries: [[UInt8]]) {
    self.query = query
    self.geometries = geometries
  }

  /// Which of `conditions` hold, by one statement whatever their number.
  package static func evaluate(
    _ conditions: [GeoCondition], on connection: Connection
  ) async throws(PostgresError) -> [Bool] {
    var holds = [Bool](repeating: false, count: conditions.count)
    let rows = conditions.enumerated().flatMap { place, condition in
      condition.geometries.map { (place: place, query: condition.query, geometry: $0) }
    }
    guard !rows.isEmpty else { return holds }
    let found = try await connection.query(
      """
      SELECT DISTINCT row.place
      FROM unnest(
          \(rows.map(\.place)), \(rows.map(\.query.relation.kind)), \(rows.map(\.geometry)),
          \(rows.map(\.query.geometry.text)), \(rows.map(\.query.relation.distance))
        ) AS row (place, relation, target, reference, distance),
        LATERAL (
          SELECT ST_GeomFromGeoJSON(row.target)::geography AS target,
            ST_GeomFromGeoJSON(row.reference) AS reference
        ) AS geo
      WHERE CASE row.relation \(SQL.joined(cases, by: " ")) END
      """)
    for row in found { holds[row[0].int] = true }
    return holds
  }

  private static let cases: [SQL] = relations.map { relation in
    var reference: SQL = "geo.reference"
    if case .near = relation { reference = "geo.reference::geography" }
    return """
      WHEN \(relation.kind) THEN \(relation.sql("geo.target", reference, distance: "row.distance"))
      """
  }

  /// One of each kind; their distances are those of the rows.
  private static let relations: [GeoRelation] = [
    .near(GeoNear(distance: 1, bound: .within)), .near(GeoNear(distance: 1, bound: .beyond)),
    .within, .contains, .intersects, .equals, .disjoint, .overlaps,
  ]
}

extension GeoRelation {
  fileprivate var kind: String {
    switch self {
    case .near(let near): near.bound == .within ? "near" : "beyond"
    default: description
    }
  }

  fileprivate var distance: Double? {
    if case .near(let near) = self { near.distance } else { nil }
  }
}

extension QueryStore {
  /// Which of `conditions` hold.
  package func evaluate(
    _ conditions: [GeoCondition]
  ) async throws(PostgresError) -> [Bool] {
    try await pool.withConnection { connection throws(PostgresError) in
      try await GeoCondition.evaluate(conditions, on: connection)
    }
  }
}
