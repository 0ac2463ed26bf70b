import Synchronization

/// Contexts and the documents they were made of, shared by all requests of a process.
package final class ContextCache: Sendable {
  private struct State {
    var contexts: LeastRecentlyUsed<ContextKey, CompiledContext>
    var documents: LeastRecentlyUsed<IRI, ContextDocument>
    /// Why documents could not be loaded a moment ago.
    var failures: LeastRecentlyUsed<IRI, (error: JSONLDError, until: Duration)>
    /// By URL.
    var loads: [IRI: Load] = [:]
  }

  /// A document that is being loaded.
  private struct Load {
    var waiters: [LoadWaiter] = []
    /// What was removed meanwhile: it may be the one that comes.
    var removed: [Removal] = []
  }

  private enum Removal {
    case one(String)
    case allStored

    func concerns(_ document: ContextDocument) -> Bool {
      switch self {
      case .one(let id): document.id == id
      case .allStored: document.id != nil
      }
    }
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
          countMax: limits.documentsMax, weightMax: limits.documentBytesMax),
        failures: LeastRecentlyUsed(countMax: limits.failuresMax, weightMax: .max)))
  }

  // MARK: Documents, for the @context API

  /// The uses of stored documents since the last call. Those of a document that had to make room
  /// for others meanwhile are lost.
  package func takeUsage() -> [ContextUsage] {
    state.withLock { $0.documents.values.compactMap { $0.takeUsage() } }
  }

  /// Forgets a stored document and every context that was made of it.
  package func remove(_ id: String) { remove(.one(id)) }

  /// Forgets all stored documents, as something unknown has happened to the store.
  package func removeStored() { remove(.allStored) }

  private func remove(_ removal: Removal) {
    state.withLock { state in
      for url in state.loads.keys { state.loads[url]?.removed.append(removal) }
      for document in state.documents.values where removal.concerns(document) {
        document.markRemoved()
      }
      state.documents.removeAll { removal.concerns($0) }
      state.contexts.removeAll { context in
        guard context.documents.contains(where: removal.concerns) else { return false }
        for document in context.documents where removal.concerns(document) {
          document.markRemoved()
        }
        return true
      }
    }
  }

  // MARK: Contexts

  /// The context kept for `key`, if `tenant` may use all its documents and they are fresh; counts
  /// a hit for each of them.
  func freshContext(for key: ContextKey, in tenant: String) -> Context? {
    guard let kept = state.withLock({ $0.contexts.use(key) }) else { return nil }
    guard !kept.documents.isEmpty else { return kept.context }
    if let owner = kept.owner, !owner.isExactly(tenant) { return nil }
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
      context: context, documents: documents, owner: documents.lazy.compactMap(\.owner).first,
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
    case fail(JSONLDError)
    case wait
  }

  /// The document at `url`, from memory if fresh; asked for once however many want it.
  ///
  /// While one caller loads it anew, or when that fails, an old copy does.
  func document(
    at url: String, loader: any ContextLoader
  ) async throws(JSONLDError) -> ContextDocument {
    while true {
      switch step(towards: url) {
      case .use(let document): return document
      case .load(let old): return try await load(url, loader: loader, insteadOf: old)
      case .fail(let error): throw error
      case .wait:
        if case .finished(let result) = await outcomeOfLoad(of: url) { return try result.get() }
      }
    }
  }

  /// The document at `url` from memory, also an old copy; leaves no trace where there is none.
  func document(atHand url: String) throws(JSONLDError) -> ContextDocument {
    let now = clock()
    guard let kept = state.withLock({ $0.documents.use(IRI(url)) }),
      now < kept.freshUntil || kept.canStandIn(at: now, limits)
    else { throw JSONLDError(.loadingDocumentFailed, "'\(url)' is not at hand") }
    return kept
  }

  private func step(towards url: String) -> Step {
    let now = clock()
    return state.withLock { state in
      let kept = state.documents.use(IRI(url))
      if let kept, now < kept.freshUntil { return .use(kept) }
      let usable = kept.flatMap { $0.canStandIn(at: now, limits) ? $0 : nil }
      guard state.loads[url] == nil else { return usable.map { .use($0) } ?? .wait }
      if let failure = state.failures.use(IRI(url)), now < failure.until {
        return .fail(failure.error)
      }
      state.loads[url] = Load()
      return .load(instead: usable)
    }
  }

  private func load(
    _ url: String, loader: any ContextLoader, insteadOf old: ContextDocument?
  ) async throws(JSONLDError) -> ContextDocument {
    let result: Result<ContextDocument, JSONLDError>
    do throws(JSONLDError) {
      result = .success(reuse(old, for: try await fetch(url, loader: loader)))
    } catch {
      if let old { old.extend(until: clock() + limits.retryInterval) }
      result = old.map { .success($0) } ?? .failure(error)
    }
    let isAbandoned = (try? result.get()) == nil && Task.isCancelled
    for waiter in end(of: url, with: isAbandoned ? nil : result) {
      waiter.resume(with: isAbandoned ? .abandoned : .finished(result))
    }
    return try result.get()
  }

  private func fetch(
    _ url: String, loader: any ContextLoader
  ) async throws(JSONLDError) -> ContextDocument {
    let loaded = try await loader.document(at: url)
    return ContextDocument(
      loaded, at: url, now: clock(), freshFor: limits.lifetime(named: loaded.lifetime))
  }

  /// The old copy, fresh again, if nothing changed: contexts made of it live on.
  private func reuse(_ old: ContextDocument?, for new: ContextDocument) -> ContextDocument {
    guard let old, old.isSame(as: new) else { return new }
    old.extend(until: new.freshUntil)
    return old
  }

  /// Keeps the result of a load, unless it was abandoned; returns who waits for it.
  private func end(
    of url: String, with result: Result<ContextDocument, JSONLDError>?
  ) -> [LoadWaiter] {
    let until = clock() + limits.failureInterval
    return state.withLock { state in
      let load = state.loads.removeValue(forKey: IRI(url)) ?? Load()
      switch result {
      case .success(let document)?:
        state.failures.remove(IRI(url))
        if load.removed.contains(where: { $0.concerns(document) }) {
          document.markRemoved()
        } else {
          state.documents.insert(document, for: IRI(url), weight: 2 * document.byteCount)
        }
      case .failure(let error)?: state.failures.insert((error, until), for: IRI(url), weight: 1)
      case nil: break
      }
      return load.waiters
    }
  }

  private func outcomeOfLoad(of url: String) async -> LoadOutcome {
    let waiter = LoadWaiter()
    let isOver = state.withLock { state in state.loads[url]?.waiters.append(waiter) == nil }
    return isOver ? .abandoned : await waiter.outcome
  }
}

/// A context and what it was made of.
private struct CompiledContext: Sendable {
  let context: Context
  let documents: [ContextDocument]
  /// The tenant that alone may use it: all documents with an owner have the same one.
  let owner: String?
  let freshUntil: Duration
}

extension ContextDocument {
  /// Whether it stands in for itself while it cannot be loaded anew. One that is hosted here does
  /// not, for its database says whether it is there.
  fileprivate func canStandIn(at now: Duration, _ limits: ContextCacheLimits) -> Bool {
    owner == nil && now < loadedAt + limits.staleMax
  }
}
