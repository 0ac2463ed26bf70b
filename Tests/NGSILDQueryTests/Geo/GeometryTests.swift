import JSON
import NGSILD
import Testing

@Suite("Geometry")
struct GeometryTests {
  @Test(
    "each type takes coordinates of its shape",
    arguments: [
      ("Point", "[1,2]"), ("Point", "[-180,90,-3.5]"), ("MultiPoint", "[[1,2]]"),
      ("LineString", "[[1,2],[3,4]]"), ("MultiLineString", "[[[1,2],[3,4]],[[0,0],[1,1]]]"),
      ("Polygon", "[[[0,0],[1,0],[1,1],[0,0]]]"),
      ("Polygon", "[[[0,0],[9,0],[9,9],[0,0.0]],[[1,1],[2,1],[2,2],[1,1]]]"),
      ("Polygon", "[[[0,0],[1,1],[1,0],[0,1],[0,0]]]"),
      ("MultiPolygon", "[[[[0,0],[1,0],[1,1],[0,0]]]]"),
    ])
  func accept(type: String, coordinates: String) throws {
    let text = #"{"type":"\#(type)","coordinates":\#(coordinates)}"#
    let geometry = try Geometry(JSONValue(parsing: text))
    #expect(geometry.kind.rawValue == type)
    #expect(geometry.text == text)
    #expect(try Geometry(JSONValue(parsing: geometry.text)) == geometry)
  }

  @Test("a string may hold the geometry; white space and other members are dropped")
  func string() throws {
    let value = try JSONValue(
      parsing: #""{\"type\": \"Point\", \"bbox\":[1,2,1,2], \"coordinates\":[ 1,2 ]}""#)
    #expect(try Geometry(value).text == #"{"type":"Point","coordinates":[1,2]}"#)
  }

  @Test(
    "what is no geometry is refused",
    arguments: [
      "1", "null", #""Point""#, "[1,2]", "{}", #"{"type":"Point"}"#, #"{"coordinates":[1,2]}"#,
      #"{"type":"Circle","coordinates":[1,2]}"#, #"{"type":1,"coordinates":[1,2]}"#,
      #"{"type":"GeometryCollection","geometries":[]}"#,
      #"{"type":"GeometryCollection","coordinates":[]}"#,
      #"{"type":"Point","coordinates":[1]}"#, #"{"type":"Point","coordinates":[1,2,3,4]}"#,
      #"{"type":"Point","coordinates":["1","2"]}"#, #"{"type":"Point","coordinates":[181,0]}"#,
      #"{"type":"Point","coordinates":[0,-90.1]}"#, #"{"type":"Point","coordinates":[1,2,"3"]}"#,
      #"{"type":"Point","coordinates":[[1,2]]}"#, #"{"type":"MultiPoint","coordinates":[]}"#,
      #"{"type":"MultiPoint","coordinates":[1,2]}"#,
      #"{"type":"LineString","coordinates":[[1,2]]}"#,
      #"{"type":"MultiLineString","coordinates":[[1,2],[3,4]]}"#,
      #"{"type":"Polygon","coordinates":[]}"#,
      #"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}"#,
      #"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#,
      #"{"type":"Polygon","coordinates":[[0,0],[1,0],[1,1],[0,0]]}"#,
      #"{"type":"MultiPolygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#,
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try Geometry(JSONValue(parsing: text)) }
    #expect(error?.kind == .badRequestData)
  }
}
