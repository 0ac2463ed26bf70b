import JSON
import JSONLD
import Testing

/// A context that is refused, and why.
struct Refusal: CustomTestStringConvertible, Sendable {
  let title: String
  let context: String
  let code: JSONLDError.Code

  init(_ title: String, _ context: String, _ code: JSONLDError.Code) {
    self.title = title
    self.context = context
    self.code = code
  }

  var testDescription: String { title }
}

@Suite("Refused contexts")
struct RefusedContextTests {
  static let values = [
    Refusal("4.1.5.3 a number", "5", .invalidLocalContext),
    Refusal("4.1.5.3 a boolean", "true", .invalidLocalContext),
    Refusal("4.1.5.3 null alone", "null", .invalidLocalContext),
    Refusal("4.1.5.3 a number in an array", "[{},5]", .invalidLocalContext),
    Refusal("4.1.5.3 a boolean in nested arrays", "[[[false]]]", .invalidLocalContext),
    Refusal("4.1.5.2 a relative URL without a base", #""context.jsonld""#, .invalidLocalContext),
    Refusal("4.1.5.2 an empty URL", #""""#, .invalidLocalContext),
    Refusal("4.1.5.2 a URN", #""urn:a:b""#, .loadingDocumentFailed),
    Refusal("4.1.5.2 a file", #""file:///etc/passwd""#, .loadingDocumentFailed),
    Refusal("4.1.5.2 no host", #""http:///a""#, .loadingDocumentFailed),
    Refusal("4.1.5.2 no answer", #""https://example.org/a""#, .loadingDocumentFailed),
    Refusal(
      "4.1.5.2 no version of the Core",
      #""https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld""#,
      .loadingDocumentFailed),
    Refusal("4.1.5.5 @version of another kind", #"{"@version":"1.1"}"#, .invalidVersionValue),
    Refusal("4.1.5.5 another @version", #"{"@version":1.0}"#, .invalidVersionValue),
    Refusal("4.1.5.6 @import of another kind", #"{"@import":{}}"#, .invalidImportValue),
    Refusal("4.1.5.7 @base of another kind", #"{"@base":5}"#, .invalidBaseIRI),
    Refusal("4.1.5.8 @vocab of another kind", #"{"@vocab":[]}"#, .invalidVocabMapping),
    Refusal("4.1.5.8 @vocab is a keyword", #"{"@vocab":"@id"}"#, .invalidVocabMapping),
    Refusal("4.1.5.8 @vocab is no IRI", #"{"@vocab":"https://a b/"}"#, .invalidVocabMapping),
    Refusal("4.1.5.9 @language of another kind", #"{"@language":5}"#, .invalidDefaultLanguage),
    Refusal("4.1.5.10 another @direction", #"{"@direction":"up"}"#, .invalidBaseDirection),
    Refusal("4.1.5.11 @propagate of another kind", #"{"@propagate":1}"#, .invalidPropagateValue),
    Refusal("4.1.5.13 @protected of another kind", #"{"@protected":1}"#, .invalidProtectedValue),
  ]

  static let definitions = [
    Refusal("4.2.1 defined as itself through a prefix", #"{"a":"a:b"}"#, .cyclicIRIMapping),
    Refusal("4.2.1 a cycle of two", #"{"a":"b:x","b":"a:y"}"#, .cyclicIRIMapping),
    Refusal(
      "4.2.1 a cycle of three", #"{"a":{"@id":"b"},"b":{"@id":"c"},"c":{"@id":"a"}}"#,
      .cyclicIRIMapping),
    Refusal(
      "4.2.1 a cycle through @type", #"{"a":{"@id":"urn:x:a","@type":"a"}}"#, .cyclicIRIMapping),
    Refusal("4.2.2 an empty term", #"{"":"urn:x:a"}"#, .invalidTermDefinition),
    Refusal("4.2.4 @type defined", #"{"@type":"urn:x:a"}"#, .keywordRedefinition),
    Refusal("4.2.4 @type with a list", #"{"@type":{"@container":"@list"}}"#, .keywordRedefinition),
    Refusal("4.2.4 @type with nothing", #"{"@type":{}}"#, .keywordRedefinition),
    Refusal("4.2.5 @id defined", #"{"@id":"urn:x:a"}"#, .keywordRedefinition),
    Refusal("4.2.5 @context in a context", #"{"@context":{}}"#, .keywordRedefinition),
    Refusal("4.2.9 a number", #"{"a":5}"#, .invalidTermDefinition),
    Refusal("4.2.9 a boolean", #"{"a":true}"#, .invalidTermDefinition),
    Refusal("4.2.9 an array", #"{"a":["urn:x:a"]}"#, .invalidTermDefinition),
    Refusal(
      "4.2.11 @protected of another kind", #"{"a":{"@protected":"yes"}}"#, .invalidProtectedValue),
    Refusal("4.2.12 @type of another kind", #"{"a":{"@type":5}}"#, .invalidTypeMapping),
    Refusal("4.2.12 @type is another keyword", #"{"a":{"@type":"@list"}}"#, .invalidTypeMapping),
    Refusal("4.2.12 @type is unknown", #"{"a":{"@type":"@unknown"}}"#, .invalidTypeMapping),
    Refusal("4.2.12 @type is a blank node", #"{"a":{"@type":"_:b"}}"#, .invalidTypeMapping),
    Refusal(
      "4.2.13 @reverse with @id", #"{"a":{"@reverse":"urn:x:a","@id":"urn:x:b"}}"#,
      .invalidReverseProperty),
    Refusal(
      "4.2.13 @reverse with @nest", #"{"a":{"@reverse":"urn:x:a","@nest":"@nest"}}"#,
      .invalidReverseProperty),
    Refusal(
      "4.2.13 @reverse with a list", #"{"a":{"@reverse":"urn:x:a","@container":"@list"}}"#,
      .invalidReverseProperty),
    Refusal("4.2.13 @reverse of another kind", #"{"a":{"@reverse":5}}"#, .invalidIRIMapping),
    Refusal("4.2.14 @id of another kind", #"{"a":{"@id":["urn:x:a"]}}"#, .invalidIRIMapping),
    Refusal("4.2.14 an IRI with spaces", #"{"a":"https://example.org/a b"}"#, .invalidIRIMapping),
    Refusal("4.2.14 an IRI with braces", #"{"a":"https://example.org/{a}"}"#, .invalidIRIMapping),
    Refusal("4.2.14 an alias of @context", #"{"a":"@context"}"#, .invalidKeywordAlias),
    Refusal(
      "4.2.14 an IRI that stands for another", #"{"https://a/b":"https://c/d"}"#,
      .invalidIRIMapping),
    Refusal(
      "4.2.14 a compact IRI that stands for another", #"{"ex":"https://a/","ex:b":"https://c/b"}"#,
      .invalidIRIMapping),
    Refusal("4.2.18 a term that makes no IRI", #"{"a b":{"@type":"@id"}}"#, .invalidIRIMapping),
    Refusal(
      "4.2.19 an unknown container", #"{"a":{"@container":"@bag"}}"#, .invalidContainerMapping),
    Refusal("4.2.19 no container", #"{"a":{"@container":[]}}"#, .invalidContainerMapping),
    Refusal("4.2.19 a null container", #"{"a":{"@container":null}}"#, .invalidContainerMapping),
    Refusal(
      "4.2.19 containers that exclude each other", #"{"a":{"@container":["@list","@set"]}}"#,
      .invalidContainerMapping),
    Refusal("4.2.20 @index without a container", #"{"a":{"@index":"b"}}"#, .invalidTermDefinition),
    Refusal(
      "4.2.20 @index of another kind", #"{"a":{"@index":1,"@container":"@index"}}"#,
      .invalidTermDefinition),
    Refusal("4.2.21 a scoped context", #"{"a":{"@context":{}}}"#, .invalidScopedContext),
    Refusal("4.2.21 a null scoped context", #"{"a":{"@context":null}}"#, .invalidScopedContext),
    Refusal("4.2.22 @language of another kind", #"{"a":{"@language":5}}"#, .invalidLanguageMapping),
    Refusal(
      "4.2.23 @direction of another kind", #"{"a":{"@direction":""}}"#, .invalidBaseDirection),
    Refusal("4.2.24 @nest of another kind", #"{"a":{"@nest":5}}"#, .invalidNestValue),
    Refusal("4.2.24 @nest is another keyword", #"{"a":{"@nest":"@id"}}"#, .invalidNestValue),
    Refusal("4.2.25 @prefix of another kind", #"{"a":{"@prefix":"yes"}}"#, .invalidPrefixValue),
    Refusal(
      "4.2.25 a prefix with a colon", #"{"a:b":{"@id":"a:b","@prefix":true}}"#,
      .invalidTermDefinition),
    Refusal(
      "4.2.25 a prefix that is a keyword", #"{"a":{"@id":"@type","@prefix":true}}"#,
      .invalidTermDefinition),
    Refusal("4.2.26 an unknown entry", #"{"a":{"@value":5}}"#, .invalidTermDefinition),
    Refusal("4.2.26 an entry that is no keyword", #"{"a":{"id":"b"}}"#, .invalidTermDefinition),
  ]

  @Test("an invalid value is refused with its code", arguments: values + definitions)
  func refusal(row: Refusal) async {
    let error = await #expect(throws: JSONLDError.self) { try await makeContext(row.context) }
    #expect(error?.code == row.code)
    #expect(error?.isUnavailability == (row.code == .loadingDocumentFailed))
  }

  @Test("a definition in a fetched document is refused alike", arguments: definitions)
  func remoteRefusal(row: Refusal) async {
    let url = "https://example.org/context.jsonld"
    let error = await #expect(throws: JSONLDError.self) {
      try await makeContext(#""\#(url)""#, documents: [url: #"{"@context":\#(row.context)}"#])
    }
    #expect(error?.code == row.code)
    #expect(error?.detail.contains(url) == true)
  }

  @Test("what defines too much is refused")
  func overflow() async {
    var limits = ContextLimits()
    limits.termsMax = 10
    limits.iriBytesMax = 100
    limits.termBytesMax = 300
    let chain = (0..<9).map { #""a\#($0)":"a\#($0 + 1):x""# }.joined(separator: ",")
    let values = [
      "{\((0..<11).map { #""t\#($0)":"urn:x:a""# }.joined(separator: ","))}",
      "[\((0..<11).map { #"{"t\#($0)":"urn:x:a"}"# }.joined(separator: ","))]",
      #"{"a":"urn:\#(String(repeating: "x", count: 100))"}"#,
      #"{"@vocab":"urn:\#(String(repeating: "x", count: 100))"}"#,
      #"{"p":"urn:\#(String(repeating: "x", count: 80)):","a":"p:a","b":"p:b","c":"p:c"}"#,
    ]
    for value in values {
      let resolver = ContextResolver(MemoryLoader(), limits: limits)
      let error = await #expect(throws: JSONLDError.self) {
        try await resolver.context(for: JSONValue(parsing: value))
      }
      #expect(error?.code == .contextOverflow, "\(value)")
    }
    limits.termDepthMax = 5
    let resolver = ContextResolver(MemoryLoader(), limits: limits)
    let error = await #expect(throws: JSONLDError.self) {
      try await resolver.context(for: JSONValue(parsing: "{\(chain)}"))
    }
    #expect(error?.code == .contextOverflow)
  }

  @Test("the detail of an error is bounded")
  func detail() async {
    let term = String(repeating: "a", count: 100_000)
    let error = await #expect(throws: JSONLDError.self) {
      try await makeContext(#"{"\#(term)":5}"#)
    }
    #expect((error?.detail.utf8.count ?? .max) < 1000)
  }
}
