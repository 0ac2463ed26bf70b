/// Bounds of what one context may ask of the broker; beyond them: `context overflow`.
package struct ContextLimits: Sendable {
  /// Remote contexts that name one another in a chain.
  package var depthMax = 10
  /// Remote contexts of one context, each counted as often as it is named.
  package var documentsMax = 32
  /// Until the last document is asked for: how long each may take is up to the loader.
  package var timeMax = Duration.seconds(10)
  package var urlBytesMax = 2000
  /// Of one remote document.
  package var documentBytesMax = 1 << 20
  /// Term definitions, those that later ones replace included.
  package var termsMax = 20_000
  /// Terms that are defined through one another in a chain.
  package var termDepthMax = 32
  /// Of the IRI of one term.
  package var iriBytesMax = 2048
  /// Of all terms and their IRIs: a long prefix multiplies what a document holds.
  package var termBytesMax = 8 << 20

  package init() {}
}
