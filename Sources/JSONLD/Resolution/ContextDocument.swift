import JSON
import Synchronization

/// A document that holds a context, as the cache keeps it.
final class ContextDocument: Sendable {
  private struct State {
    var freshUntil: Duration
    var isRemoved = false
    var usedAt: Duration?
    /// Since they were last taken.
    var hits = 0
  }

  /// As it was asked for.
  let url: String
  /// The base of its relative references.
  let base: String
  /// In the broker's store.
  let id: String?
  /// The tenant that alone may use it; nil for everyone's.
  let owner: String?
  let byteCount: Int
  /// The value of its top-level `@context`.
  let context: JSONValue
  let loadedAt: Duration
  private let state: Mutex<State>

  init(
    _ loaded: LoadedDocument, at url: String, now: Duration, freshFor lifetime: Duration
  ) {
    self.url = url
    base = loaded.url
    id = loaded.id
    owner = loaded.owner
    context = loaded.context
    byteCount = loaded.byteCount
    loadedAt = loaded.loadedAt ?? now
    state = Mutex(State(freshUntil: now + lifetime))
  }

  var freshUntil: Duration { state.withLock(\.freshUntil) }

  /// Puts off the next attempt to load the document anew; a removed one stays removed.
  func extend(until instant: Duration) {
    state.withLock { if !$0.isRemoved { $0.freshUntil = instant } }
  }

  /// Keeps what is being made of it at this moment from being taken for fresh.
  func markRemoved() {
    state.withLock {
      $0.isRemoved = true
      $0.freshUntil = .zero
    }
  }

  func countHit(at now: Duration) {
    state.withLock {
      $0.hits += 1
      $0.usedAt = now
    }
  }

  /// The uses that were counted since the last call; nil for none, and for one that is not stored.
  func takeUsage() -> ContextUsage? {
    guard let id else { return nil }
    return state.withLock { state in
      guard state.hits > 0, let usedAt = state.usedAt else { return nil }
      defer { state.hits = 0 }
      return ContextUsage(id: id, hits: state.hits, usedAt: usedAt)
    }
  }

  func isSame(as other: ContextDocument) -> Bool {
    base.isExactly(other.base) && id == other.id
      && context.withRaw { mine in other.context.withRaw { mine.elementsEqual($0) } }
  }
}

/// Uses of a stored context, as the `@context` API shows them (GS CIM 009, 5.13).
package struct ContextUsage: Hashable, Sendable {
  package let id: String
  /// Requests that used it.
  package var hits: Int
  /// The last time, since 1970.
  package var usedAt: Duration

  package init(id: String, hits: Int, usedAt: Duration) {
    self.id = id
    self.hits = hits
    self.usedAt = usedAt
  }
}
