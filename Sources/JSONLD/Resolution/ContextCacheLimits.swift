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
  /// For which a failure to load a document is the answer to all who ask for it.
  package var failureInterval = Duration.seconds(2)
  package var failuresMax = 256

  package init() {}

  /// How long a document stays fresh.
  ///
  /// - Parameter named: by its HTTP headers; nil if they do not say.
  package func lifetime(named: Duration?) -> Duration {
    min(max(named ?? lifetimeDefault, lifetimeMin), lifetimeMax)
  }
}
