/// Fetches context documents; given to the resolver, which itself touches no socket.
package protocol ContextLoader: Sendable {
  /// The document at `url`, an absolute `http` or `https` URL that does not name the Core.
  ///
  /// Bounded in time by the loader, and in bytes by the limits of the resolver.
  ///
  /// - Throws: `loadingDocumentFailed` if it cannot be fetched.
  func document(at url: String) async throws(JSONLDError) -> LoadedDocument
}

/// A document as it was fetched.
package struct LoadedDocument: Sendable {
  package let body: [UInt8]
  /// Where it was found, after redirects: the base of its relative references.
  package let url: String
  /// How long it stays fresh by its HTTP headers; nil if they do not say.
  package let lifetime: Duration?

  package init(body: [UInt8], url: String, lifetime: Duration? = nil) {
    self.body = body
    self.url = url
    self.lifetime = lifetime
  }
}
