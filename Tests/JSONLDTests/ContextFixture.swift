import JSON
import JSONLD
import Synchronization

/// Documents in memory, counted as they are fetched.
final class MemoryLoader: ContextLoader {
  private struct State {
    var documents: [IRI: Document] = [:]
    var fetches: [String] = []
  }

  private struct Document {
    let body: [UInt8]
    let url: String
    let lifetime: Duration?
    let owner: String?
  }

  private let state = Mutex(State())
  /// Runs within each fetch.
  let whileFetching: @Sendable (String) async -> Void

  init(
    _ documents: [String: String] = [:],
    whileFetching: @escaping @Sendable (String) async -> Void = { _ in }
  ) {
    self.whileFetching = whileFetching
    for (url, body) in documents { set(url, body) }
  }

  /// - Parameter owner: the tenant that alone may use the document.
  func set(
    _ url: String, _ body: String?, foundAt: String? = nil, lifetime: Duration? = nil,
    owner: String? = nil
  ) {
    let document = body.map {
      Document(body: Array($0.utf8), url: foundAt ?? url, lifetime: lifetime, owner: owner)
    }
    state.withLock { $0.documents[url] = document }
  }

  var fetches: [String] { state.withLock(\.fetches) }

  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    state.withLock { $0.fetches.append(url) }
    await whileFetching(url)
    guard let document = state.withLock({ $0.documents[url] }) else {
      throw JSONLDError(.loadingDocumentFailed, "\(url) does not answer")
    }
    var loaded = try LoadedDocument(
      body: document.body, url: document.url, lifetime: document.lifetime)
    loaded.id = url
    loaded.owner = document.owner
    return loaded
  }
}

/// A time that tests set.
final class TestClock: Sendable {
  private let instant = Mutex(Duration.seconds(1_700_000_000))
  var now: Duration { instant.withLock { $0 } }
  func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}

extension ContextResolver {
  init(
    _ loader: MemoryLoader, clock: TestClock = TestClock(),
    cacheLimits: ContextCacheLimits = ContextCacheLimits(), limits: ContextLimits = ContextLimits()
  ) {
    self.init(
      loader: loader, cache: ContextCache(limits: cacheLimits, now: { clock.now }), limits: limits)
  }
}

/// The context of an `@context` value; the documents that it names are at hand.
func makeContext(_ value: String, documents: [String: String] = [:]) async throws -> Context {
  try await ContextResolver(MemoryLoader(documents)).context(for: JSONValue(parsing: value))
}

let ngsiLD = "https://uri.etsi.org/ngsi-ld/"
let defaultVocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"
let coreURL = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
