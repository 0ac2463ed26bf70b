package import JSON

/// Fetches context documents; given to the resolver, which itself touches no socket.
package protocol ContextLoader: Sendable {
  /// The document at `url`, an absolute `http` or `https` URL that does not name the Core.
  ///
  /// Bounded in time and in bytes by the loader.
  ///
  /// - Throws: `loadingDocumentFailed` if it cannot be fetched, `invalidRemoteContext` if it holds
  ///   no context.
  func document(at url: String) async throws(JSONLDError) -> LoadedDocument
}

/// A document as it was fetched: JSON with a top-level `@context`.
package struct LoadedDocument: Sendable {
  /// The value of its top-level `@context`.
  package let context: JSONValue
  /// Where it was found, after redirects: the base of its relative references.
  package let url: String
  /// How long it stays fresh by its HTTP headers; nil if they do not say.
  package let lifetime: Duration?
  package let byteCount: Int

  /// How the broker's store knows it, so that uses are counted; nil if it is not stored.
  package var id: String?
  /// The tenant that hosts it at this broker, and alone may use it; nil for everyone's.
  package var owner: String?
  /// Since 1970; nil for now.
  package var loadedAt: Duration?

  /// - Throws: `invalidRemoteContext` for what is no JSON, or has no top-level `@context`.
  package init(
    body: [UInt8], url: String, lifetime: Duration? = nil,
    bytesMax: Int = ContextLimits().documentBytesMax
  ) throws(JSONLDError) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: body, limits: JSONLimits(bytesMax: bytesMax))
    } catch {
      throw JSONLDError(.invalidRemoteContext, "\(url) is no JSON document: \(error)")
    }
    guard let context = document["@context"] else {
      throw JSONLDError(.invalidRemoteContext, "\(url) has no top-level @context")
    }
    self.init(context: context, url: url, lifetime: lifetime, byteCount: body.count)
  }

  /// - Parameter byteCount: of the document that holds the context.
  package init(context: JSONValue, url: String, lifetime: Duration? = nil, byteCount: Int) {
    self.context = context
    self.url = url
    self.lifetime = lifetime
    self.byteCount = byteCount
  }
}
