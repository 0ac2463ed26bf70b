package import JSON

/// Turns the `@context` of a request into a `Context`, fetching what it names.
///
/// One seen before costs one look-up.
package struct ContextResolver: Sendable {
  package let cache: ContextCache
  /// nil for one that fetches nothing.
  private let loader: (any ContextLoader)?
  private let limits: ContextLimits

  package init(
    loader: any ContextLoader, cache: ContextCache, limits: ContextLimits = ContextLimits()
  ) {
    self.init(fetchingWith: loader, cache, limits)
  }

  private init(
    fetchingWith loader: (any ContextLoader)?, _ cache: ContextCache, _ limits: ContextLimits
  ) {
    self.loader = loader
    self.cache = cache
    self.limits = limits
  }

  /// One that knows what is in memory and fetches nothing, so that nobody waits.
  package var atHand: ContextResolver {
    ContextResolver(fetchingWith: nil, cache, limits)
  }

  /// The context that the value of an `@context` member asks for; the Core if there is none.
  ///
  /// - Parameter tenant: in whose name documents that are hosted here are used; empty for the
  ///   default tenant.
  /// - Throws: `loadingDocumentFailed` if a document that it names cannot be had, another code if
  ///   it is invalid.
  package func context(
    for value: JSONValue?, in tenant: String = ""
  ) async throws(JSONLDError) -> Context {
    guard let value = value?.onlyElement else { return .core }
    switch value.kind {
    case .string: return try await context(linkedAt: value.string ?? "", in: tenant)
    case .object, .array:
      let key = ContextKey.inline(InlineContext(value))
      if let context = cache.freshContext(for: key, in: tenant) { return context }
      return try await make(value, linkURL: Context.url(of: value), key: key, in: tenant)
    default: throw .notAContext(value)
    }
  }

  /// The context that a `Link` header names by its absolute URL.
  package func context(
    linkedAt url: String, in tenant: String = ""
  ) async throws(JSONLDError) -> Context {
    if url == CoreContext.url { return .core }
    let key = ContextKey.url(IRI(url))
    if let context = cache.freshContext(for: key, in: tenant) { return context }
    var writer = JSONWriter()
    writer.string(url)
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: writer.bytes)
    } catch {
      throw JSONLDError(.invalidLocalContext, "'\(url)' is no URL")
    }
    return try await make(value, linkURL: url, key: key, in: tenant)
  }

  private func make(
    _ value: JSONValue, linkURL: String?, key: ContextKey, in tenant: String
  ) async throws(JSONLDError) -> Context {
    var gathering = ContextGathering(cache: cache, loader: loader, limits: limits, tenant: tenant)
    try await gathering.add(value)
    if let kept = cache.context(for: key, madeOf: gathering.documents) {
      cache.keep(kept, for: key, madeOf: gathering.documents)
      return kept
    }
    let context = Context(
      terms: try terms(of: gathering.parts), source: value, linkURL: linkURL,
      namesCore: gathering.namesCore)
    cache.keep(context, for: key, madeOf: gathering.documents)
    return context
  }

  private func terms(of parts: [ContextGathering.Part]) throws(JSONLDError) -> Terms {
    var processor = TermProcessor(over: .shared, limits: limits)
    for part in parts {
      switch part {
      case .reset: processor.reset()
      case .definitions(let definitions, let origin):
        do throws(JSONLDError) {
          try processor.apply(definitions)
        } catch {
          throw error.located(in: origin)
        }
      }
    }
    guard !processor.definitions.isEmpty else { return .core }
    return Terms(definitions: processor.definitions, core: .shared)
  }
}

extension JSONValue {
  /// What an array of one element means as a context; nil for an empty one.
  fileprivate var onlyElement: JSONValue? {
    var value = self
    while value.isArray, value.count <= 1 {
      guard let element = value.elements.first(where: { _ in true }) else { return nil }
      // `null` has a meaning in an array only.
      if element.isNull { return value }
      value = element
    }
    return value
  }
}

extension JSONLDError {
  static func notAContext(_ value: JSONValue) -> JSONLDError {
    JSONLDError(
      .invalidLocalContext,
      "\(value.excerpt) is no context; a URL, an object or an array of these is expected")
  }
}
