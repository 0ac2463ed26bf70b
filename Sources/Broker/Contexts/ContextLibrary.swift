import JSON
package import JSONLD
package import Log
import NGSILD
package import Storage

/// Loads context documents from the database, where they are hosted here, and over HTTP otherwise.
///
/// A document that was fetched is kept in the database as well: other brokers need not fetch it,
/// and it stands in where its host does not answer.
package struct ContextLibrary: ContextLoader {
  let store: ContextStore
  private let remote: any ContextLoader
  /// What the URLs of contexts that are hosted here begin with; nil where nobody said.
  private let publicURL: String?
  private let limits: ContextCacheLimits
  private let log: Log

  package init(
    store: ContextStore, remote: any ContextLoader, publicURL: String? = nil,
    limits: ContextCacheLimits = ContextCacheLimits(), log: Log
  ) {
    self.store = store
    self.remote = remote
    self.publicURL = publicURL
    self.limits = limits
    self.log = log
  }

  package func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    if let id = HostedContextURL.id(in: url), let hosted = try await hosted(id, at: url) {
      return hosted
    }
    let copy = await copy(of: url)
    let now = WallClock.sinceEpoch
    if let copy, now < copy.expires.sinceEpoch { return document(copy, at: now) }
    do throws(JSONLDError) {
      return await keep(try await remote.document(at: url), of: url)
    } catch {
      guard let copy, now < copy.loaded.sinceEpoch + limits.staleMax else { throw error }
      return document(copy, at: now)
    }
  }

  /// Fetches a document anew for all brokers; on failure the copy that is kept stays. Returns the
  /// id of the copy.
  ///
  /// - Throws: as `document(at:)`, and if the copy cannot be written.
  package func reload(_ url: String) async throws(JSONLDError) -> String {
    let loaded = try await remote.document(at: url)
    try ContextValidation(isRemote: true).require(loaded.context)
    do throws(NGSILDError) {
      return try await store(loaded, of: url, announces: true)
    } catch {
      throw JSONLDError(.loadingDocumentFailed, error.detail)
    }
  }

  // MARK: Hosted here

  /// nil for an id that nobody hosts here, of another broker perhaps.
  private func hosted(_ id: String, at url: String) async throws(JSONLDError) -> LoadedDocument? {
    let found: (body: [UInt8], tenantName: String)?
    do throws(NGSILDError) {
      found = try await store.hosted(id)
    } catch {
      throw JSONLDError(.loadingDocumentFailed, "'\(url)' cannot be read: \(error.detail)")
    }
    guard let found else {
      guard publicURL.map({ url.hasPrefix($0) }) != true else {
        throw JSONLDError(.loadingDocumentFailed, "'\(url)' is not hosted here")
      }
      return nil
    }
    // It never changes; the cache is told when it is gone.
    var document = LoadedDocument(
      context: JSONValue(storedDocument: found.body), url: url, byteCount: found.body.count)
    document.id = id
    document.owner = found.tenantName
    return document
  }

  // MARK: Copies

  /// Without the database there is none, and contexts work nevertheless.
  private func copy(of url: String) async -> ContextCopy? {
    do throws(NGSILDError) {
      return try await store.copy(of: url)
    } catch {
      log.warning("copy of context not read", ["url": url, "reason": error.detail])
      return nil
    }
  }

  private func keep(_ loaded: LoadedDocument, of url: String) async -> LoadedDocument {
    var loaded = loaded
    do throws(NGSILDError) {
      loaded.id = try await store(loaded, of: url)
    } catch {
      log.warning("copy of context not kept", ["url": url, "reason": error.detail])
    }
    return loaded
  }

  private func store(
    _ loaded: LoadedDocument, of url: String, announces: Bool = false
  ) async throws(NGSILDError) -> String {
    let now = WallClock.sinceEpoch
    return try await store.keepCopy(
      of: url, base: loaded.url, body: loaded.context.withRaw { Array($0) },
      loaded: DateTime(sinceEpoch: now),
      expires: DateTime(sinceEpoch: now + limits.lifetime(named: loaded.lifetime)),
      announces: announces)
  }

  private func document(_ copy: ContextCopy, at now: Duration) -> LoadedDocument {
    var document = LoadedDocument(
      context: JSONValue(storedDocument: copy.body), url: copy.base,
      lifetime: max(.zero, copy.expires.sinceEpoch - now), byteCount: copy.body.count)
    document.id = copy.id
    document.loadedAt = copy.loaded.sinceEpoch
    return document
  }
}
