import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Testing

@Suite("Geo-query")
struct GeoQueryTests {
  @Test(
    "near reads metres",
    arguments: [
      ("near;maxDistance==1", 1.0, GeoNear.Bound.within),
      ("near;minDistance==2500.5", 2500.5, .beyond), ("near;maxDistance==2e3", 2000, .within),
      ("near;maxDistance==0.001", 0.001, .within),
    ])
  func near(text: String, metres: Double, bound: GeoNear.Bound) throws {
    let near = try GeoNear(parsing: text)
    #expect(near.distance == metres)
    #expect(near.bound == bound)
    #expect(try GeoRelation(parsing: near.description) == .near(near))
  }

  @Test(
    "the relations without a bound are read by name",
    arguments: [
      ("within", GeoRelation.within), ("contains", .contains), ("intersects", .intersects),
      ("equals", .equals), ("disjoint", .disjoint), ("overlaps", .overlaps),
    ])
  func relation(text: String, relation: GeoRelation) throws {
    #expect(try GeoRelation(parsing: text) == relation)
    #expect(relation.description == text)
  }

  @Test(
    "another relation is refused",
    arguments: [
      "", "touches", "Within", "near", "near;", "near;maxDistance==0", "near;maxDistance==-1",
      "near;maxDistance==inf", "near;maxDistance==1e999", "near;maxDistance=1", "near;distance==1",
      "near;maxDistance==1;minDistance==2", "near;maxDistance==", "near;maxDistance==+1",
      "near;maxDistance==1 ", "within;maxDistance==1", " within", "near;maxDistance==nan",
      "near;maxDistance==1e-999",
    ])
  func refuseRelation(text: String) {
    let error = #expect(throws: NGSILDError.self) { try GeoRelation(parsing: text) }
    #expect(error?.kind == .badRequestData)
  }

  @Test("a URL's parameters make a geo-query, location being the default GeoProperty")
  func parameters() throws {
    let point = try Geometry(kind: .point, coordinates: JSONValue(parsing: "[1,2]"))
    #expect(
      try GeoQuery(
        georel: "within", geometry: "Point", coordinates: " [1, 2]", expander: Expander())
        == GeoQuery(relation: .within, geometry: point))
    #expect(
      try GeoQuery(
        georel: "equals", geometry: "Point", coordinates: "[1,2]", geoproperty: "place",
        expander: Expander())
        == GeoQuery(relation: .equals, geometry: point, geoproperty: iri("place")))
    #expect(
      try GeoQuery(
        georel: nil, geometry: nil, coordinates: nil, geoproperty: "place", expander: Expander())
        == nil)
  }

  @Test(
    "incomplete or wrong parameters are refused",
    arguments: [
      (nil, "Point", "[1,2]", nil), ("within", nil, "[1,2]", nil), ("within", "Point", nil, nil),
      ("touches", "Point", "[1,2]", nil), ("within", "Circle", "[1,2]", nil),
      ("within", "GeometryCollection", "[1,2]", nil), ("within", "Point", "[1,2", nil),
      ("within", "Point", "1,2", nil), ("within", "Point", "", nil), ("within", "Point", "{}", nil),
      ("within", "Polygon", "[1,2]", nil), ("within", "Point", "[1,2]", "a b"),
      ("within", "Point", "[1,2]", ""),
    ] as [(String?, String?, String?, String?)])
  func refuseParameters(
    georel: String?, geometry: String?, coordinates: String?, geoproperty: String?
  ) {
    let error = #expect(throws: NGSILDError.self) {
      try GeoQuery(
        georel: georel, geometry: geometry, coordinates: coordinates, geoproperty: geoproperty,
        expander: Expander())
    }
    #expect(error?.kind == .badRequestData)
  }

  @Test(
    "the member geoQ takes coordinates as an array or as a string of it",
    arguments: ["[1,2]", #""[1,2]""#])
  func body(coordinates: String) throws {
    let value = try JSONValue(
      parsing: #"{"georel":"within","geometry":"Point","coordinates":\#(coordinates)}"#)
    let query = try GeoQuery(value, expander: Expander())
    #expect(query.geometry.text == #"{"type":"Point","coordinates":[1,2]}"#)
    #expect(query.geoproperty == GeoQuery.location)
  }

  @Test(
    "a broken geoQ is refused",
    arguments: [
      "[]", "{}", #"{"georel":"within","geometry":"Point"}"#,
      #"{"georel":"within","geometry":1,"coordinates":[1,2]}"#,
      #"{"georel":"within","geometry":"Point","coordinates":{}}"#,
      #"{"georel":"within","geometry":"Point","coordinates":[1,2],"geoproperty":1}"#,
      #"{"georel":"within","geometry":"Point","coordinates":[1,2],"geoProperty":"a"}"#,
    ])
  func refuseBody(text: String) {
    let error = #expect(throws: NGSILDError.self) {
      try GeoQuery(JSONValue(parsing: text), expander: Expander())
    }
    #expect(error?.kind == .badRequestData)
  }
}
