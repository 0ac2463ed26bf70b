import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Members of Entities (4.5.1, 4.6.2, 4.16, 4.18)")
struct EntityMemberTests {
  @Test(
    "URIs are ids",
    arguments: [
      "urn:ngsi-ld:Room:1", "http://example.org/a?b=c#d", "a:b", "a+b-c.1:x", "urn:é:ñ漢",
      "urn:x:%20", "urn:ngsi-ld:nullable",
    ])
  func ids(id: String) throws {
    #expect(try parse(#"{"id":"\#(id)","type":"T"}"#).id == id)
    #expect(try parse(#"{"@id":"\#(id)","@type":"T"}"#).id == id)
  }

  @Test(
    "other texts are no ids",
    arguments: [
      "", "x", ":x", "x:", "1x:y", "é:x", "urn:x y", "urn:x\t", "urn:x<", "urn:x>", "urn:{x}",
      "urn:x|y", "urn:x^", "urn:x`", "urn:ngsi-ld:null", "urn:x\u{202E}", "urn:x\u{200B}",
      "urn:x\u{FEFF}", "urn:x\u{2028}", "urn:x\u{A0}", "urn:x\u{FE0F}", "urn:x\u{E0101}",
      "urn:x\(nonCharacter(0xFDD0))", "urn:x\(nonCharacter(0x1FFFE))", "urn:x\u{115F}",
      "urn:x\u{3164}", "urn:x\u{FFA0}",
      "urn:x\u{2800}", "urn:x\u{2066}", "urn:x\u{AD}", "urn:x\u{7F}",
    ])
  func noIDs(id: String) {
    var writer = JSONWriter()
    writer.string(id)
    #expect(expectRefusal { _ = try parse(#"{"id":\#(writer.text),"type":"T"}"#) })
  }

