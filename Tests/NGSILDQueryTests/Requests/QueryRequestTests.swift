import JSON
import NGSILD
import NGSILDQuery
import Testing

private func request(_ parameters: [String: String]) throws(NGSILDError) -> QueryRequest {
  try QueryRequest(parameters: { parameters[$0] }, expander: Expander())
}

private func request(body: String) throws -> QueryRequest {
  try QueryRequest(JSONValue(parsing: body), expander: Expander())
}

@Suite("Query requests")
struct QueryRequestTests {
  @Test(
    "a body asks for the same as the parameters of a URL",
    arguments: [
      (#"{"type":"Query"}"#, [:]),
      (#"{"type":"Query","entities":[{"type":"T"}]}"#, ["type": "T"]),
      (
        #"{"type":"Query","entities":[{"type":"T","id":["urn:x:1","urn:x:2"]}],"@context":"u"}"#,
        ["type": "T", "id": "urn:x:1,urn:x:2"]
      ),
      (#"{"type":"Query","q":"a>1","attrs":["a","b"]}"#, ["q": "a>1", "attrs": "a,b"]),
      (#"{"type":"Query","q":"a==%22x%22"}"#, ["q": "a==\"x\""]),
      (
        #"{"type":"Query","q":"a==b","expandValues":"a","jsonKeys":"c"}"#,
        ["q": "a==b", "expandValues": "a", "jsonKeys": "c"]
      ),
      (
        #"{"type":"Query","pick":["a,b","c{d}"],"join":"flat"}"#,
        ["pick": "a,b,c{d}", "join": "flat"]
      ),
      (
        #"{"type":"Query","omit":["a"],"scopeQ":"/x","csf":"a","lang":"fr"}"#,
        ["omit": "a", "scopeQ": "/x", "csf": "a", "lang": "fr"]
      ),
      (#"{"type":"Query","datasetId":["urn:d:1","@none"]}"#, ["datasetId": "urn:d:1,@none"]),
      (
        #"{"type":"Query","geoQ":{"georel":"within","geometry":"Point","coordinates":[1,2]}}"#,
        ["georel": "within", "geometry": "Point", "coordinates": "[1,2]"]
      ),
      (
        #"{"type":"Query","join":"inline","joinLevel":3,"containedBy":["urn:x:1"]}"#,
        ["join": "inline", "joinLevel": "3", "containedBy": "urn:x:1"]
      ),
      (#"{"type":"Query","join":"@none"}"#, ["join": "@none", "joinLevel": "2"]),
      (
        #"{"type":"Query","ordering":{"orderBy":["a","b;dist-asc"],"coordinates":[1,2]}}"#,
        ["orderBy": "a,b;dist-asc", "orderFrom": "[1,2]"]
      ),
      (
        #"{"type":"Query","splitEntities":true,"entityMap":false}"#, ["splitEntities": "true"]
      ),
    ])
  func forms(body: String, parameters: [String: String]) throws {
    #expect(try request(body: body) == request(parameters))
  }

  @Test("a body may have several selectors")
  func selectors() throws {
    let query = try request(
      body: #"{"type":"Query","entities":[{"type":"T"},{"type":"*","idPattern":"1$"}]}"#)
    #expect(query.selectors.count == 2)
    #expect(query.isOfAnyType)
  }

  @Test(
    "a broken body is refused",
    arguments: [
      "[]", "{}", #"{"type":"query"}"#, #"{"type":["Query"]}"#, #"{"type":"Query","x":1}"#,
      #"{"type":"Query","entities":[]}"#, #"{"type":"Query","entities":{"type":"T"}}"#,
      #"{"type":"Query","entities":[{"id":"urn:x:1"}]}"#,
      #"{"type":"Query","q":1}"#, #"{"type":"Query","q":"a=="}"#, #"{"type":"Query","q":null}"#,
      #"{"type":"Query","csf":"))("}"#, #"{"type":"Query","scopeQ":[]}"#,
      #"{"type":"Query","attrs":[]}"#, #"{"type":"Query","attrs":"a"}"#,
      #"{"type":"Query","attrs":["a",1]}"#, #"{"type":"Query","attrs":["a"],"pick":["b"]}"#,
      #"{"type":"Query","pick":[]}"#, #"{"type":"Query","pick":["a{b}"]}"#,
      #"{"type":"Query","pick":["a"],"omit":["a"]}"#, #"{"type":"Query","omit":["a;b"]}"#,
      #"{"type":"Query","datasetId":"urn:d:1"}"#, #"{"type":"Query","datasetId":["x y"]}"#,
      #"{"type":"Query","containedBy":["no uri"]}"#, #"{"type":"Query","containedBy":[]}"#,
      #"{"type":"Query","join":"outer"}"#, #"{"type":"Query","join":true}"#,
      #"{"type":"Query","join":"flat","joinLevel":0}"#,
      #"{"type":"Query","join":"flat","joinLevel":1.5}"#,
      #"{"type":"Query","join":"flat","joinLevel":"1"}"#,
      #"{"type":"Query","join":"flat","joinLevel":11}"#,
      #"{"type":"Query","joinLevel":0}"#,
      #"{"type":"Query","q":"a{b}==1"}"#, #"{"type":"Query","q":"a{b{c}}","join":"flat"}"#,
      #"{"type":"Query","ordering":{}}"#, #"{"type":"Query","ordering":["a"]}"#,
      #"{"type":"Query","geoQ":{"georel":"within"}}"#, #"{"type":"Query","lang":1}"#,
      #"{"type":"Query","temporalQ":{"timerel":"after","timeAt":"2020-01-01T00:00:00Z"}}"#,
      #"{"type":"Query","aggrParams":{}}"#, #"{"type":"Query","splitEntities":"true"}"#,
      #"{"type":"Query","entityMap":1}"#, #"{"type":"Query","entityMapLifetime":"1hour"}"#,
      #"{"type":"Query","expandValues":["a"]}"#, #"{"type":"Query","jsonKeys":"9"}"#,
    ])
  func refuse(body: String) {
    let error = #expect(throws: NGSILDError.self) { try request(body: body) }
    #expect(error?.kind == .badRequestData)
  }

  @Test(
    "broken parameters are refused",
    arguments: [
      ["join": "Flat"], ["join": "flat", "joinLevel": "0"], ["join": "flat", "joinLevel": "-1"],
      ["join": "flat", "joinLevel": "x"], ["join": "flat", "joinLevel": "11"],
      ["joinLevel": "1.0"], ["containedBy": "x"], ["containedBy": "urn:x:1,"],
      ["pick": "a{b}"], ["omit": "a{b}"], ["pick": "a{b{c}}", "join": "inline"],
      ["q": "a{b}"], ["q": "a{b{c}}", "join": "inline", "joinLevel": "1"],
      ["q": "a{b}", "join": "@none"], ["expandValues": "a,"], ["jsonKeys": "9"],
      ["orderBy": "a;dist-asc"], ["collation": "!!"], ["csf": "))bad(("],
    ])
  func refuse(parameters: [String: String]) {
    let error = #expect(throws: NGSILDError.self) { try request(parameters) }
    #expect(error?.kind == .badRequestData)
  }
}
