import JSON
import JSONLD
import Testing

@Suite("IRI compaction")
struct CompactionTests {
  static let example = #"{"ex":"https://example.org/","e":"https://example.org/ns/"}"#

  static let cases: [NameCase] = [
    NameCase("6.2.4 a Core term", ngsiLD + "hasValue", "value"),
    NameCase("6.2.4 @id is shown as id", "@id", "id"),
    NameCase(
      "6.2.4 @type is shown as type, whatever its alias", context: #"{"art":"@type"}"#,
      "@type", "type"),
    NameCase(
      "6.2.4 a user's term", context: #"{"speed":"https://example.org/speed"}"#,
      "https://example.org/speed", "speed"),
    NameCase(
      "6.2.4 a Core term before a shorter term of the user",
      context: #"{"v":"ngsi-ld:hasValue"}"#, ngsiLD + "hasValue", "value"),
    NameCase(
      "6.2.4 the shortest term", context: #"{"aaa":"urn:x:a","zz":"urn:x:a","bbb":"urn:x:a"}"#,
      "urn:x:a", "zz"),
    NameCase(
      "6.2.4 the first of the shortest terms", context: #"{"b":"urn:x:a","a":"urn:x:a"}"#,
      "urn:x:a", "a"),
    NameCase(
      "6.2.4 a term with coercion and container",
      context: #"{"a":{"@id":"urn:x:a","@type":"@id","@container":"@list"}}"#, "urn:x:a", "a"),
    NameCase(
      "6.2.4 a term before a name of the vocabulary",
      context: #"{"tempo":"\#(defaultVocabulary)speed"}"#, defaultVocabulary + "speed", "tempo"),
    NameCase("6.2.5 a name of the vocabulary", defaultVocabulary + "speed", "speed"),
    NameCase(
      "6.2.5 a name that a user's term takes elsewhere",
      context: #"{"almostFull":"https://ngsi-ld-test-suite/context#almostFull"}"#,
      defaultVocabulary + "almostFull", "ngsi-ld:default-context/almostFull"),
    NameCase(
      "6.2.5 a name that is a Core term", defaultVocabulary + "status",
      "ngsi-ld:default-context/status"),
    NameCase(
      "6.2.5 a name that would read as an IRI", defaultVocabulary + "a:b",
      "ngsi-ld:default-context/a:b"),
    NameCase(
      "6.2.5 a name that would read as a keyword", defaultVocabulary + "@a",
      "ngsi-ld:default-context/@a"),
    NameCase("6.2.5 the vocabulary itself", defaultVocabulary, "ngsi-ld:default-context/"),
    NameCase("6.2.7 a Core prefix", ngsiLD + "unknown", "ngsi-ld:unknown"),
    NameCase("6.2.7 a prefix itself is a term", ngsiLD, "ngsi-ld"),
    NameCase(
      "6.2.7 a user's prefix", context: example, "https://example.org/a", "ex:a"),
    NameCase(
      "6.2.7 the shortest compact IRI", context: example, "https://example.org/ns/a", "e:a"),
    NameCase(
      "6.2.7 the first of the shortest compact IRIs",
      context: #"{"b":"https://example.org/","a":"https://example.org/"}"#,
      "https://example.org/x", "a:x"),
    NameCase(
      "6.2.7 a compact IRI that is a term elsewhere",
      context: #"[{"ex":"https://two/","ex:a":"https://two/a"},{"ex":"https://example.org/"}]"#,
      "https://example.org/a", "https://example.org/a"),
    NameCase(
      "6.2.7 a rest that begins with //", context: #"{"ex":"https://example.org:"}"#,
      "https://example.org://a", "https://example.org://a"),
    NameCase(
      "6.2.7 a term without a delimiter is no prefix", context: #"{"ex":"https://example.org"}"#,
      "https://example.org/a", "https://example.org/a"),
    NameCase(
      "6.2.7 an expanded definition is no prefix",
      context: #"{"ex":{"@id":"https://example.org/"}}"#, "https://example.org/a",
      "https://example.org/a"),
    NameCase(
      "6.2.9 an IRI of another context", "https://ngsi-ld-test-suite/context#almostFull",
      "https://ngsi-ld-test-suite/context#almostFull"),
    NameCase(
      "6.2.9 a user's @vocab is not used", context: #"{"@vocab":"https://example.org/"}"#,
      "https://example.org/a", "https://example.org/a"),
    NameCase(
      "6.2.9 a null term hides nothing", context: #"{"speed":null}"#, defaultVocabulary + "speed",
      "speed"),
    NameCase("6.2.9 a URN", "urn:ngsi-ld:a", "urn:ngsi-ld:a"),
    NameCase("the empty text", "", ""),
  ]

  @Test("an IRI goes to its name, and the name back", arguments: cases)
  func compact(row: NameCase) async throws {
    let context = try await makeContext(row.context)
    #expect(context.compact(IRI(row.input)) == row.expected)
    if !row.input.isEmpty { #expect(context.expand(row.expected).text == row.input) }
    let contents = Array(row.input.utf8).withUnsafeBufferPointer(context.compactContents)
    #expect(String(decoding: contents, as: UTF8.self) == row.expected)
  }
}
