import JSON
import JSONLD
import Schemas
import TestSupport
import Testing

@Suite("Mutated contexts")
struct ContextMutationTests {
  /// What documents are made of; the parts that a mutation puts in come from here as well.
  static let values = [
    #"{"ex":"https://example.org/","a":"ex:a","b":{"@id":"a","@type":"@vocab"}}"#,
    #"{"@vocab":"https://v/","a":{"@id":"b"},"b":"c:d","c":{"@id":"https://c/","@prefix":true}}"#,
    #"["https://m/0",{"x":null,"y":{"@id":null},"z":"@type"},null,{"x":"urn:x:x"}]"#,
    #"{"@import":"1","@version":1.1,"t":{"@reverse":"ngsi-ld:t","@container":["@set","@index"]}}"#,
    #"["https://m/0","https://m/1","https://m/2","\#(coreURL)"]"#,
    #"{"ex:a":{"@type":"@id"},"ex":"b:x/","b":"https://b:","speed":"ngsi-ld:default-context/a:b"}"#,
    #"{"https":"urn:","urn":"https://u/","_":"https://l/","é":"https://e/é#","é:x":"é:y"}"#,
  ]

  static let fragments = [
    "{", "}", "[", "]", ":", ",", "\"", "null", "5", "true", "{}", "[]", "\"@id\"", "\"@type\"",
    "\"@context\"", "\"@container\"", "\"@vocab\"", "\"@prefix\":true", "\"a\"", "\"b\"", "\"ex\"",
    "\"ex:a\"", "\"https://m/1\"", "\"//\"", "\"\"", "\\u00e9", "@", "/", "#", "a:", "\"_:b\"",
    "\"ngsi-ld:\"", "\"value\"", "\u{e9}", "e\u{301}",
  ]

  @Test("no context crashes or hangs, and names of those that hold go there and back")
  func mutation() async throws {
    var generator = SeededGenerator(printingSeedOf: "mutated contexts")
    var accepted = 0
    for _ in 0..<GeneratedCases.contexts.count {
      let loader = MemoryLoader()
      for number in 0..<3 {
        loader.set("https://m/\(number)", #"{"@context":\#(mutated(using: &generator))}"#)
      }
      let text = mutated(using: &generator)
      guard let value = try? JSONValue(parsing: text),
        let context = try? await ContextResolver(loader).context(for: value)
      else { continue }
      accepted += 1
      expectRoundTrips(in: context, "seed \(generator.seed): \(text)")
    }
    #expect(accepted > GeneratedCases.contexts.count / 20)
  }

  @Test("a mutated Core document as a user's context changes no term of the Core")
  func mutatedCore() async throws {
    var generator = SeededGenerator(printingSeedOf: "mutated Core document")
    let core = try #require(JSONValue(parsing: Schemas.coreContext)["@context"]).rawText
    for _ in 0..<200 {
      let text = mutated(core, using: &generator)
      guard let value = try? JSONValue(parsing: text),
        let context = try? await ContextResolver(MemoryLoader()).context(for: value)
      else { continue }
      for term in CoreTerm.allCases {
        #expect(context.expand(term.rawValue) == term.iri)
        #expect(context.compact(term.iri) == term.rawValue)
      }
    }
  }

  private func mutated(using generator: inout SeededGenerator) -> String {
    let value = Self.values.randomElement(using: &generator) ?? "[]"
    return Bool.random(using: &generator) ? value : mutated(value, using: &generator)
  }

  /// `text` with one to three pieces cut, doubled, put in or exchanged.
  private func mutated(_ text: String, using generator: inout SeededGenerator) -> String {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let start = Int.random(in: 0...bytes.count, using: &generator)
      let end = min(bytes.count, start + Int.random(in: 0...12, using: &generator))
      let fragment = Array((Self.fragments.randomElement(using: &generator) ?? "").utf8)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes.removeSubrange(start..<end)
      case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
      case 2: bytes.insert(contentsOf: fragment, at: start)
      default: bytes.replaceSubrange(start..<end, with: fragment)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func expectRoundTrips(in context: Context, _ comment: Comment) {
    let names = [
      "a", "b", "c", "t", "x", "y", "z", "speed", "ex:a", "ex:b", "b:x", "é", "é:x", "value",
      "https://example.org/a", "https://b://c", "https://c/d", ngsiLD + "a",
      defaultVocabulary + "a:b", defaultVocabulary + "a",
    ]
    for name in names {
      let iri = context.expand(name)
      guard iri.text.utf8.first != UInt8(ascii: "@") else { continue }
      let compacted = context.compact(iri)
      // An IRI whose scheme is a prefix of the user cannot be written so that it reads as itself.
      guard compacted != iri.text else { continue }
      #expect(context.expand(compacted) == iri, comment)
    }
  }
}
