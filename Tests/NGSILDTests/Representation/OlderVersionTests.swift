import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Entities for readers of an older version of the standard (4.3.6.8)")
struct OlderVersionTests {
  @Test(
    "a version is two numbers",
    arguments: [
      ("1.9", SpecificationVersion(1, 9)), ("1.10", SpecificationVersion(1, 10)),
      ("2.0", .init(2, 0)),
      ("1", nil), ("1.9.1", nil), ("", nil), ("1.x", nil), ("-1.2", nil), ("+1.2", nil),
      ("1.1234", nil),
    ] as [(String, SpecificationVersion?)])
  func version(text: String, version: SpecificationVersion?) {
    #expect(SpecificationVersion(parsing: text) == version)
    #expect(version.map { "\($0)" == text } ?? true)
  }

  @Test(
    "what a version does not know is left out or told in its terms",
    arguments: [
      (
        "1.2", #"[{"value":1,"unitCode":"CEL","datasetId":"urn:d:1"},{"value":2}]"#,
        #"{"type":"Property","value":2}"#
      ),
      (
        "1.2", #"{"value":1,"unitCode":"CEL","observedAt":"2026-01-01T00:00:00Z","s":1}"#,
        #"{"type":"Property","value":1,"s":{"type":"Property","value":1}}"#
      ),
      ("1.2", #"{"value":1,"datasetId":"urn:d:1"}"#, #"{"type":"Property","value":1}"#),
      (
        "1.3", #"{"value":1,"datasetId":"urn:d:1"}"#,
        #"{"type":"Property","value":1,"datasetId":"urn:d:1"}"#
      ),
      ("1.3", #"{"languageMap":{"en":"x"}}"#, #"{"type":"Property","value":{"en":"x"}}"#),
      (
        "1.4", #"{"languageMap":{"en":"x"}}"#,
        #"{"type":"LanguageProperty","languageMap":{"en":"x"}}"#
      ),
      ("1.7", #"{"json":{"x":null}}"#, #"{"type":"Property","value":{"x":null}}"#),
      ("1.7", #"{"vocab":["v","w"]}"#, #"{"type":"Property","value":["v","w"]}"#),
      ("1.7", #"{"vocab":"v"}"#, #"{"type":"Property","value":"v"}"#),
      ("1.7", #"{"valueList":[1,[2]]}"#, #"{"type":"Property","value":[1,[2]]}"#),
      ("1.7", #"{"objectList":["urn:x:2"]}"#, #"{"type":"Relationship","object":["urn:x:2"]}"#),
      (
        "1.7", #"{"object":"urn:x:2","objectType":"T"}"#,
        #"{"type":"Relationship","object":"urn:x:2"}"#
      ),
      (
        "1.8", #"{"object":"urn:x:2","objectType":"T"}"#,
        #"{"type":"Relationship","object":"urn:x:2","objectType":"T"}"#
      ),
      ("1.8", #"{"value":1,"valueType":"V"}"#, #"{"type":"Property","value":1}"#),
      (
        "1.8", #"{"value":1,"s":{"vocab":"v"}}"#,
        #"{"type":"Property","value":1,"s":{"type":"VocabProperty","vocab":"v"}}"#
      ),
      (
        "1.7", #"{"value":1,"s":{"json":[1]}}"#,
        #"{"type":"Property","value":1,"s":{"type":"Property","value":[1]}}"#
      ),
    ])
  func attributes(version: String, given: String, shown: String) throws {
    #expect(try show(#""a":\#(given)"#, version) == #"{"id":"urn:x:1","type":"T","a":\#(shown)}"#)
  }

  @Test("scope and expiresAt are left out")
  func members() throws {
    let given = #""scope":"/a","expiresAt":"2100-01-01T00:00:00Z""#
    #expect(try show(given, "1.3") == #"{"id":"urn:x:1","type":"T"}"#)
    #expect(try show(given, "1.4") == #"{"id":"urn:x:1","type":"T","scope":"/a"}"#)
    var representation = Representation(showsSystemAttributes: true, context: .core)
    representation.olderVersion = SpecificationVersion(1, 8)
    #expect(try !Entity(given).shown(as: representation).contains("expiresAt"))
  }

  @Test("a datasetId is asked for before it is left out, a language before its map is")
  func selections() throws {
    let instances = #""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#
    var representation = Representation(datasets: ["urn:d:1"], context: .core)
    representation.olderVersion = SpecificationVersion(1, 2)
    #expect(
      try Entity(instances).shown(as: representation)
        == #"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":2}}"#)
    representation = Representation(language: try LanguageFilter(parsing: "fr"), context: .core)
    representation.olderVersion = SpecificationVersion(1, 2)
    #expect(
      try Entity(#""a":{"languageMap":{"en":"x","fr":"y"}}"#).shown(as: representation)
        == #"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":"y","lang":"fr"}}"#)
  }

  private func show(_ members: String, _ version: String) throws -> String {
    var representation = Representation(context: .core)
    representation.olderVersion = SpecificationVersion(parsing: version)
    return try Entity(members).shown(as: representation)
  }
}
