import JSON
import JSONLD
import NGSILD
import Testing

@Suite("What an Attribute is, by its members (4.5.2.3)")
struct AttributeShapeTests {
  @Test(
    "the type is inferred",
    arguments: [
      // 1: scalars.
      ("5", #"{"type":"Property","value":5}"#),
      (#""x""#, #"{"type":"Property","value":"x"}"#),
      ("false", #"{"type":"Property","value":false}"#),
      // 2: arrays.
      ("[1,[2]]", #"{"type":"Property","value":[1,[2]]}"#),
      ("[]", #"{"type":"Property","value":[]}"#),
      (#"[{"x":1},{"y":2}]"#, #"{"type":"Property","value":[{"x":1},{"y":2}]}"#),
      (#"[{"value":1},5]"#, #"{"type":"Property","value":[{"value":1},5]}"#),
      (#"[{"value":1}]"#, #"{"type":"Property","value":1}"#),
      (
        #"[{"value":1},{"type":"Property","value":2,"datasetId":"urn:d:2"}]"#,
        #"[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:d:2"}]"#
      ),
      // 3: type.
      (#"{"type":"Property","value":1}"#, #"{"type":"Property","value":1}"#),
      (#"{"@type":"Property","value":1}"#, #"{"type":"Property","value":1}"#),
      (
        #"{"type":"https://uri.etsi.org/ngsi-ld/Property","value":1}"#,
        #"{"type":"Property","value":1}"#
      ),
      (
        #"{"https://uri.etsi.org/ngsi-ld/hasValue":1}"#, #"{"type":"Property","value":1}"#
      ),
      (#"{"type":"Property","v\u0061lue":1}"#, #"{"type":"Property","value":1}"#),
      (
        #"{"type":"Point","coordinates":[1,2]}"#,
        #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#
      ),
      (
        #"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#,
        #"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#
      ),
      (
        #"{"type":"Property","value":{"type":"Point","coordinates":[999,2]}}"#,
        #"{"type":"Property","value":{"type":"Point","coordinates":[999,2]}}"#
      ),
      // 4: one value member.
      (#"{"value":1,"unitCode":"CEL"}"#, #"{"type":"Property","value":1,"unitCode":"CEL"}"#),
      (
        #"{"value":{"type":"Point","coordinates":[1,2]}}"#,
        #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#
      ),
      (#"{"object":"urn:x:2"}"#, #"{"type":"Relationship","object":"urn:x:2"}"#),
      (#"{"languageMap":{"en":"x"}}"#, #"{"type":"LanguageProperty","languageMap":{"en":"x"}}"#),
      (#"{"vocab":"v"}"#, #"{"type":"VocabProperty","vocab":"v"}"#),
      (#"{"valueList":[1]}"#, #"{"type":"ListProperty","valueList":[1]}"#),
      (
        #"{"objectList":["urn:x:2"]}"#,
        #"{"type":"ListRelationship","objectList":[{"object":"urn:x:2"}]}"#
      ),
      (#"{"json":{"x":null}}"#, #"{"type":"JsonProperty","json":{"x":null}}"#),
      // 5: typed values.
      (
        #"{"@type":"@json","@value":null}"#,
        #"{"type":"Property","value":{"@type":"@json","@value":null}}"#
      ),
      (
        #"{"@type":"DateTime","@value":"2026-01-01T00:00:00Z"}"#,
        #"{"type":"Property","value":{"@type":"DateTime","@value":"2026-01-01T00:00:00Z"}}"#
      ),
      // 6: other objects.
      (#"{"x":1,"y":{"z":2}}"#, #"{"type":"Property","value":{"x":1,"y":{"z":2}}}"#),
      ("{}", #"{"type":"Property","value":{}}"#),
      (#"{"id":"x","scope":1}"#, #"{"type":"Property","value":{"id":"x","scope":1}}"#),
      // Sub-Attributes, by the same rules.
      (
        #"{"value":1,"s":2,"t":{"object":"urn:x:2"},"u":{"x":1}}"#,
        #"{"type":"Property","value":1,"s":{"type":"Property","value":2},"#
          + #""t":{"type":"Relationship","object":"urn:x:2"},"#
          + #""u":{"type":"Property","value":{"x":1}}}"#
      ),
      (
        #"{"object":"urn:x:2","s":[{"value":1},{"value":2,"datasetId":"urn:d:2"}]}"#,
        #"{"type":"Relationship","object":"urn:x:2","s":[{"type":"Property","value":1},"#
          + #"{"type":"Property","value":2,"datasetId":"urn:d:2"}]}"#
      ),
    ])
  func inference(given: String, normalized: String) throws {
    #expect(try Entity(#""a":\#(given)"#).members == #""a":\#(normalized)"#)
  }

  @Test(
    "what is neither an Attribute nor a value is refused",
    arguments: [
      "null",
      "[null]",
      #"{"x":null}"#,
      #"{"type":"Property"}"#,
      #"{"type":"Relationship","value":1}"#,
      #"{"type":"Property","object":"urn:x:2"}"#,
      #"{"type":"Property","value":1,"object":"urn:x:2"}"#,
      #"{"value":1,"object":"urn:x:2"}"#,
      #"{"value":1,"valueList":[1]}"#,
      #"{"type":"Property","@type":"Property","value":1}"#,
      #"{"type":"Unknown","value":1}"#,
      #"{"type":"Unknown","x":1}"#,
      #"[{"type":"Unknown","value":1}]"#,
      #"[{"value":1,"object":"urn:x:2","type":"Property"}]"#,
      #"{"type":5,"value":1}"#,
      #"{"type":["Property"],"value":1}"#,
      #"{"type":"Property","@value":1}"#,
      #"{"type":"Point","coordinates":[1]}"#,
      #"{"value":{"type":"Point","coordinates":[181,0]}}"#,
      #"{"type":"GeometryCollection","geometries":[]}"#,
      #"{"datasetId":"urn:d:1"}"#,
      #"{"observedAt":"2026-01-01T00:00:00Z"}"#,
      #"{"unitCode":"CEL"}"#,
      #"{"valueType":"x","y":1}"#,
      #"{"ngsildproof":{"value":{}}}"#,
      #"{"value":1,"s":{"unitCode":"CEL"}}"#,
      #"{"value":1,"s":{"type":"Relationship"}}"#,
      #"{"value":1,"id":"urn:x:2"}"#,
      #"{"value":1,"scope":"/x"}"#,
      #"{"value":1,"@context":{}}"#,
      #"{"value":{"@context":{}}}"#,
      #"{"value":[{"x":{"@context":{}}}]}"#,
      #"{"@context":{},"x":1}"#,
    ])
  func refusal(given: String) {
    #expect(expectRefusal { _ = try Entity(#""a":\#(given)"#) })
  }

  @Test("a user's alias of a core term counts as the term")
  func alias() async throws {
    let context = try await makeContext(
      #"{"content":"https://uri.etsi.org/ngsi-ld/hasValue","kind":"@type"}"#)
    let entity = try Entity(#""a":{"kind":"Property","content":1}"#, context: context)
    #expect(try entity.members == #""a":{"type":"Property","value":1}"#)
  }
}
