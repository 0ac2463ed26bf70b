import JSON
import JSONLD
import Testing

private let url = "https://example.org/context.jsonld"

@Suite("Contexts at hand")
struct ContextAtHandTests {
  let clock = TestClock()
  let loader = MemoryLoader([url: #"{"@context":{"a":"urn:one:a"}}"#])
  var resolver: ContextResolver

  init() {
    resolver = ContextResolver(loader, clock: clock)
  }

  @Test("what was not fetched is not at hand, which is no failure of those who fetch it")
  func unknown() async throws {
    let error = await #expect(throws: JSONLDError.self) {
      try await resolver.atHand.context(linkedAt: url)
    }
    #expect(error?.code == .loadingDocumentFailed)
    #expect(loader.fetches.isEmpty)
    #expect(try await resolver.context(linkedAt: url).expand("a").text == "urn:one:a")
  }

  @Test("what was fetched is at hand, also when it is old, and so are inline contexts")
  func known() async throws {
    let context = try await resolver.context(linkedAt: url)
    for _ in 0..<2 {
      #expect(try await resolver.atHand.context(linkedAt: url) === context)
      let value = try JSONValue(parsing: #"["\#(url)", {"b": "urn:x:b"}]"#)
      #expect(try await resolver.atHand.context(for: value).expand("b").text == "urn:x:b")
      clock.advance(by: .seconds(24 * 3600))
    }
    clock.advance(by: .seconds(7 * 24 * 3600))
    await #expect(throws: JSONLDError.self) {
      try await resolver.atHand.context(linkedAt: url)
    }
    #expect(loader.fetches.count == 1)
  }

  @Test("while a document is fetched, nobody waits for it who asks for what is at hand")
  func whileFetching() async throws {
    let cache = resolver.cache
    let slow = MemoryLoader([url: #"{"@context":{}}"#]) { _ in
      let other = ContextResolver(loader: MemoryLoader(), cache: cache).atHand
      await #expect(throws: JSONLDError.self) { try await other.context(linkedAt: url) }
    }
    _ = try await ContextResolver(loader: slow, cache: cache).context(linkedAt: url)
  }
}
