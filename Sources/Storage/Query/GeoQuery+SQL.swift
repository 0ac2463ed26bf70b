import NGSILD
import NGSILDQuery
import Postgres

extension GeoQuery {
  /// A condition on the geometries of the Entity whose key is `table.key`.
  func sql(keyIn table: SQL, in scope: QueryScope) -> SQL {
    guard let attribute = scope.names.number(of: geoproperty) else { return "false" }
    return """
      \(table).key IN (
        SELECT g.key FROM entity_geo AS g
        WHERE g.tenant = \(scope.tenant) AND g.attribute = \(attribute) AND \(sql(of: "g.geo")))
      """
  }

  /// - Parameter geo: the geography that is to lie so.
  func sql(of geo: SQL) -> SQL {
    switch relation {
    case .near(let near): relation.sql(geo, geometry.geography, distance: "\(near.distance)")
    default: relation.sql(geo, geometry.sql, distance: "NULL")
    }
  }
}

extension GeoRelation {
  /// Whether the geography `target` lies so to `reference`, a geography for `near` and a geometry
  /// otherwise.
  ///
  /// Distances are geodesic; the other relations are those of simple features on the plane (4.10).
  ///
  /// A reference that crosses itself is made valid first: clients send such polygons.
  func sql(_ target: SQL, _ reference: SQL, distance: SQL) -> SQL {
    let operands: SQL = "ST_MakeValid(\(target)::geometry), ST_MakeValid(\(reference))"
    return switch self {
    case .near(let near):
      switch near.bound {
      case .within: "ST_DWithin(\(target), \(reference), \(distance))"
      case .beyond: "NOT ST_DWithin(\(target), \(reference), \(distance))"
      }
    case .within: "ST_Within(\(operands))"
    case .contains: "ST_Contains(\(operands))"
    case .intersects: "ST_Intersects(\(operands))"
    case .equals: "ST_Equals(\(operands))"
    case .disjoint: "ST_Disjoint(\(operands))"
    case .overlaps: "ST_Overlaps(\(operands))"
    }
  }
}

extension Geometry {
  var sql: SQL { "ST_GeomFromGeoJSON(\(text))" }
  var geography: SQL { "\(sql)::geography" }
}
