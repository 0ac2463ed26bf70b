import JSON
import JSONLD
import Testing

/// One name under one context.
struct NameCase: CustomTestStringConvertible, Sendable {
  let title: String
  let context: String
  let input: String
  let expected: String

  init(_ title: String, context: String = "[]", _ input: String, _ expected: String) {
    self.title = title
    self.context = context
    self.input = input
    self.expected = expected
  }

  var testDescription: String { title }
}

@Suite("IRI expansion")
struct ExpansionTests {
  static let cases: [NameCase] = [
    NameCase("5.2.1 a keyword stays", "@type", "@type"),
    NameCase("5.2.2 what looks like a keyword stays", "@unknown", "@unknown"),
    NameCase(
      "5.2.5 a Core term", "status", ngsiLD + "status"),
    NameCase("5.2.5 a Core alias of a keyword", "type", "@type"),
    NameCase(
      "5.2.5 a user's term", context: #"{"speed":"https://example.org/speed"}"#, "speed",
      "https://example.org/speed"),
    NameCase(
      "5.2.5 a user's alias of a keyword", context: #"{"kind":"@type"}"#, "kind", "@type"),
    NameCase(
      "5.2.5 a user's alias of a Core IRI", context: #"{"betrag":"ngsi-ld:hasValue"}"#, "betrag",
      ngsiLD + "hasValue"),
    NameCase(
      "5.2.5 a term in the form of a compact IRI",
      context: #"{"ex":"https://example.org/","ex:a":{"@type":"@id"}}"#, "ex:a",
      "https://example.org/a"),
    NameCase("5.2.6.2 an absolute IRI", "https://example.org/a", "https://example.org/a"),
    NameCase("5.2.6.5 a URN", "urn:a:b", "urn:a:b"),
    NameCase(
      "5.2.6.2 a suffix with // is no suffix", context: #"{"https":"https://example.org/"}"#,
      "https://a/b", "https://a/b"),
    NameCase("5.2.6.2 a blank node", "_:a", "_:a"),
    NameCase("5.2.6.4 a Core prefix", "ngsi-ld:a/b", ngsiLD + "a/b"),
    NameCase(
      "5.2.6.4 a user's prefix", context: #"{"ex":"https://example.org/ns#"}"#, "ex:speed",
      "https://example.org/ns#speed"),
    NameCase(
      "5.2.6.4 only the first colon counts", context: #"{"ex":"https://example.org/"}"#, "ex:a:b",
      "https://example.org/a:b"),
    NameCase(
      "5.2.6.4 a simple term without a delimiter at its end is no prefix",
      context: #"{"ex":"https://example.org/a"}"#, "ex:b", "ex:b"),
    NameCase(
      "5.2.6.4 an expanded definition is no prefix unless it says so",
      context: #"{"ex":{"@id":"https://example.org/"}}"#, "ex:b", "ex:b"),
    NameCase(
      "5.2.6.4 an expanded definition with @prefix",
      context: #"{"ex":{"@id":"https://example.org/a-","@prefix":true}}"#, "ex:b",
      "https://example.org/a-b"),
    NameCase(
      "5.2.6.4 a definition with @prefix false",
      context: #"{"ex":{"@id":"https://example.org/","@prefix":false}}"#, "ex:b", "ex:b"),
    NameCase("5.2.6.4 a Core term that is no prefix", "status:a", "status:a"),
    NameCase("5.2.7 any other name", "speed", defaultVocabulary + "speed"),
    NameCase("5.2.7 a name that begins with a colon", ":a", defaultVocabulary + ":a"),
    NameCase("5.2.7 letters beyond ASCII", "Höhe", defaultVocabulary + "Höhe"),
    NameCase(
      "the Core wins over a user's term", context: #"{"Property":"https://example.org/P"}"#,
      "Property", ngsiLD + "Property"),
    NameCase(
      "the Core wins over a user's alias", context: #"{"id":"https://example.org/id"}"#, "id",
      "@id"),
    NameCase(
      "the Core wins over a user's prefix", context: #"{"geojson":"https://example.org/"}"#,
      "geojson:a", "https://purl.org/geojson/vocab#a"),
    NameCase(
      "the Core's @vocab wins over a user's", context: #"{"@vocab":"https://example.org/"}"#,
      "speed", defaultVocabulary + "speed"),
    NameCase(
      "@base has no effect", context: #"{"@base":"https://example.org/"}"#, "speed",
      defaultVocabulary + "speed"),
    NameCase(
      "a null term is as if never defined", context: #"{"speed":null}"#, "speed",
      defaultVocabulary + "speed"),
    NameCase(
      "a later null undoes a term", context: #"[{"a":"https://example.org/a"},{"a":null}]"#, "a",
      defaultVocabulary + "a"),
    NameCase(
      "a null @id undoes a term", context: #"[{"a":"https://example.org/a"},{"a":{"@id":null}}]"#,
      "a", defaultVocabulary + "a"),
    NameCase(
      "a later element overrides", context: #"[{"a":"https://one/a"},{"a":"https://two/a"}]"#, "a",
      "https://two/a"),
    NameCase(
      "null in an array forgets what stood before",
      context: #"[{"a":"https://one/a"},null,{"b":"https://two/b"}]"#, "a",
      defaultVocabulary + "a"),
    NameCase(
      "arrays nest", context: #"[[{"a":"https://one/a"}],[[{"b":"https://two/b"}]]]"#, "b",
      "https://two/b"),
    NameCase(
      "the Core before and after changes nothing",
      context: #"["\#(coreURL)",{"a":"https://one/a"},"\#(coreURL)"]"#, "a", "https://one/a"),
  ]

  @Test("a name goes to its IRI", arguments: cases)
  func expand(row: NameCase) async throws {
    let context = try await makeContext(row.context)
    #expect(context.expand(row.input).text == row.expected)
    #expect(context.member(row.input).iri.text == row.expected)
  }

  @Test(
    "a definition refers to keywords, terms, prefixes and @vocab",
    arguments: [
      NameCase(
        "4.2.14.2 through a prefix that is defined later",
        context: #"{"a":"ex:a","ex":"https://example.org/"}"#, "a", "https://example.org/a"),
      NameCase(
        "4.2.14.2 through a chain of prefixes",
        context: #"{"a":"y:a","y":"x:y#","x":"https://example.org/"}"#, "a",
        "https://example.org/y#a"),
      NameCase(
        "4.2.14.2 through another term",
        context: #"{"a":{"@id":"b"},"b":"https://example.org/b"}"#, "a", "https://example.org/b"),
      NameCase(
        "4.2.14.2 through a Core prefix", context: #"{"a":"ngsi-ld:a"}"#, "a", ngsiLD + "a"),
      NameCase(
        "4.2.14.2 through a Core term", context: #"{"a":"title"}"#, "a",
        "http://purl.org/dc/terms/title"),
      NameCase(
        "4.2.14.2 a prefix of an earlier context",
        context: #"[{"ex":"https://one/"},{"a":"ex:a"},{"ex":"https://two/"}]"#, "a",
        "https://one/a"),
      NameCase(
        "4.2.14.2 through the user's @vocab",
        context: #"{"@vocab":"https://example.org/","a":"b"}"#, "a", "https://example.org/b"),
      NameCase(
        "4.2.14.2 @vocab is a compact IRI",
        context: #"[{"ex":"https://example.org/"},{"@vocab":"ex:v#","a":"b"}]"#, "a",
        "https://example.org/v#b"),
      NameCase(
        "4.2.14.2 a null @vocab",
        context: #"[{"@vocab":"https://example.org/"},{"@vocab":null,"a":"b"}]"#, "a",
        defaultVocabulary + "b"),
      NameCase(
        "4.2.14.2 through the Core's @vocab", context: #"{"a":"b"}"#, "a", defaultVocabulary + "b"),
      NameCase(
        "4.2.14.2 what looks like a keyword defines nothing", context: #"{"a":"@unknown"}"#, "a",
        defaultVocabulary + "a"),
      NameCase(
        "4.2.15 a compact IRI defines itself",
        context: #"{"ex:a":{"@container":"@set"},"ex":"https://example.org/"}"#, "ex:a",
        "https://example.org/a"),
      NameCase(
        "4.2.14 an IRI defined as itself", context: #"{"https://a/b":"https://a/b"}"#,
        "https://a/b", "https://a/b"),
      NameCase(
        "4.2.18 a term without @id", context: #"{"a":{"@type":"@vocab"}}"#, "a",
        defaultVocabulary + "a"),
      NameCase(
        "4.2.18 a term without @id under the user's @vocab",
        context: #"{"@vocab":"https://example.org/","a":{"@type":"@id"}}"#, "a",
        "https://example.org/a"),
      NameCase(
        "4.2.13 a reverse term names its IRI",
        context: #"{"a":{"@reverse":"https://example.org/a"}}"#, "a", "https://example.org/a"),
      NameCase(
        "4.2.5 a keyword-like entry is passed over", context: #"{"@unknown":5,"a":"urn:x:a"}"#,
        "a", "urn:x:a"),
      NameCase(
        "4.2 all entries of a definition",
        context: ##"""
          {"@version":1.1,"@language":"en","@direction":"ltr","@protected":true,"@propagate":true,
          "@type":{"@container":"@set","@protected":true},
          "a":{"@id":"https://example.org/a","@type":"DateTime","@container":["@set","@index"],
          "@index":"https://example.org/i","@language":null,"@direction":"rtl","@nest":"@nest",
          "@prefix":true,"@protected":false}}
          """##, "a:b", "https://example.org/ab"),
      NameCase(
        "a Core term's definition is not even looked at",
        context: #"{"ngsildproof":{"@id":5,"@context":{}},"a":"urn:x:a"}"#, "a", "urn:x:a"),
    ])
  func definition(row: NameCase) async throws {
    #expect(try await makeContext(row.context).expand(row.input).text == row.expected)
  }

  @Test(
    "a member is a Core term by its name, an alias or its IRI, else a name",
    arguments: [
      ("value", .coreTerm(.value)), ("@id", .coreTerm(.id)), ("@type", .coreTerm(.type)),
      ("id", .coreTerm(.id)), (ngsiLD + "hasValue", .coreTerm(.value)),
      ("ngsi-ld:hasObject", .coreTerm(.object)), ("betrag", .coreTerm(.value)),
      ("art", .coreTerm(.type)), ("inhalt", .keyword("@value")), ("@context", .keyword("@context")),
      ("hasValue", .name(IRI(defaultVocabulary + "hasValue"))),
      ("description", .coreTerm(.description)), ("ex:a", .name(IRI("https://example.org/a"))),
    ] as [(String, Member)])
  func member(name: String, expected: Member) async throws {
    let context = try await makeContext(
      #"{"betrag":"ngsi-ld:hasValue","art":"@type","inhalt":"@value","ex":"https://example.org/"}"#)
    #expect(context.member(name) == expected)
    var names = context.expandedNames
    let object = try JSONValue(parsing: #"{"\#(name)":1}"#)
    for member in object.members { #expect(names.member(member.name) == expected) }
  }
}
