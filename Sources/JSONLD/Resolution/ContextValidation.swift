package import JSON

/// Refuses what could never be the value of an `@context`, without fetching what it names.
///
/// Each object is checked by itself: what it means may depend on contexts before it, whether it is
/// valid hardly ever does.
package struct ContextValidation {
  /// Whether the value stands in a document that was fetched: there, references may be relative to
  /// it, and `null` resets what others defined.
  private let isRemote: Bool
  private let limits: ContextLimits

  package init(isRemote: Bool, limits: ContextLimits = ContextLimits()) {
    self.isRemote = isRemote
    self.limits = limits
  }

  /// - Throws: the code of the first rule that `value` breaks.
  package func require(_ value: JSONValue) throws(JSONLDError) {
    switch value.kind {
    case .string: try require(url: value.string ?? "")
    case .object:
      guard value.count <= limits.termsMax else {
        throw JSONLDError(.contextOverflow, "More than \(limits.termsMax) terms are defined")
      }
      var processor = TermProcessor(over: .shared, limits: limits)
      try processor.apply(LocalContext(of: value))
    case .array:
      for element in value.elements where !(isRemote && element.isNull) { try require(element) }
    default: throw .notAContext(value)
    }
  }

  private func require(url: String) throws(JSONLDError) {
    let isReference = isRemote && URLReference(url).scheme == nil
    guard url.utf8.count <= limits.urlBytesMax, isReference || URLReference(url).isHTTP else {
      throw JSONLDError(
        .invalidLocalContext,
        "The context '\(url)' is no absolute http or https URL of at most \(limits.urlBytesMax) "
          + "bytes")
    }
  }
}
