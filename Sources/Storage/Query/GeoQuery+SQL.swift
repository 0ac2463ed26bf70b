import NGSILD
import NGSILDQuery
import Postgres

extension GeoQuery {
  /// A condition on the geometries of the Entity whose key is `table.key`.
  func sql(keyIn table: SQL, in scope: QueryScope) -> SQL {
    guard let attribute = scope.names.number(of: geoproperty.text) else { return "false" }
    return """
      \(table).key IN (
        SELECT g.key FROM entity_geo AS g
        WHERE g.tenant = \(scope.tenant) AND g.attribute = \(attribute) AND \(sql(of: "g.geo")))
      """
  }

  /// Distances are geodesic; the other relations are those of simple features on the plane (4.10).
  ///
  /// A reference that crosses itself is made valid first: clients send such polygons.
  ///
  /// - Parameter geo: the geography that is to lie so.
  func sql(of geo: SQL) -> SQL {
    let reference: SQL = "ST_MakeValid(ST_GeomFromGeoJSON(\(geometry.text)))"
    let target: SQL = "ST_MakeValid(\(geo)::geometry)"
    return switch relation {
    case .near(let near):
      switch near.bound {
      case .within: "ST_DWithin(\(geo), \(geometry.geography), \(near.distance))"
      case .beyond: "NOT ST_DWithin(\(geo), \(geometry.geography), \(near.distance))"
      }
    case .within: "ST_Within(\(target), \(reference))"
    case .contains: "ST_Contains(\(target), \(reference))"
    case .intersects: "ST_Intersects(\(target), \(reference))"
    case .equals: "ST_Equals(\(target), \(reference))"
    case .disjoint: "ST_Disjoint(\(target), \(reference))"
    case .overlaps: "ST_Overlaps(\(target), \(reference))"
    }
  }
}

extension Geometry {
  var geography: SQL { "ST_GeomFromGeoJSON(\(text))::geography" }
}
