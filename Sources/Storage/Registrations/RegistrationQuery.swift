import JSONLD
import NGSILD
package import NGSILDQuery
package import Postgres

/// What is asked of registrations beside the Entities that they are about: every condition that is
/// given has to hold.
///
/// Standard: GS CIM 009, 5.10.2.4.
package struct RegistrationQuery: Sendable {
  /// Those that are about the right Entities; nil for any.
  package var numbers: [RegistrationNumber]?
  /// nil for sources that have what is now.
  package var temporal: TemporalQuery?
  package var geo: GeoQuery?
  package var scopes: ScopeQuery?
  /// `csf`.
  package var sources: Query?
  /// `q`.
  package var query: Query?

  package init() {}

  /// Names that the statement refers to by number.
  var names: Set<IRI> {
    var names = (sources?.names ?? []).union(query?.names ?? [])
    if let geo { names.insert(geo.geoproperty) }
    return names
  }

  func condition(in scope: QueryScope) -> SQL {
    var conditions: [SQL] = [
      "e.tenant = \(scope.tenant)", "(e.expires IS NULL OR e.expires > \(scope.now.timestamp))",
      temporalCondition,
    ]
    if let numbers { conditions.append("e.key = ANY (\(numbers))") }
    if let geo { conditions.append(geo.registrationSQL(in: scope)) }
    if let scopes { conditions.append(scopes.sql) }
    if let sources { conditions.append(sources.sql(on: .asked, in: scope)) }
    if let query { conditions.append(query.registrationSQL(in: scope)) }
    return SQL.joined(conditions, by: " AND ")
  }

  /// Whether the source can have data of the time that is asked for; borders count.
  private var temporalCondition: SQL {
    guard let temporal else { return "e.observed IS NULL AND e.managed IS NULL" }
    let interval: SQL = temporal.timeproperty == .observedAt ? "e.observed" : "e.managed"
    let start = temporal.interval?.start?.timestamp
    let end = temporal.interval?.end?.timestamp
    return """
      coalesce(\(interval) && tstzrange(\(start as Timestamp?), \(end as Timestamp?), '[]'), false)
      """
  }
}

extension Query {
  /// `q` asks for Entities, of which a registration says only what Attributes they have; it is held
  /// against the registration where that has a Context Source Property of such a name.
  ///
  /// Choice: the standard asks for both without saying how they go together.
  fileprivate func registrationSQL(in scope: QueryScope) -> SQL {
    let named = attributes.compactMap { scope.names.number(of: $0) }
    return "(NOT e.attrs && \(named) OR \(sql(on: .asked, in: scope)))"
  }
}

extension RegistrationStore {
  /// Those of some registrations that have an area in which nothing can lie as `geo` asks for.
  package func outside(
    _ geo: GeoQuery, among numbers: [RegistrationNumber], tenant: TenantNumber
  ) async throws(PostgresError) -> Set<RegistrationNumber> {
    try await names.find(names.unknown(among: [geo.geoproperty]), in: readers)
    guard let attribute = names.number(of: geo.geoproperty) else { return [] }
    let rows = try await queries.query(
      """
      SELECT g.registration FROM registration_geo AS g
      WHERE g.tenant = \(tenant) AND g.attribute = \(attribute)
        AND g.registration = ANY (\(numbers))
      GROUP BY g.registration
      HAVING NOT bool_or(\(geo.possible(within: "g.geo")))
      """)
    return Set(rows.map { $0[0].int64 })
  }
}

extension GeoQuery {
  /// Whether the area of a registration can have a place that lies so.
  fileprivate func registrationSQL(in scope: QueryScope) -> SQL {
    guard let attribute = scope.names.number(of: geoproperty) else { return "false" }
    return """
      e.key IN (
        SELECT g.registration FROM registration_geo AS g
        WHERE g.tenant = \(scope.tenant) AND g.attribute = \(attribute)
          AND \(possible(within: "g.geo")))
      """
  }

  /// Choice: where a place within the area could satisfy the relation, the area counts as one.
  fileprivate func possible(within area: SQL) -> SQL {
    let shape: SQL = "ST_MakeValid(\(area)::geometry)"
    let reference: SQL = "ST_MakeValid(\(geometry.sql))"
    switch relation {
    case .near(let near):
      switch near.bound {
      case .within: return sql(of: area)
      case .beyond:
        let circle: SQL = "ST_Buffer(\(geometry.geography), \(near.distance))::geometry"
        return "NOT ST_CoveredBy(\(shape), \(circle))"
      }
    case .within, .contains, .intersects, .equals, .overlaps:
      return "ST_Intersects(\(shape), \(reference))"
    case .disjoint: return "NOT ST_CoveredBy(\(shape), \(reference))"
    }
  }
}
