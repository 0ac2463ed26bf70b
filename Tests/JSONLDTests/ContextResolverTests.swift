import JSON
import JSONLD
import Testing

private let user = "https://example.org/user.jsonld"
private let compound = "https://example.org/compound.jsonld"
private let old = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld"

@Suite("Contexts from elsewhere")
struct ContextResolverTests {
  static let documents = [
    user: #"{"@context":{"a":"https://user/a"},"ignored":[1]}"#,
    compound: #"{"@context":["user.jsonld","\#(old)"]}"#,
  ]

  /// How a context is shown: in a body, and in a `Link` header.
  struct Showing: CustomTestStringConvertible, Sendable {
    let value: String
    let body: String
    let link: String?
    var testDescription: String { value }
  }

  @Test(
    "the user's context is shown alone if it names the Core, else with the Core's URL",
    arguments: [
      Showing(value: #""\#(coreURL)""#, body: #""\#(coreURL)""#, link: coreURL),
      Showing(value: #"["\#(coreURL)"]"#, body: #""\#(coreURL)""#, link: coreURL),
      Showing(value: "[]", body: #""\#(coreURL)""#, link: coreURL),
      Showing(value: #""\#(old)""#, body: #""\#(old)""#, link: old),
      Showing(value: #""\#(user)""#, body: #"["\#(user)","\#(coreURL)"]"#, link: user),
      Showing(value: #"["\#(user)"]"#, body: #"["\#(user)","\#(coreURL)"]"#, link: user),
      Showing(value: #""\#(compound)""#, body: #""\#(compound)""#, link: compound),
      Showing(
        value: #"["\#(user)", "\#(old)"]"#, body: #"["\#(user)","\#(old)"]"#, link: user),
      Showing(
        value: #"["\#(old)",{"b":"urn:x:b"}]"#, body: #"["\#(old)",{"b":"urn:x:b"}]"#, link: nil),
      Showing(
        value: #"["\#(user)",{"b":"urn:x:b"}]"#,
        body: #"["\#(user)",{"b":"urn:x:b"},"\#(coreURL)"]"#, link: nil),
      Showing(
        value: #"{ "b" : "urn:x:b" }"#, body: #"[{"b":"urn:x:b"},"\#(coreURL)"]"#, link: nil),
      Showing(value: "[null]", body: #"[null,"\#(coreURL)"]"#, link: nil),
    ])
  func showing(row: Showing) async throws {
    let context = try await makeContext(row.value, documents: Self.documents)
    #expect(String(decoding: context.bodyValue, as: UTF8.self) == row.body)
    #expect(context.linkURL == row.link)
    #expect((context.source == nil) == (row.body == #""\#(coreURL)""#))
  }

  @Test("no value is the Core")
  func absent() async throws {
    let loader = MemoryLoader()
    #expect(try await ContextResolver(loader).context(for: nil) === Context.core)
    #expect(try await ContextResolver(loader).context(linkedAt: coreURL) === Context.core)
    #expect(Context.core.bodyValue == Array(#""\#(coreURL)""#.utf8))
  }

  @Test("the source of a context makes the same context again")
  func source() async throws {
    let context = try await makeContext(
      #"[ "\#(user)", {"b" : "urn:x:b"} ]"#, documents: Self.documents)
    let source = try String(decoding: #require(context.source), as: UTF8.self)
    #expect(source == #"["\#(user)",{"b":"urn:x:b"}]"#)
    let again = try await makeContext(source, documents: Self.documents)
    #expect(again.bodyValue == context.bodyValue)
    #expect(again.expand("b").text == "urn:x:b")
    #expect(again.expand("a").text == "https://user/a")
  }

  @Test("the Core is never fetched, in no version and in no place")
  func coreIsEmbedded() async throws {
    let loader = MemoryLoader(Self.documents)
    let resolver = ContextResolver(loader)
    for value in [
      #""\#(coreURL)""#, #"["\#(old)","\#(coreURL)",{}]"#, #"{"@import":"\#(coreURL)"}"#,
    ] {
      _ = try await resolver.context(for: JSONValue(parsing: value))
    }
    _ = try await resolver.context(linkedAt: old)
    #expect(loader.fetches.isEmpty)
    _ = try await resolver.context(linkedAt: compound)
    #expect(loader.fetches == [compound, user])
  }

  @Test(
    "a relative URL counts from the document that has it",
    arguments: [
      ("b.jsonld", "https://example.org/x/b.jsonld"), ("./b", "https://example.org/x/b"),
      ("../b", "https://example.org/b"), ("../../../b", "https://example.org/b"),
      ("/b", "https://example.org/b"), ("//other/b", "https://other/b"),
      ("?q=1", "https://example.org/x/a?q=1"), ("b#f", "https://example.org/x/b"),
      ("y/./z/../b", "https://example.org/x/y/b"), ("..", "https://example.org/"),
      ("https://other/b", "https://other/b"),
    ])
  func relative(reference: String, url: String) async throws {
    let first = "https://example.org/x/a"
    let context = try await makeContext(
      #""\#(first)""#,
      documents: [
        first: #"{"@context":"\#(reference)"}"#, url: #"{"@context":{"a":"urn:x:a"}}"#,
      ])
    #expect(context.expand("a").text == "urn:x:a")
  }

  @Test("a relative URL counts from where the document was found")
  func redirected() async throws {
    let loader = MemoryLoader(["https://b/x/c": #"{"@context":{"a":"urn:x:a"}}"#])
    loader.set("https://a/", #"{"@context":"c"}"#, foundAt: "https://b/x/y")
    #expect(
      try await ContextResolver(loader).context(linkedAt: "https://a/").expand("a").text
        == "urn:x:a")
  }

  @Test("@import takes over what its context does not define itself")
  func importing() async throws {
    let context = try await makeContext(
      #"{"@import":"https://a/","b":"urn:two:b","c":"p:c"}"#,
      documents: [
        "https://a/": #"{"@context":{"a":"urn:one:a","b":"urn:one:b","p":"urn:one:"}}"#
      ])
    #expect(
      ["a", "b", "c"].map { context.expand($0).text } == ["urn:one:a", "urn:two:b", "urn:one:c"])
  }

  @Test(
    "a document that is no context is refused, not unavailable",
    arguments: [
      ("<html>", .invalidRemoteContext), ("", .invalidRemoteContext), ("[]", .invalidRemoteContext),
      ("{}", .invalidRemoteContext), (#"{"a":{"@context":{}}}"#, .invalidRemoteContext),
      (#"{"@context":{},"@context":{}}"#, .invalidRemoteContext),
      (#"{"@context":5}"#, .invalidLocalContext), (#"{"@context":null}"#, .invalidLocalContext),
      (#"{"@context":"https://example.org/missing"}"#, .loadingDocumentFailed),
      (#"{"@context":"\#(user)"}"#, .recursiveContextInclusion),
      (#"{"@context":{"@import":"\#(user)"}}"#, .recursiveContextInclusion),
      (#"{"@context":{"@import":"https://example.org/array"}}"#, .invalidRemoteContext),
      (#"{"@context":{"@import":"https://example.org/import"}}"#, .invalidContextEntry),
      (#"{"@context":"https://example.org/back"}"#, .recursiveContextInclusion),
      (#"{"@context":"https://example.org/large"}"#, .invalidRemoteContext),
    ] as [(String, JSONLDError.Code)])
  func refusedDocument(body: String, code: JSONLDError.Code) async {
    let large = String(repeating: " ", count: 1 << 20)
    let error = await #expect(throws: JSONLDError.self) {
      try await makeContext(
        #""\#(user)""#,
        documents: [
          user: body, "https://example.org/array": #"{"@context":[]}"#,
          "https://example.org/import": #"{"@context":{"@import":"https://example.org/array"}}"#,
          "https://example.org/back": #"{"@context":["user.jsonld"]}"#,
          "https://example.org/large": #"{"@context":{}}"# + large,
        ])
    }
    #expect(error?.code == code)
  }

  @Test("as many documents as the bounds allow are included, and no more")
  func bounds() async throws {
    var documents = ["https://c/10": #"{"@context":{"a":"urn:x:a"}}"#]
    for depth in 0..<10 { documents["https://c/\(depth)"] = #"{"@context":"\#(depth + 1)"}"# }
    #expect(
      try await makeContext(#""https://c/1""#, documents: documents).expand("a").text == "urn:x:a")
    let many = (0..<33).map { _ in #""https://c/10""# }
    let allowed = "[\(many.dropLast().joined(separator: ","))]"
    _ = try await makeContext(allowed, documents: documents)
    for value in [#""https://c/0""#, "[\(many.joined(separator: ","))]"] {
      let error = await #expect(throws: JSONLDError.self) {
        try await makeContext(value, documents: documents)
      }
      #expect(error?.code == .contextOverflow)
    }
  }
}
