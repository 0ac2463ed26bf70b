import JSON
import Synchronization

/// What the cache keeps, and for how long.
package struct ContextCacheLimits: Sendable {
  package var contextsMax = 256
  /// Of the terms of all contexts.
  package var contextBytesMax = 64 << 20
  package var documentsMax = 256
  /// Of all documents.
  package var documentBytesMax = 64 << 20
  /// Of the text of an inline context; longer ones are compiled each time.
  package var inlineBytesMax = 16 << 10

  /// For a document whose HTTP headers name no lifetime.
  package var lifetimeDefault = Duration.seconds(3600)
  /// Bounds of the lifetime that the headers name.
  package var lifetimeMin = Duration.seconds(60)
  package var lifetimeMax = Duration.seconds(24 * 3600)
  /// Until the next attempt after a document could not be loaded anew.
  package var retryInterval = Duration.seconds(60)
  /// Age up to which a document stands in for one that cannot be loaded anew.
  package var staleMax = Duration.seconds(7 * 24 * 3600)

  package init() {}
}

/// Contexts and the documents they were made of, shared by all requests of a process.
package final class ContextCache: Sendable {
  private struct State {
    var contexts: LeastRecentlyUsed<ContextKey, CompiledContext>
    var documents: LeastRecentlyUsed<String, ContextDocument>
    /// Who waits for each document that is being loaded.
    var loads: [String: [CheckedContinuation<LoadOutcome, Never>]] = [:]
  }

  private let state: Mutex<State>
  private let limits: ContextCacheLimits
  private let clock: @Sendable () -> Duration

  /// - Parameter now: The time since 1970; it may jump.
  package init(
    limits: ContextCacheLimits = ContextCacheLimits(), now: @escaping @Sendable () -> Duration
  ) {
    self.limits = limits
    clock = now
    state = Mutex(
      State(
        contexts: LeastRecentlyUsed(
          countMax: limits.contextsMax, weightMax: limits.contextBytesMax),
        documents: LeastRecentlyUsed(
          countMax: limits.documentsMax, weightMax: limits.documentBytesMax)))
  }

  // MARK: Documents, for the @context API

  /// The documents that are kept, in no order.
  package var cachedDocuments: [CachedDocument] {
    state.withLock { $0.documents.values.map(\.summary) }
  }

  /// Forgets the document at `url` and every context that was made of it.
  package func remove(documentAt url: String) {
    state.withLock { state in
      state.documents.remove(url)
      state.contexts.removeAll { context in context.documents.contains { $0.url == url } }
    }
  }

  // MARK: Contexts

  /// The context kept for `key`, if all its documents are fresh; counts a hit for each of them.
  func freshContext(for key: ContextKey) -> Context? {
    guard let kept = state.withLock({ $0.contexts.use(key) }) else { return nil }
    guard !kept.documents.isEmpty else { return kept.context }
    let now = clock()
    guard now < kept.freshUntil else { return nil }
    for document in kept.documents { document.countHit(at: now) }
    return kept.context
  }

  /// The context kept for `key`, if made of just these documents, however old they are.
  func context(for key: ContextKey, madeOf documents: [ContextDocument]) -> Context? {
    guard let kept = state.withLock({ $0.contexts.use(key) }),
      kept.documents.elementsEqual(documents, by: ===)
    else { return nil }
    return kept.context
  }

  func keep(_ context: Context, for key: ContextKey, madeOf documents: [ContextDocument]) {
    let now = clock()
    for document in documents { document.countHit(at: now) }
    guard key.byteCount <= limits.inlineBytesMax else { return }
    let compiled = CompiledContext(
      context: context, documents: documents,
      freshUntil: documents.map(\.freshUntil).min() ?? now)
    let weight = context.terms.byteCount + 2 * key.byteCount
    state.withLock { $0.contexts.insert(compiled, for: key.detached, weight: weight) }
  }

  // MARK: Loading

  /// What becomes of a load, as those who wait for it learn.
  enum LoadOutcome: Sendable {
    case finished(Result<ContextDocument, JSONLDError>)
    /// Its task was cancelled; another one may try.
    case abandoned
  }

  private enum Step {
    case use(ContextDocument)
    case load(instead: ContextDocument?)
    case wait
  }

  /// The document at `url`, from memory if fresh; asked for once however many want it.
  ///
  /// While one caller loads it anew, or when that fails, an old copy does.
  func document(
    at url: String, loader: any ContextLoader, limits: ContextLimits
  ) async throws(JSONLDError) -> ContextDocument {
    while true {
      switch step(towards: url) {
      case .use(let document): return document
      case .load(let old):
        return try await load(url, loader: loader, limits: limits, insteadOf: old)
      case .wait:
        if case .finished(let result) = await outcomeOfLoad(of: url) { return try result.get() }
      }
    }
  }

  /// Loads the document at `url` anew; on failure the copy that is kept stays.
  func reload(
    documentAt url: String, loader: any ContextLoader, limits: ContextLimits
  ) async throws(JSONLDError) {
    let document = try await fetch(url, loader: loader, limits: limits)
    remove(documentAt: url)
    keep(document)
  }

  private func step(towards url: String) -> Step {
    let now = clock()
    return state.withLock { state in
      let kept = state.documents.use(url)
      if let kept, now < kept.freshUntil { return .use(kept) }
      let usable = kept.flatMap { now < $0.loadedAt + limits.staleMax ? $0 : nil }
      guard state.loads[url] == nil else { return usable.map { .use($0) } ?? .wait }
      state.loads[url] = []
      return .load(instead: usable)
    }
  }

  private func load(
    _ url: String, loader: any ContextLoader, limits: ContextLimits,
    insteadOf old: ContextDocument?
  ) async throws(JSONLDError) -> ContextDocument {
    let result: Result<ContextDocument, JSONLDError>
    do throws(JSONLDError) {
      let document = try await fetch(url, loader: loader, limits: limits)
      result = .success(reuse(old, for: document))
    } catch {
      if let old { old.extend(until: clock() + self.limits.retryInterval) }
      result = old.map { .success($0) } ?? .failure(error)
    }
    if case .success(let document) = result { keep(document) }
    let isAbandoned = (try? result.get()) == nil && Task.isCancelled
    let waiters = state.withLock { $0.loads.removeValue(forKey: url) ?? [] }
    for waiter in waiters { waiter.resume(returning: isAbandoned ? .abandoned : .finished(result)) }
    return try result.get()
  }

  private func fetch(
    _ url: String, loader: any ContextLoader, limits: ContextLimits
  ) async throws(JSONLDError) -> ContextDocument {
    let loaded = try await loader.document(at: url)
    let lifetime = min(
      max(loaded.lifetime ?? self.limits.lifetimeDefault, self.limits.lifetimeMin),
      self.limits.lifetimeMax)
    return try ContextDocument(loaded, at: url, now: clock(), freshFor: lifetime, limits: limits)
  }

  /// The old copy, fresh again, if nothing changed: contexts made of it live on.
  private func reuse(_ old: ContextDocument?, for new: ContextDocument) -> ContextDocument {
    guard let old, old.hasSameContext(as: new) else { return new }
    old.extend(until: new.freshUntil)
    return old
  }

  private func keep(_ document: ContextDocument) {
    state.withLock {
      $0.documents.insert(document, for: document.url, weight: 2 * document.byteCount)
    }
  }

  private func outcomeOfLoad(of url: String) async -> LoadOutcome {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        state.loads[url]?.append(continuation) == nil
      }
      if isOver { continuation.resume(returning: .abandoned) }
    }
  }
}

/// A context and what it was made of.
private struct CompiledContext: Sendable {
  let context: Context
  let documents: [ContextDocument]
  let freshUntil: Duration
}

/// What a context is known by: its URL, or its text.
enum ContextKey: Hashable, Sendable {
  case url(String)
  case inline(InlineContext)

  var byteCount: Int {
    switch self {
    case .url(let url): url.utf8.count
    case .inline(let inline): inline.value.rawRange.count
    }
  }

  /// Without the request's text around it.
  fileprivate var detached: ContextKey {
    guard case .inline(let inline) = self,
      let copy = try? JSONValue(parsing: inline.value.withRaw { Array($0) })
    else { return self }
    return .inline(InlineContext(value: copy))
  }
}

/// An inline context, compared by its bytes.
struct InlineContext: Hashable, Sendable {
  let value: JSONValue

  static func == (one: InlineContext, other: InlineContext) -> Bool {
    one.value.withRaw { mine in other.value.withRaw { mine.elementsEqual($0) } }
  }

  func hash(into hasher: inout Hasher) {
    value.withRaw { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
