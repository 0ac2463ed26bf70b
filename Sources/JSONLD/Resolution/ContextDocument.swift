import JSON
import Synchronization

/// A fetched document that holds a context.
final class ContextDocument: Sendable {
  private struct Usage {
    var freshUntil: Duration
    var usedAt: Duration?
    var hits = 0
  }

  /// As it was asked for.
  let url: String
  /// The base of its relative references.
  let base: String
  let byteCount: Int
  /// The value of its top-level `@context`.
  let context: JSONValue
  let loadedAt: Duration
  private let usage: Mutex<Usage>

  /// - Throws: `invalidRemoteContext` for what is no JSON, or has no top-level `@context`.
  init(
    _ loaded: LoadedDocument, at url: String, now: Duration, freshFor lifetime: Duration,
    limits: ContextLimits
  ) throws(JSONLDError) {
    let bounds = JSONLimits(bytesMax: limits.documentBytesMax)
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: loaded.body, limits: bounds)
    } catch {
      throw JSONLDError(.invalidRemoteContext, "\(url) is no JSON document: \(error)")
    }
    guard let context = document["@context"] else {
      throw JSONLDError(.invalidRemoteContext, "\(url) has no top-level @context")
    }
    self.url = url
    self.base = loaded.url
    self.context = context
    byteCount = loaded.body.count
    loadedAt = now
    usage = Mutex(Usage(freshUntil: now + lifetime))
  }

  var freshUntil: Duration { usage.withLock(\.freshUntil) }

  /// Puts off the next attempt to load the document anew.
  func extend(until instant: Duration) { usage.withLock { $0.freshUntil = instant } }

  func countHit(at now: Duration) {
    usage.withLock {
      $0.hits += 1
      $0.usedAt = now
    }
  }

  func hasSameContext(as other: ContextDocument) -> Bool {
    base == other.base
      && context.withRaw { mine in other.context.withRaw { mine.elementsEqual($0) } }
  }

  var summary: CachedDocument {
    usage.withLock {
      CachedDocument(
        url: url, loadedAt: loadedAt, freshUntil: $0.freshUntil, usedAt: $0.usedAt, hits: $0.hits)
    }
  }
}

/// A remote context document in the cache, as the `@context` API lists it (GS CIM 009, 5.13).
package struct CachedDocument: Hashable, Sendable {
  package let url: String
  /// Since 1970, as all instants of the cache.
  package let loadedAt: Duration
  package let freshUntil: Duration
  package let usedAt: Duration?
  /// Requests that used the document.
  package let hits: Int
}
