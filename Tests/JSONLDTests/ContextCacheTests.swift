import JSON
import JSONLD
import Synchronization
import Testing

private let url = "https://example.org/context.jsonld"
private let one = #"{"@context":{"a":"urn:one:a"}}"#
private let two = #"{"@context":{"a":"urn:two:a"}}"#

@Suite("Context cache")
struct ContextCacheTests {
  let clock = TestClock()
  let loader = MemoryLoader([url: one])
  var resolver: ContextResolver

  init() {
    resolver = ContextResolver(loader, clock: clock)
  }

  @Test("a context seen before is the same object, and fetched once")
  func hit() async throws {
    let context = try await resolver.context(linkedAt: url)
    #expect(try await resolver.context(linkedAt: url) === context)
    #expect(try await resolver.context(for: JSONValue(parsing: #"["\#(url)"]"#)) === context)
    #expect(loader.fetches == [url])
    for value in [#"{"b":"urn:x:b"}"#, #"["\#(url)",{"b":"urn:x:b"}]"#] {
      let first = try await resolver.context(for: JSONValue(parsing: value))
      let body = try JSONValue(parsing: #"{"id":"urn:a","@context":\#(value)}"#)
      #expect(try await resolver.context(for: body["@context"]) === first)
    }
    #expect(loader.fetches == [url])
  }

  @Test("inline contexts of different text are different")
  func inline() async throws {
    let contexts = try await [#"{"b":"urn:x:b"}"#, #"{"b":"urn:x:c"}"#, #"[{"b":"urn:x:b"},{}]"#]
      .asyncMap { try await resolver.context(for: JSONValue(parsing: $0)) }
    #expect(contexts.map { $0.expand("b").text } == ["urn:x:b", "urn:x:c", "urn:x:b"])
    #expect(contexts[0] !== contexts[2])
  }

  @Test("a document is fetched anew after its lifetime; unchanged, it keeps the context")
  func freshness() async throws {
    let context = try await resolver.context(linkedAt: url)
    clock.advance(by: .seconds(3599))
    #expect(try await resolver.context(linkedAt: url) === context)
    #expect(loader.fetches.count == 1)
    clock.advance(by: .seconds(2))
    #expect(try await resolver.context(linkedAt: url) === context)
    #expect(loader.fetches.count == 2)
    loader.set(url, two)
    clock.advance(by: .seconds(3601))
    #expect(try await resolver.context(linkedAt: url).expand("a").text == "urn:two:a")
    #expect(loader.fetches.count == 3)
  }

  @Test(
    "the lifetime is the document's own, within bounds",
    arguments: [
      (nil, 3600), (.seconds(600), 600), (.zero, 60), (.seconds(1 << 40), 24 * 3600),
    ] as [(Duration?, Int)])
  func lifetime(named: Duration?, seconds: Int) async throws {
    loader.set(url, one, lifetime: named)
    _ = try await resolver.context(linkedAt: url)
    clock.advance(by: .seconds(seconds - 1))
    _ = try await resolver.context(linkedAt: url)
    #expect(loader.fetches.count == 1)
    clock.advance(by: .seconds(2))
    _ = try await resolver.context(linkedAt: url)
    #expect(loader.fetches.count == 2)
  }

  @Test("an old document stands in for one that cannot be fetched or is broken")
  func stale() async throws {
    let context = try await resolver.context(linkedAt: url)
    for broken in [nil, "<html>"] {
      loader.set(url, broken)
      clock.advance(by: .seconds(3601))
      #expect(try await resolver.context(linkedAt: url) === context)
    }
    #expect(loader.fetches.count == 3)
    clock.advance(by: .seconds(59))
    #expect(try await resolver.context(linkedAt: url) === context)
    #expect(loader.fetches.count == 3)
    clock.advance(by: .seconds(8 * 24 * 3600))
    let error = await #expect(throws: JSONLDError.self) {
      try await resolver.context(linkedAt: url)
    }
    #expect(error?.code == .invalidRemoteContext)
  }

  @Test("a failure is the answer for two seconds", arguments: [nil, "<html>"] as [String?])
  func failure(body: String?) async throws {
    loader.set(url, body)
    for _ in 0..<3 {
      await #expect(throws: JSONLDError.self) { try await resolver.context(linkedAt: url) }
    }
    #expect(loader.fetches.count == 1)
    loader.set(url, one)
    clock.advance(by: .seconds(2))
    #expect(try await resolver.context(linkedAt: url).expand("a").text == "urn:one:a")
  }

  @Test("a document wanted by many at once is fetched once")
  func together() async throws {
    let loader = MemoryLoader([url: one]) { _ in
      for _ in 0..<100 { await Task.yield() }
    }
    let resolver = ContextResolver(loader, clock: clock)
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<50 {
        group.addTask {
          let value = try JSONValue(parsing: #"["\#(url)",{"b\#(number)":"urn:x:b"}]"#)
          return try await resolver.context(for: value).expand("a").text
        }
      }
      for try await text in group { #expect(text == "urn:one:a") }
    }
    #expect(loader.fetches == [url])
  }

  @Test("a failure reaches all who wait for the document")
  func failTogether() async {
    let loader = MemoryLoader { _ in for _ in 0..<100 { await Task.yield() } }
    let resolver = ContextResolver(loader, clock: clock)
    let codes = await withTaskGroup(of: JSONLDError.Code?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do throws(JSONLDError) {
            _ = try await resolver.context(linkedAt: url)
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes == Array(repeating: .loadingDocumentFailed, count: 20))
  }

  @Test("when the one who fetches is cancelled, another one fetches")
  func cancelled() async throws {
    let loader = CancellableLoader()
    let resolver = ContextResolver(
      loader: loader, cache: ContextCache(now: { .zero }), limits: ContextLimits())
    let first = Task { try await resolver.context(linkedAt: url) }
    while loader.fetches.withLock({ $0 }) == 0 { await Task.yield() }
    let second = Task { try await resolver.context(linkedAt: url) }
    for _ in 0..<100 { await Task.yield() }
    first.cancel()
    #expect(try await second.value.expand("a").text == "urn:one:a")
    await #expect(throws: JSONLDError.self) { try await first.value }
    #expect(loader.fetches.withLock { $0 } == 2)
  }

  @Test("while one loads a document anew, the others go on with the old one")
  func staleWhileLoading() async throws {
    let context = try await resolver.context(linkedAt: url)
    let cache = resolver.cache
    clock.advance(by: .seconds(3601))
    let slow = MemoryLoader([url: two]) { _ in
      // Asked for within the fetch, it comes at once.
      let other = ContextResolver(loader: MemoryLoader(), cache: cache)
      let meanwhile = try? await other.context(linkedAt: url)
      #expect(meanwhile === context)
    }
    let fresh = try await ContextResolver(loader: slow, cache: cache).context(linkedAt: url)
    #expect(fresh.expand("a").text == "urn:two:a")
  }

  @Test("a removed document is fetched anew, with every context made of it")
  func removal() async throws {
    let value = try JSONValue(parsing: #"["\#(url)",{"b":"urn:x:b"}]"#)
    _ = try await resolver.context(for: value)
    loader.set(url, two)
    #expect(try await resolver.context(for: value).expand("a").text == "urn:one:a")
    resolver.cache.remove(url)
    #expect(try await resolver.context(for: value).expand("a").text == "urn:two:a")
    loader.set(url, one)
    resolver.cache.removeStored()
    #expect(try await resolver.context(for: value).expand("a").text == "urn:one:a")
  }

  @Test("what is removed while it is loaded is not kept")
  func removalWhileLoading() async throws {
    let cache = resolver.cache
    let slow = MemoryLoader([url: one]) { _ in cache.remove(url) }
    let resolver = ContextResolver(loader: slow, cache: cache)
    #expect(try await resolver.context(linkedAt: url).expand("a").text == "urn:one:a")
    slow.set(url, two)
    #expect(try await resolver.context(linkedAt: url).expand("a").text == "urn:two:a")
  }

  @Test("a document that a tenant hosts is used in its name only")
  func owner() async throws {
    loader.set(url, one, owner: "a")
    let others = "https://example.org/others.jsonld"
    loader.set(others, #"{"@context":["\#(url)",{"b":"urn:b"}]}"#)
    for link in [url, others] {
      for round in 0..<2 {
        let context = try await resolver.context(linkedAt: link, in: "a")
        #expect(context.expand("a").text == "urn:one:a", "round \(round)")
        for tenant in ["", "b"] {
          let error = await #expect(throws: JSONLDError.self) {
            try await resolver.context(linkedAt: link, in: tenant)
          }
          #expect(error?.code == .loadingDocumentFailed)
        }
      }
    }
  }

  /// `é` in one code point and in two, at the end of URLs.
  private static let composed = "https://example.org/\u{e9}"
  private static let decomposed = "https://example.org/e\u{301}"

  @Test("URLs in different Unicode normal forms are those of two documents")
  func normalForms() async throws {
    loader.set(Self.composed, one)
    loader.set(Self.decomposed, two)
    for (link, name) in [(Self.composed, "urn:one:a"), (Self.decomposed, "urn:two:a")] {
      #expect(try await resolver.context(linkedAt: link).expand("a").text == name)
      let value = try JSONValue(parsing: #"["\#(link)",{}]"#)
      #expect(try await resolver.context(for: value).expand("a").text == name)
    }
  }

  @Test("that one of them cannot be had is no failure of the other, which it may include")
  func normalFormsOfFailures() async throws {
    loader.set(Self.composed, #"{"@context":"\#(Self.decomposed)"}"#)
    await #expect(throws: JSONLDError.self) {
      try await resolver.context(linkedAt: Self.decomposed)
    }
    clock.advance(by: .seconds(600))
    loader.set(Self.decomposed, two)
    #expect(try await resolver.context(linkedAt: Self.composed).expand("a").text == "urn:two:a")
    loader.set(Self.decomposed, nil)
    let other = ContextResolver(loader)
    await #expect(throws: JSONLDError.self) { try await other.context(linkedAt: Self.decomposed) }
    loader.set(Self.composed, one)
    #expect(try await other.context(linkedAt: Self.composed).expand("a").text == "urn:one:a")
  }

  @Test("a tenant whose name differs in that alone may not use what is hosted")
  func normalFormsOfTenants() async throws {
    loader.set(url, one, owner: "\u{e9}")
    for _ in 0..<2 {
      _ = try await resolver.context(linkedAt: url, in: "\u{e9}")
      await #expect(throws: JSONLDError.self) {
        try await resolver.context(linkedAt: url, in: "e\u{301}")
      }
    }
  }

  @Test("a document that is hosted does not stand in for itself")
  func hostedIsNotStale() async throws {
    loader.set(url, one, owner: "a")
    _ = try await resolver.context(linkedAt: url, in: "a")
    loader.set(url, nil)
    clock.advance(by: .seconds(3601))
    await #expect(throws: JSONLDError.self) {
      try await resolver.context(linkedAt: url, in: "a")
    }
  }

  @Test("uses of a document are counted, by request, until they are taken")
  func usage() async throws {
    for _ in 0..<3 {
      clock.advance(by: .seconds(1))
      _ = try await resolver.context(linkedAt: url)
    }
    _ = try await resolver.context(for: JSONValue(parsing: #"["\#(url)",{"b":"urn:x:b"}]"#))
    #expect(
      resolver.cache.takeUsage() == [ContextUsage(id: url, hits: 4, usedAt: clock.now)])
    #expect(resolver.cache.takeUsage().isEmpty)
  }

  @Test("the longest unused go when there are too many")
  func eviction() async throws {
    var limits = ContextCacheLimits()
    limits.contextsMax = 16
    limits.documentsMax = 8
    let resolver = ContextResolver(loader, clock: clock, cacheLimits: limits)
    let hot = try JSONValue(parsing: #"{"hot":"urn:x:hot"}"#)
    let context = try await resolver.context(for: hot)
    for number in 0..<100 {
      loader.set("https://a/\(number)", one)
      _ = try await resolver.context(linkedAt: "https://a/\(number)")
      #expect(try await resolver.context(for: hot) === context)
    }
  }
}

/// Fetches for ever, until cancelled; the second time at once.
private final class CancellableLoader: ContextLoader {
  let fetches = Mutex(0)

  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    let count = fetches.withLock {
      $0 += 1
      return $0
    }
    if count == 1 {
      while !Task.isCancelled { await Task.yield() }
      throw JSONLDError(.loadingDocumentFailed, "cancelled")
    }
    return try LoadedDocument(body: Array(one.utf8), url: url)
  }
}

extension Array {
  fileprivate func asyncMap<Result>(
    _ transform: (Element) async throws -> Result
  ) async throws -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
