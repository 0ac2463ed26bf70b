import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Attribute types and their members (4.5)")
struct AttributeValueTests {
  @Test(
    "values come back as they were given",
    arguments: [
      ("Property", #""value":1.50"#),
      ("Property", #""value":"<a href='x'>\"=;()""#),
      ("Property", #""value":{"@type":"@json","@value":null}"#),
      ("Property", #""value":{"type":"x","value":1,"null":"nullable"}"#),
      ("Property", #""value":1,"unitCode":"CEL","observedAt":"2026-01-01T00:00:00.000Z""#),
      ("Property", #""value":"ñé","valueType":"vt""#),
      ("GeoProperty", #""value":{"type":"Point","coordinates":[1,2.50]}"#),
      ("GeoProperty", #""value":{"type":"Point","coordinates":[1,2,3]},"valueType":"x""#),
      ("LanguageProperty", #""languageMap":{"en":"x","fr-CA":["y","z"],"@none":"w"}"#),
      ("LanguageProperty", #""languageMap":{"en":"x"},"valueType":"langString""#),
      ("VocabProperty", #""vocab":"v""#),
      ("VocabProperty", #""vocab":["v","w"]"#),
      ("ListProperty", #""valueList":[1,[2,"x"],{"y":1}],"unitCode":"CEL""#),
      ("ListProperty", #""valueList":[]"#),
      ("JsonProperty", #""json":{"@type":"x","value":null,"a":["urn:ngsi-ld:null"]}"#),
      ("JsonProperty", #""json":[null,1]"#),
      ("Relationship", #""object":"urn:x:2","objectType":"T""#),
      ("Relationship", #""object":["urn:x:2"],"objectType":["T","U"]"#),
      ("Relationship", #""object":"urn:é:2""#),
      ("ListRelationship", #""objectList":[{"object":"urn:x:2"}],"objectType":"T""#),
      ("ListRelationship", #""objectList":[]"#),
    ])
  func acceptance(type: String, members: String) throws {
    let attribute = #""a":{"type":"\#(type)",\#(members)}"#
    #expect(try Entity(attribute).members == attribute)
  }

  @Test(
    "values are brought into one form",
    arguments: [
      (
        #"{"type":"GeoProperty","value":"{\"type\":\"Point\", \"coordinates\":[1,2]}"}"#,
        #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#
      ),
      (
        #"{"type":"ListRelationship","objectList":["urn:x:2",{"object":"urn:x:3"}]}"#,
        #"{"type":"ListRelationship","objectList":[{"object":"urn:x:2"},{"object":"urn:x:3"}]}"#
      ),
      (#"{"value":1,"datasetId":"@none"}"#, #"{"type":"Property","value":1}"#),
      (
        #"{"value":1,"observedAt":"2026-01-01T00:00:00,5Z"}"#,
        #"{"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00.5Z"}"#
      ),
      (
        #"{"value":1,"createdAt":"x","modifiedAt":"x","deletedAt":"x","instanceId":"x"}"#,
        #"{"type":"Property","value":1}"#
      ),
      (#"{ "value" : [ 1 , { "x" : 2 } ] }"#, #"{"type":"Property","value":[1,{"x":2}]}"#),
    ])
  func normalization(given: String, normalized: String) throws {
    #expect(try Entity(#""a":\#(given)"#).members == #""a":\#(normalized)"#)
  }

  @Test("names in values are stored expanded")
  func expansion() throws {
    let stored = try Entity(
      #""a":{"vocab":["v","urn:x:v"],"valueType":"x"},"b":{"object":"urn:x:2","objectType":"T"}"#
    ).stored
    #expect(stored.contains(#""vocab":["\#(vocabulary)v","urn:x:v"]"#))
    #expect(stored.contains(#""valueType":"\#(vocabulary)x""#))
    #expect(stored.contains(#""objectType":"\#(vocabulary)T""#))
  }

  @Test(
    "other values are refused",
    arguments: [
      ("Property", #""value":null"#),
      ("Property", #""value":[1,null]"#),
      ("Property", #""value":{"x":[{"y":null}]}"#),
      ("Property", #""value":{"x":"\u0075rn:ngsi-ld:null"}"#),
      ("Property", #""value":1,"unitCode":5"#),
      ("Property", #""value":1,"objectType":"T""#),
      ("Property", #""value":1,"observedAt":"2026-01-01T00:00:00+01:00""#),
      ("Property", #""value":1,"observedAt":"2026-13-45T00:00:00Z""#),
      ("Property", #""value":1,"observedAt":{"@value":"2026-01-01T00:00:00Z"}"#),
      ("Property", #""value":1,"observedAt":["2026-01-01T00:00:00Z"]"#),
      ("Property", #""value":1,"expiresAt":"tomorrow""#),
      ("Property", #""value":1,"valueType":["x"]"#),
      ("Property", #""value":1,"valueType":"""#),
      ("Property", #""value":1,"createdAt":5"#),
      ("Property", #""value":1,"instanceId":{"value":1}"#),
      ("Property", #""value":1,"previousValue":2"#),
      ("Property", #""value":1,"entity":{}"#),
      ("Property", #""value":1,"entityIdSealed":"urn:x:1""#),
      ("Property", #""value":1,"s p":1"#),
      ("Property", #""value":1,"1a":1"#),
      ("GeoProperty", #""value":5"#),
      ("GeoProperty", #""value":{"type":"Point","coordinates":[1,2],"bbox":null}"#),
      ("GeoProperty", #""value":"POINT(1 2)""#),
      ("GeoProperty", #""value":{"type":"Circle","coordinates":[1,2]}"#),
      ("GeoProperty", #""value":{"type":"Point","coordinates":["1",2]}"#),
      ("GeoProperty", #""value":[{"type":"Point","coordinates":[1,2]}]"#),
      ("GeoProperty", #""value":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#),
      ("GeoProperty", #""value":{"type":"Point","coordinates":[1,2]},"unitCode":"MTR""#),
      ("LanguageProperty", #""languageMap":"x""#),
      ("LanguageProperty", #""languageMap":{"":"x"}"#),
      ("LanguageProperty", #""languageMap":{"@value":"x"}"#),
      ("LanguageProperty", #""languageMap":{"en":5}"#),
      ("LanguageProperty", #""languageMap":{"en":["x",5]}"#),
      ("LanguageProperty", #""languageMap":{"en":null}"#),
      ("LanguageProperty", #""languageMap":{"en":"x"},"valueType":"string""#),
      ("LanguageProperty", #""languageMap":{"en":"x"},"unitCode":"CEL""#),
      ("VocabProperty", #""vocab":5"#),
      ("VocabProperty", #""vocab":["v",5]"#),
      ("VocabProperty", #""vocab":[]"#),
      ("VocabProperty", #""vocab":"""#),
      ("VocabProperty", #""vocab":["v","urn:ngsi-ld:null"]"#),
      ("VocabProperty", #""vocab":"v","unitCode":"CEL""#),
      ("ListProperty", #""valueList":5"#),
      ("ListProperty", #""valueList":{"x":1}"#),
      ("ListProperty", #""valueList":[null]"#),
      ("JsonProperty", #""json":"x""#),
      ("JsonProperty", #""json":5"#),
      ("JsonProperty", #""json":null"#),
      ("JsonProperty", #""json":{},"value":1"#),
      ("JsonProperty", #""json":{},"unitCode":"CEL""#),
      ("Relationship", #""object":"x""#),
      ("Relationship", #""object":5"#),
      ("Relationship", #""object":[]"#),
      ("Relationship", #""object":["urn:x:2","x"]"#),
      ("Relationship", #""object":{"object":"urn:x:2"}"#),
      ("Relationship", #""object":"urn:x:2","unitCode":"CEL""#),
      ("Relationship", #""object":"urn:x:2","valueType":"x""#),
      ("Relationship", #""object":"urn:x:2","objectType":[]"#),
      ("Relationship", #""object":"urn:x:2","objectType":5"#),
      ("ListRelationship", #""objectList":"urn:x:2""#),
      ("ListRelationship", #""objectList":[{"object":"x"}]"#),
      ("ListRelationship", #""objectList":[["urn:x:2"]]"#),
    ])
  func refusal(type: String, members: String) {
    #expect(expectRefusal { _ = try Entity(#""a":{"type":"\#(type)",\#(members)}"#) })
  }

  @Test(
    "names that the Core reserves for a GeoProperty hold nothing else",
    arguments: ["location", "observationSpace", "operationSpace"])
  func geoNames(name: String) throws {
    let geometry = #"{"type":"Point","coordinates":[1,2]}"#
    let entity = try Entity(#""\#(name)":\#(geometry)"#)
    #expect(try entity.members == #""\#(name)":{"type":"GeoProperty","value":\#(geometry)}"#)
    for other in ["5", #"{"type":"Property","value":\#(geometry)}"#, #"{"object":"urn:x:2"}"#] {
      #expect(expectRefusal { _ = try Entity(#""\#(name)":\#(other)"#) })
      #expect(
        expectRefusal { _ = try Entity(#""https://uri.etsi.org/ngsi-ld/\#(name)":\#(other)"#) })
    }
  }

  @Test("a proof is kept untouched")
  func proof() throws {
    let proof =
      #""ngsildproof":{"type":"Property","value":{"@context":"x","type":"DataIntegrityProof","a":null},"#
      + #""entityIdSealed":"urn:x:1","entityTypeSealed":"T"}"#
    #expect(try Entity(proof).members == proof)
    #expect(try Entity(#""a":{"value":1,\#(proof)}"#).members.contains(proof))
    #expect(try Entity(proof).stored.contains(#""entityTypeSealed":"\#(vocabulary)T""#))
  }

  @Test(
    "what is no proof is refused",
    arguments: [
      #"{"type":"Property","value":"x"}"#, #"{"type":"Property","value":[]}"#,
      #"{"type":"Relationship","object":"urn:x:2"}"#,
      #"{"type":"Property","value":{},"entityIdSealed":5}"#,
      #"{"type":"Property","value":{},"entityTypeSealed":["T"]}"#,
    ])
  func noProof(given: String) {
    #expect(expectRefusal { _ = try Entity(#""ngsildproof":\#(given)"#) })
  }
}
