import JSON
import NGSILD
import Testing

@Suite("Merge Entity (5.6.17)")
struct MergeTests {
  @Test(
    "values are merged as in RFC 7396",
    arguments: [
      (#"{"a":{"b":1,"c":2}}"#, #"{"a":{"c":"urn:ngsi-ld:null","d":3}}"#, #"{"a":{"b":1,"d":3}}"#),
      (#"{"a":[1]}"#, #"{"a":{"b":1,"c":"urn:ngsi-ld:null"}}"#, #"{"a":{"b":1}}"#),
      (#"{"a":{"b":1}}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
      ("5", #"{"a":1,"b":"urn:ngsi-ld:null"}"#, #"{"a":1}"#),
      (#"{"a":1}"#, "5", "5"),
      (#"{"a":1}"#, "{}", #"{"a":1}"#),
      (#"{"a":1}"#, #"{"b":"urn:ngsi-ld:null"}"#, #"{"a":1}"#),
      (#"{"\u0061":1,"b":2}"#, #"{"a":3}"#, #"{"\u0061":3,"b":2}"#),
      (
        #"{"a":1}"#, #"{"@type":"@json","@value":{"b":null}}"#,
        #"{"@type":"@json","@value":{"b":null}}"#
      ),
      (#"{"@type":"@json","@value":null}"#, #"{"a":1}"#, #"{"a":1}"#),
    ])
  func values(stored: String, given: String, merged: String) throws {
    let entity = try Entity(#""a":{"type":"Property","value":\#(stored)}"#)
      .applying(Provision.mergeEntity.operation(#""a":{"value":\#(given)}"#))
    #expect(entity.attribute("a")?.instances[0].value.rawText == merged)
  }

  @Test("a new Attribute is as in a create, without what is Null")
  func newAttributes() throws {
    let entity = try Entity("").applying(
      Provision.mergeEntity.operation(
        #""a":{"x":{"value":1}},"b":{"value":{"x":1,"y":"urn:ngsi-ld:null"}},"#
          + #""c":"urn:ngsi-ld:null","d":{"value":1,"unitCode":"urn:ngsi-ld:null","#
          + #""s":"urn:ngsi-ld:null"},"e":{"languageMap":{"en":"urn:ngsi-ld:null","fr":"x"}},"#
          + #""f":{"languageMap":{"en":"urn:ngsi-ld:null"}},"g":{"x-y":1}"#))
    let expected = try Entity(
      #""a":{"x":{"value":1}},"b":{"x":1},"d":1,"e":{"languageMap":{"fr":"x"}},"g":{"x-y":1}"#)
    #expect(try entity.members == expected.members)
  }

  @Test(
    "lang says in which language a string is",
    arguments: [
      (Provision.mergeEntity, #""y""#, #"{"en":"x","fr":"y"}"#),
      (.mergeEntity, #"{"value":"y"}"#, #"{"en":"x","fr":"y"}"#),
      (.mergeSimplified, #""y""#, #"{"en":"x","fr":"y"}"#),
      (.mergeSimplified, #"["y","z"]"#, #"{"en":"x","fr":["y","z"]}"#),
      (.mergeSimplified, #"{"languageMap":{"es":"y"}}"#, #"{"en":"x","es":"y"}"#),
    ])
  func language(operation: Provision, given: String, merged: String) throws {
    let options = MergeOptions(language: "fr")
    let entity = try Entity(#""a":{"languageMap":{"en":"x"}}"#)
      .applying(operation.operation(#""a":\#(given)"#, options: options))
    #expect(try entity.members == #""a":{"type":"LanguageProperty","languageMap":\#(merged)}"#)
  }

  @Test(
    "observedAt replaces one that was there, unless the fragment says more",
    arguments: [
      (
        #"{"value":1,"observedAt":"2026-01-01T00:00:00Z"}"#, "2", #"{"value":2,"observedAt":"NEW"}"#
      ),
      ("1", "2", "2"),
      (
        #"{"value":1,"observedAt":"2026-01-01T00:00:00Z"}"#,
        #"{"value":2,"observedAt":"2026-01-05T00:00:00Z"}"#,
        #"{"value":2,"observedAt":"2026-01-05T00:00:00Z"}"#
      ),
      (
        #"{"value":1,"observedAt":"2026-01-01T00:00:00Z"}"#,
        #"{"value":2,"observedAt":"urn:ngsi-ld:null"}"#, "2"
      ),
      (
        #"{"value":1,"s":{"value":1,"observedAt":"2026-01-01T00:00:00Z"}}"#, #"{"s":2}"#,
        #"{"value":1,"s":{"value":2,"observedAt":"NEW"}}"#
      ),
    ])
  func observedAt(stored: String, given: String, merged: String) throws {
    let time = "2026-01-31T00:00:00.000Z"
    let options = MergeOptions(observedAt: try DateTimeText(parsing: time, of: "observedAt"))
    let entity = try Entity(#""a":\#(stored)"#)
      .applying(Provision.mergeEntity.operation(#""a":\#(given),"b":1"#, options: options))
    let expected = merged.replacing("NEW", with: time)
    #expect(try entity.members == Entity(#""a":\#(expected),"b":1"#).members)
  }

  @Test(
    "a simplified value takes the type that is stored",
    arguments: [
      ("1", #""x""#, #""x""#),
      (
        #"{"value":{"x":1},"unitCode":"m"}"#, #"{"y":2}"#,
        #"{"value":{"x":1,"y":2},"unitCode":"m"}"#
      ),
      ("1", #"{"value":2,"object":3}"#, #"{"type":"Property","value":{"value":2,"object":3}}"#),
      (
        #"{"value":{"type":"Point","coordinates":[1,2]}}"#,
        #"{"type":"Point","coordinates":[3,4]}"#,
        #"{"type":"Point","coordinates":[3,4]}"#
      ),
      (#"{"object":"urn:x:2"}"#, #""urn:x:3""#, #"{"object":"urn:x:3"}"#),
      (#"{"object":"urn:x:2"}"#, #"["urn:x:3"]"#, #"{"object":["urn:x:3"]}"#),
      (#"{"vocab":"v"}"#, #"{"vocab":"w"}"#, #"{"vocab":"w"}"#),
      (#"{"vocab":"v"}"#, #"["w","x"]"#, #"{"vocab":["w","x"]}"#),
      (#"{"valueList":[1]}"#, "[2]", #"{"valueList":[2]}"#),
      (#"{"objectList":["urn:x:2"]}"#, #"["urn:x:3"]"#, #"{"objectList":["urn:x:3"]}"#),
      (#"{"json":{"x":1}}"#, #"{"json":{"y":1}}"#, #"{"json":{"y":1}}"#),
      (
        #"{"value":1,"datasetId":"urn:d:2"}"#, #"{"dataset":{"urn:d:2":3}}"#,
        #"{"value":3,"datasetId":"urn:d:2"}"#
      ),
      (
        "1", #"{"dataset":{"@none":2,"urn:d:2":3}}"#,
        #"[{"value":2},{"value":3,"datasetId":"urn:d:2"}]"#
      ),
    ])
  func simplified(stored: String, given: String, merged: String) throws {
    let entity = try Entity(#""a":\#(stored)"#)
      .applying(Provision.mergeSimplified.operation(#""a":\#(given)"#))
    #expect(try entity.members == Entity(#""a":\#(merged)"#).members)
  }

  @Test(
    "a simplified value of another shape is refused",
    arguments: [
      (#"{"object":"urn:x:2"}"#, "5"), (#"{"vocab":"v"}"#, "5"), (#"{"valueList":[1]}"#, "5"),
      (#"{"json":{}}"#, #"{"x":1}"#), (#"{"languageMap":{"en":"x"}}"#, #""y""#),
      (#"{"value":{"type":"Point","coordinates":[1,2]}}"#, #"{"type":"Point"}"#),
    ])
  func simplifiedRefusal(stored: String, given: String) throws {
    let stored = try Entity(#""a":\#(stored)"#)
    let operation = try Provision.mergeSimplified.operation(#""a":\#(given)"#)
    #expect(expectRefusal { _ = try stored.applying(operation) })
  }

  @Test(
    "a simplified value of a new Attribute tells its own type",
    arguments: [
      ("5", "5"), (#""urn:x:2""#, #""urn:x:2""#), (#"{"vocab":"v"}"#, #"{"vocab":"v"}"#),
      (#"{"type":"Point","coordinates":[1,2]}"#, #"{"type":"Point","coordinates":[1,2]}"#),
      (#"{"x":1,"y":"urn:ngsi-ld:null"}"#, #"{"x":1}"#),
    ])
  func simplifiedNew(given: String, expected: String) throws {
    let operation = try Provision.mergeSimplified.operation(#""a":\#(given)"#)
    #expect(try Entity("").applying(operation).members == Entity(#""a":\#(expected)"#).members)
  }

  @Test("only texts are in a language", arguments: ["5", "[]", "[5]", #"["x",5]"#])
  func noText(given: String) throws {
    let stored = try Entity(#""a":{"languageMap":{"en":"x"}}"#)
    for operation: Provision in [.mergeEntity, .mergeSimplified] {
      let merge = try operation.operation(
        #""a":\#(given)"#, options: MergeOptions(language: "fr"))
      #expect(expectRefusal { _ = try stored.applying(merge) })
    }
  }

  @Test("a Null in the simplified form of a type deletes")
  func wrappedNull() throws {
    let stored = try Entity(
      #""a":{"vocab":"v"},"b":{"json":{}},"c":{"languageMap":{"en":"x"}},"d":{"valueList":[1]}"#)
    let operation = try Provision.mergeSimplified.operation(
      #""a":{"vocab":"urn:ngsi-ld:null"},"b":{"json":"urn:ngsi-ld:null"},"#
        + #""c":{"languageMap":{"@none":"urn:ngsi-ld:null"}},"d":["urn:ngsi-ld:null"]"#)
    #expect(try stored.applying(operation).members == "")
  }

  @Test("a simplified Null deletes")
  func simplifiedNull() throws {
    let stored = try Entity(#""a":1,"b":[{"value":1},{"value":2,"datasetId":"urn:d:2"}]"#)
    let operation = try Provision.mergeSimplified.operation(
      #""a":"urn:ngsi-ld:null","b":{"dataset":{"urn:d:2":"urn:ngsi-ld:null"}}"#)
    #expect(try stored.applying(operation).members == Entity(#""b":1"#).members)
  }
}
