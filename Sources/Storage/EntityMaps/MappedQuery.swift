import JSONLD
import NGSILDQuery

/// A query that a map of Entities is made of.
package enum MappedQuery: Sendable {
  case entities(EntityQuery)
  case history(HistoryQuery)

  /// What queries that use one map have in common: all but ids, the page and the temporal query (GS
  /// CIM 009, 5.5.14). In a form that can be compared: names are IRIs.
  package var conditions: String {
    switch self {
    case .entities(let query): query.mapConditions
    case .history(let query): query.mapConditions
    }
  }
}

extension EntityQuery {
  fileprivate var mapConditions: String {
    mapConditionsText(
      selectors, attributes: attributes, query: query, geo: geo, scopes: scopes, ordering: ordering)
  }
}

extension HistoryQuery {
  fileprivate var mapConditions: String {
    "temporal\n"
      + mapConditionsText(
        selectors, attributes: Array(part.attributes.names), query: query, geo: geo, scopes: scopes,
        ordering: nil)
  }
}

private func mapConditionsText(
  _ selectors: [EntitySelector], attributes: [IRI], query: Query?, geo: GeoQuery?,
  scopes: ScopeQuery?, ordering: Ordering?
) -> String {
  var lines = selectors.map { "type \($0.types?.description ?? "")" }
  lines.append("attrs \(attributes.sorted().map(\.text).joined(separator: ","))")
  if let query { lines.append("q \(query)") }
  if let geo {
    lines.append(
      "geo \(geo.relation) \(geo.geometry.kind.rawValue) \(geo.geometry.coordinates) "
        + geo.geoproperty.text)
  }
  if let scopes { lines.append("scopeQ \(scopes)") }
  if let ordering { lines.append("orderBy \(ordering.terms.map(\.description))") }
  return lines.joined(separator: "\n")
}
