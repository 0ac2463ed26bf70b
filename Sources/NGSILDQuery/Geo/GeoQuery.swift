package import JSON
package import JSONLD
package import NGSILD

/// A condition on where an Entity is.
///
/// Shape: `georel=near;maxDistance==2000`, `geometry=Point`, `coordinates=[-3.7,40.4]` and perhaps
/// `geoproperty=observationSpace`. An Entity is selected if some instance of the GeoProperty lies
/// so to the reference geometry; one without the GeoProperty never is. What lies how is left to
/// the database, which knows geometry.
///
/// Standard: geo-query language (GS CIM 009, 4.10 and 5.2.13).
package struct GeoQuery: Hashable, Sendable {
  package static let location = IRI("https://uri.etsi.org/ngsi-ld/location")

  package let relation: GeoRelation
  package let geometry: Geometry
  package let geoproperty: IRI

  package init(relation: GeoRelation, geometry: Geometry, geoproperty: IRI = Self.location) {
    self.relation = relation
    self.geometry = geometry
    self.geoproperty = geoproperty
  }

  /// Reads the parameters of a URL; nil if none of the first three is given.
  ///
  /// - Throws: `badRequestData`, also if one of the three is missing.
  package init?(
    georel: String?, geometry: String?, coordinates: String?, geoproperty: String? = nil,
    expander: some NameExpander
  ) throws(NGSILDError) {
    if georel == nil && geometry == nil && coordinates == nil { return nil }
    guard let georel, let geometry, let coordinates else {
      throw .badRequestData("A geo-query needs all of georel, geometry and coordinates")
    }
    self.init(
      relation: try GeoRelation(parsing: georel),
      geometry: try Geometry(
        kind: Geometry.Kind(parsing: geometry), coordinates: parseCoordinates(coordinates)),
      geoproperty: try parseGeoproperty(geoproperty, expander))
  }

  /// Reads the member `geoQ` of a Query or Subscription.
  ///
  /// - Throws: `badRequestData`.
  package init(_ value: JSONValue, expander: some NameExpander) throws(NGSILDError) {
    guard value.isObject else { throw .badRequestData("'geoQ' is no JSON object") }
    for (name, _) in value.members where !Self.members.contains(name.string ?? "") {
      throw .badRequestData("'geoQ' has the unknown member '\((name.string ?? "").bounded)'")
    }
    guard let georel = value["georel"]?.string, let geometry = value["geometry"]?.string,
      let coordinates = value["coordinates"]
    else {
      throw .badRequestData(
        "'geoQ' needs the strings 'georel' and 'geometry', and 'coordinates'")
    }
    if let geoproperty = value["geoproperty"], !geoproperty.isString {
      throw .badRequestData("'geoproperty' is no string")
    }
    let array = try coordinates.string.map(parseCoordinates) ?? coordinates
    self.init(
      relation: try GeoRelation(parsing: georel),
      geometry: try Geometry(kind: Geometry.Kind(parsing: geometry), coordinates: array),
      geoproperty: try parseGeoproperty(value["geoproperty"]?.string, expander))
  }

  private static let members: Set = ["georel", "geometry", "coordinates", "geoproperty"]
}

extension GeoQuery {
  /// The geometries of an Entity in stored form that the query looks at, as GeoJSON.
  package func geometries(of entity: JSONValue, at now: DateTime) -> [[UInt8]] {
    entity.instances(of: geoproperty, at: now).compactMap { instance in
      guard instance["type"]?.isString("GeoProperty") == true, let value = instance["value"] else {
        return nil
      }
      return value.withRaw { Array($0) }
    }
  }
}

/// - Throws: `badRequestData` for what is no JSON array.
func parseCoordinates(_ text: String) throws(NGSILDError) -> JSONValue {
  guard let value = try? JSONValue(parsing: text), value.isArray else {
    throw .badRequestData("coordinates '\(text.bounded)' is no JSON array, such as [-3.7,40.4]")
  }
  return value
}

private func parseGeoproperty(
  _ name: String?, _ expander: some NameExpander
) throws(NGSILDError) -> IRI {
  guard let name else { return GeoQuery.location }
  guard isName(name) else {
    throw .badRequestData("geoproperty '\(name.bounded)' is no name of an Attribute")
  }
  return try expander.expandedName(name)
}
