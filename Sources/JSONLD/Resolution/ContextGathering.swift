import JSON

/// The local contexts that a context value comes to, in order, once its documents are there.
struct ContextGathering {
  enum Part {
    /// `null`: what stood before is forgotten.
    case reset
    /// - origin: The document that they stand in; nil for the request.
    case definitions(LocalContext, origin: String?)
  }

  private let cache: ContextCache
  private let loader: (any ContextLoader)?
  private let limits: ContextLimits
  /// In whose name documents that are hosted here are used.
  private let tenant: String
  private let started = ContinuousClock.now

  private(set) var parts: [Part] = []
  /// Each as often as it is named.
  private(set) var documents: [ContextDocument] = []
  /// Whether the Core is named, here or in a document.
  private(set) var namesCore = false
  private var termCount = 0
  /// The documents that are being read, each named by the one before.
  private var path: [ContextDocument] = []

  init(
    cache: ContextCache, loader: (any ContextLoader)?, limits: ContextLimits, tenant: String
  ) {
    self.cache = cache
    self.loader = loader
    self.limits = limits
    self.tenant = tenant
  }

  /// - Parameter value: The value of an `@context`.
  mutating func add(_ value: JSONValue) async throws(JSONLDError) {
    switch value.kind {
    case .string: try await add(reference: value.string ?? "")
    case .array:
      for element in value.elements {
        if element.isNull { parts.append(.reset) } else { try await add(element) }
      }
    case .object: try await add(object: value)
    default: throw JSONLDError.notAContext(value).located(in: path.last?.url)
    }
  }

  private mutating func add(reference: String) async throws(JSONLDError) {
    let url = try url(of: reference)
    guard !CoreContext.isCore(url: url) else {
      namesCore = true
      return
    }
    let document = try await document(at: url)
    path.append(document)
    try await add(document.context)
    path.removeLast()
  }

  private mutating func add(object: JSONValue) async throws(JSONLDError) {
    try requireBoundedTerms(adding: object.count)
    var context = LocalContext(of: object)
    if let value = context["@import"] {
      guard let reference = value.string else {
        throw JSONLDError(.invalidImportValue, "@import is \(value.excerpt); a URL is expected")
      }
      let url = try url(of: reference)
      if CoreContext.isCore(url: url) {
        namesCore = true
      } else {
        context.inherit(try await imported(from: url))
      }
    }
    termCount += context.names.count
    try requireBoundedTerms()
    parts.append(.definitions(context, origin: path.last?.url))
  }

  /// Standard: JSON-LD 1.1 Processing Algorithms, 4.1.2, step 5.6.
  private mutating func imported(from url: String) async throws(JSONLDError) -> LocalContext {
    let document = try await document(at: url)
    guard document.context.isObject else {
      throw JSONLDError(.invalidRemoteContext, "The @context of \(url) is imported, but no object")
    }
    guard document.context["@import"] == nil else {
      throw JSONLDError(.invalidContextEntry, "The @context of \(url) is imported and has @import")
    }
    try requireBoundedTerms(adding: document.context.count)
    return LocalContext(of: document.context)
  }

  private func requireBoundedTerms(adding count: Int = 0) throws(JSONLDError) {
    guard termCount + count <= limits.termsMax else {
      throw JSONLDError(.contextOverflow, "More than \(limits.termsMax) terms are defined")
    }
  }

  private func url(of reference: String) throws(JSONLDError) -> String {
    let parts = URLReference(reference)
    guard parts.scheme == nil else { return reference }
    guard let base = path.last?.base else {
      throw JSONLDError(
        .invalidLocalContext, "The context '\(reference)' is no absolute URL")
    }
    return parts.resolved(against: URLReference(base))
  }

  private mutating func document(at url: String) async throws(JSONLDError) -> ContextDocument {
    guard url.utf8.count <= limits.urlBytesMax else {
      throw JSONLDError(
        .contextOverflow, "The URL of a context is longer than \(limits.urlBytesMax) bytes")
    }
    guard URLReference(url).isHTTP else {
      throw JSONLDError(
        .loadingDocumentFailed, "The context '\(url)' cannot be fetched: no http or https URL")
    }
    guard !path.contains(where: { $0.url.isExactly(url) }) else {
      throw JSONLDError(.recursiveContextInclusion, "The context \(url) includes itself")
    }
    guard path.count < limits.depthMax else {
      throw JSONLDError(
        .contextOverflow, "The context \(url) ends a chain of more than \(limits.depthMax)")
    }
    guard documents.count < limits.documentsMax else {
      throw JSONLDError(
        .contextOverflow, "More than \(limits.documentsMax) contexts are included")
    }
    guard .now - started < limits.timeMax else {
      throw JSONLDError(
        .loadingDocumentFailed,
        "The contexts before '\(url)' took more than \(limits.timeMax) to fetch")
    }
    let document: ContextDocument
    if let loader {
      document = try await cache.document(at: url, loader: loader)
    } else {
      document = try cache.document(atHand: url)
    }
    if let owner = document.owner, !owner.isExactly(tenant) {
      throw JSONLDError(.loadingDocumentFailed, "The context '\(url)' is not available here")
    }
    documents.append(document)
    return document
  }
}