  @Test(
    "types are a set of names",
    arguments: [
      (#""T""#, ["T"]), (#"["T"]"#, ["T"]), (#"["T","U","T"]"#, ["T", "U"]),
      (#"["Größe","https://uri.etsi.org/ngsi-ld/default-context/Größe"]"#, ["Größe"]),
    ])
  func types(given: String, names: [String]) throws {
    #expect(try parse(#"{"type":\#(given)}"#).types == names.map { IRI(vocabulary + $0) })
  }

  @Test(
    "other types are refused",
    arguments: [
      "5", "null", "[]", #""""#, #"["T",5]"#, #"["T",""]"#, #""type""#, #""@type""#, #""@id""#,
      #""1T""#, #""T U""#, #""a-b""#, #""urn:ngsi-ld:null""#, #"{"x":1}"#, #""_x""#,
    ])
  func noTypes(given: String) {
    #expect(expectRefusal { _ = try parse(#"{"type":\#(given)}"#) })
  }

  @Test(
    "names of Attributes are expanded",
    arguments: [
      ("temperature", vocabulary + "temperature"), ("größe2_", vocabulary + "größe2_"),
      ("http://example.org/x-y", "http://example.org/x-y"), ("urn:x:y", "urn:x:y"),
      ("ngsi-ld:x", "https://uri.etsi.org/ngsi-ld/x"),
      ("description", "http://purl.org/dc/terms/description"),
      ("title", "http://purl.org/dc/terms/title"),
    ])
  func names(given: String, expanded: String) throws {
    #expect(try parse(#"{"\#(given)":1}"#).attributes.map(\.name) == [IRI(expanded)])
  }

  @Test(
    "other names are refused",
    arguments: [
      "a b", "1a", "_a", "a-b", "a.b", "", "@a", "a'", "a:", ":a", "a: b", "a<b", "x\u{200B}",
      "datasetId", "instanceId", "observedAt", "unitCode", "value", "object", "languageMap",
      "vocab", "json", "valueList", "objectList", "valueType", "objectType", "entityIdSealed",
      "entityTypeSealed", "previousValue", "previousObject", "previousLanguageMap",
      "previousVocab", "previousJson", "previousValueList", "previousObjectList", "entity",
      "entityList", "https://uri.etsi.org/ngsi-ld/hasValue",
      "https://uri.etsi.org/ngsi-ld/unitCode",
    ])
  func noNames(name: String) {
    var writer = JSONWriter()
    writer.name(name)
    #expect(expectRefusal { _ = try parse("{\(writer.text)1}") })
  }

  @Test(
    "what the broker generates is passed over",
    arguments: ["createdAt", "modifiedAt", "deletedAt", "instanceId"])
  func systemGenerated(name: String) throws {
    #expect(try parse(#"{"type":"T","\#(name)":"2026-01-01T00:00:00Z"}"#).attributes.isEmpty)
    #expect(expectRefusal { _ = try parse(#"{"\#(name)":{"type":"Property","value":1}}"#) })
    #expect(expectRefusal { _ = try parse(#"{"\#(name)":5}"#) })
  }

  @Test(
    "two members of one meaning are refused",
    arguments: [
      #"{"id":"urn:x:1","@id":"urn:x:1"}"#, #"{"type":"T","@type":"T"}"#,
      #"{"a":1,"https://uri.etsi.org/ngsi-ld/default-context/a":1}"#,
      #"{"a":{"value":1,"b":1,"https://uri.etsi.org/ngsi-ld/default-context/b":1}}"#,
      #"{"a":{"value":1,"unitCode":"x","https://uri.etsi.org/ngsi-ld/unitCode":"x"}}"#,
    ])
  func twice(body: String) {
    #expect(expectRefusal { _ = try parse(body) })
  }

  @Test("many Attributes have different names")
  func manyNames() throws {
    let members = (0..<2000).map { #""a\#($0)":1"# }.joined(separator: ",")
    #expect(try parse("{\(members)}").attributes.count == 2000)
    #expect(expectRefusal { _ = try parse(#"{\#(members),"\#(vocabulary)a7":1}"#) })
  }

  @Test("an Attribute has a bounded number of instances")
  func manyInstances() {
    let instances = (0..<1001).map { #"{"value":1,"datasetId":"urn:d:\#($0)"}"# }
    #expect(expectRefusal { _ = try parse(#"{"a":[\#(instances.joined(separator: ","))]}"#) })
  }

  @Test("a body that is no object is no JSON of an Entity", arguments: ["5", "[]", #""x""#])
  func noObject(body: String) {
    #expect(expectRefusal(.invalidRequest) { _ = try parse(body) })
  }

  @Test("an Entity without Attributes is one")
  func empty() throws {
    #expect(try Entity("").members == "")
  }

  @Test(
    "scopes are sets of paths",
    arguments: [
      (#""/a/b""#, #""/a/b""#), (#""a/b""#, #""a/b""#), (#"["/a","/b_2"]"#, #"["/a","/b_2"]"#),
      (#"["/a","a","/a"]"#, #""/a""#), (#"["/Größe"]"#, #""/Größe""#),
    ])
  func scopes(given: String, shown: String) throws {
    #expect(try Entity(#""scope":\#(given)"#).members == #""scope":\#(shown)"#)
  }

  @Test(
    "other scopes are refused",
    arguments: [
      "5", "null", #""""#, #""/""#, #""/a/""#, #""//a""#, #""/1a""#, #""/a-b""#, #""/a b""#,
      #"["/a","/1"]"#, #"["/a",5]"#, #"{"value":"/a"}"#, #""/_a""#,
    ])
  func noScopes(given: String) {
    #expect(expectRefusal { _ = try parse(#"{"scope":\#(given)}"#) })
  }

  @Test("expiresAt is a DateTime, echoed as it came")
  func expiresAt() throws {
    let entity = try Entity(#""expiresAt":"2030-01-01T00:00:00.000Z""#)
    #expect(entity.expiresAt?.text == "2030-01-01T00:00:00.000Z")
    for value in ["5", #""x""#, #"["2030-01-01T00:00:00Z"]"#, "null", #""2030-01-01T00:00:00""#] {
      #expect(expectRefusal { _ = try parse(#"{"expiresAt":\#(value)}"#) })
    }
  }

  @Test(
    "datasetIds are URIs, and each names one instance",
    arguments: [
      #"{"value":1,"datasetId":5}"#, #"{"value":1,"datasetId":"x"}"#,
      #"{"value":1,"datasetId":["urn:d:1"]}"#, #"{"value":1,"datasetId":"urn:ngsi-ld:null"}"#,
      #"[{"value":1},{"value":2}]"#, #"[{"value":1},{"value":2,"datasetId":"@none"}]"#,
      #"[{"value":1,"datasetId":"urn:d:1"},{"value":2,"datasetId":"urn:d:1"}]"#,
    ])
  func datasets(given: String) {
    #expect(expectRefusal { _ = try parseAttribute(given) })
  }

  @Test("the default instance comes first, the others as they came")
  func order() throws {
    let instances = ["urn:d:2", "urn:d:1", "@none"].map { #"{"value":1,"datasetId":"\#($0)"}"# }
    let entity = try Entity(#""a":[\#(instances.joined(separator: ","))]"#)
    #expect(entity.attribute("a")?.instances.map(\.datasetId) == [nil, "urn:d:2", "urn:d:1"])
  }
}

/// A code point that Swift's literals refuse.
private func nonCharacter(_ codePoint: UInt32) -> String {
  String(Unicode.Scalar(codePoint) ?? " ")
}
