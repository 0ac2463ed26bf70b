import JSON

/// Applies local contexts in order, each to what the ones before it defined.
///
/// Differs from a general processor where NGSI-LD does: the Core counts as if it came last, so
/// definitions of its terms are passed over, and neither `@vocab` nor the default `@language` of a
/// user reaches beyond the definitions. Choice: `@protected` by a user protects nothing, since
/// later contexts override earlier ones; `@base` and `@propagate` are checked and have no effect.
///
/// Standard: JSON-LD 1.1 Processing Algorithms, 4.1 (Context Processing) and 4.2 (Create Term
/// Definition); GS CIM 009, 4.4 and 5.5.7.
struct TermProcessor {
  /// The terms that nothing replaces; empty while the Core itself is processed.
  private let core: [Term: TermDefinition]
  private let allowsScopedContext: Bool
  private let coreVocabulary: String
  private let limits: ContextLimits

  private(set) var definitions: [Term: TermDefinition] = [:]
  /// Completes relative references of definitions.
  private(set) var vocabulary: String
  /// UTF-8 bytes of terms and IRIs defined so far, replaced ones included.
  private(set) var definedBytes = 0

  /// Begins a user context, over the Core.
  init(over core: CoreContext, limits: ContextLimits) {
    self.core = core.definitions
    self.limits = limits
    allowsScopedContext = false
    coreVocabulary = core.vocabulary
    vocabulary = core.vocabulary
  }

  /// Begins the Core.
  init() {
    core = [:]
    limits = ContextLimits()
    allowsScopedContext = true
    coreVocabulary = ""
    vocabulary = ""
  }

  /// `null` in place of a context: forgets the user's terms.
  mutating func reset() {
    definitions = [:]
    vocabulary = coreVocabulary
  }

  mutating func apply(_ context: LocalContext) throws(JSONLDError) {
    try checkEntries(of: context)
    if let value = context["@vocab"] { try setVocabulary(value) }
    var run = Run(context: context)
    for name in context.names where !Keyword.contextEntries.contains(name) {
      try define(name, in: &run)
    }
  }

  /// The state of one local context while its terms refer to one another in any order.
  private struct Run {
    let context: LocalContext
    /// False while the term's definition is under way.
    var isDefined: [Term: Bool] = [:]
    var depth = 0

    /// Whether `name` has an entry that is not yet a definition.
    func awaits(_ name: String) -> Bool {
      context.contains(name) && isDefined[name] != true && !Keyword.looksAlike(name)
    }
  }

  // MARK: Keywords of the context

  private func checkEntries(of context: LocalContext) throws(JSONLDError) {
    func check(
      _ keyword: String, _ code: JSONLDError.Code, _ isValid: (JSONValue) -> Bool
    ) throws(JSONLDError) {
      guard let value = context[keyword], !isValid(value) else { return }
      throw JSONLDError(code, "\(keyword) is \(value.excerpt)")
    }
    try check("@version", .invalidVersionValue) { $0.double == 1.1 }
    try check("@import", .invalidImportValue) { $0.isString }
    try check("@propagate", .invalidPropagateValue) { $0.boolean != nil }
    try check("@protected", .invalidProtectedValue) { $0.boolean != nil }
    try check("@base", .invalidBaseIRI) { $0.isString || $0.isNull }
    try check("@language", .invalidDefaultLanguage) { $0.isString || $0.isNull }
    try check("@vocab", .invalidVocabMapping) { $0.isString || $0.isNull }
    try check("@direction", .invalidBaseDirection) {
      $0.isNull || $0.isString("ltr") || $0.isString("rtl")
    }
  }

  private mutating func setVocabulary(_ value: JSONValue) throws(JSONLDError) {
    guard let text = value.string else {
      vocabulary = coreVocabulary
      return
    }
    var none = Run(context: LocalContext())
    guard let iri = try resolve(text, in: &none), iri.isMapping, !Keyword.contains(iri) else {
      throw JSONLDError(.invalidVocabMapping, "@vocab is \(value.excerpt); an IRI is expected")
    }
    try requireBounded(iri, of: "@vocab")
    vocabulary = iri
  }

  // MARK: Create Term Definition

  private mutating func define(_ term: String, in run: inout Run) throws(JSONLDError) {
    if let isDefined = run.isDefined[term] {
      guard !isDefined else { return }
      throw JSONLDError(.cyclicIRIMapping, "The term '\(term)' is defined through itself")
    }
    guard let value = run.context[term], core[term] == nil,
      try !isKeyword(term, value: value)
    else { return }
    guard !term.isEmpty else {
      throw JSONLDError(.invalidTermDefinition, "A term is empty")
    }
    try enter(term, in: &run)
    defer { run.depth -= 1 }
    definitions[term] = nil
    let written = try ExpandedTermDefinition(
      of: term, from: value, allowsScopedContext: allowsScopedContext)
    if let iri = try mapping(of: term, written, in: &run) {
      let coercion = try coercion(of: term, written, in: &run)
      let isPrefix = try isPrefix(term, iri: iri, written)
      try requireBounded(iri, of: term)
      definitions[term] = TermDefinition(iri: iri, isPrefix: isPrefix, coercion: coercion)
    }
    run.isDefined[term] = true
  }

  private mutating func enter(_ term: String, in run: inout Run) throws(JSONLDError) {
    run.isDefined[term] = false
    run.depth += 1
    guard run.depth <= limits.termDepthMax else {
      throw JSONLDError(
        .contextOverflow,
        "The term '\(term)' ends a chain of more than \(limits.termDepthMax) definitions")
    }
  }

  /// Keywords have no definitions, `@type` a few; what looks like one is passed over.
  private func isKeyword(_ term: String, value: JSONValue) throws(JSONLDError) -> Bool {
    guard Keyword.looksAlike(term) else { return false }
    guard Keyword.contains(term) else { return true }
    let isHarmless =
      term == "@type" && value.isObject && value.count > 0
      && value.members.allSatisfy { name, value in
        name.isString("@container") && value.isString("@set")
          || name.isString("@protected") && value.boolean != nil
      }
    guard isHarmless else {
      throw JSONLDError(.keywordRedefinition, "The keyword \(term) is defined anew")
    }
    return true
  }

  /// The IRI or keyword that `term` stands for; nil if its definition says that it has none.
  private mutating func mapping(
    of term: String, _ written: ExpandedTermDefinition, in run: inout Run
  ) throws(JSONLDError) -> String? {
    // Choice: a reverse term names its IRI as any other, for Attributes have no direction.
    if let reverse = written.reverse {
      return try requireIRI(resolve(reverse, in: &run), of: term, from: reverse)
    }
    switch written.id {
    case .none: return nil
    case .reference(let id) where Term(id) != Term(term):
      if Keyword.looksAlike(id), !Keyword.contains(id) { return nil }
      return try explicitMapping(of: term, to: id, in: &run)
    case .reference, .absent:
      return try requireIRI(implicitMapping(of: term, in: &run), of: term, from: term)
    }
  }

  private mutating func explicitMapping(
    of term: String, to id: String, in run: inout Run
  ) throws(JSONLDError) -> String {
    let iri = try resolve(id, in: &run)
    guard iri != "@context" else {
      throw JSONLDError(.invalidKeywordAlias, "The term '\(term)' is an alias of @context")
    }
    let mapping = try requireIRI(iri, of: term, from: id)
    if term.isIRIShaped {
      run.isDefined[term] = true
      guard try resolve(term, in: &run).map(Term.init) == Term(mapping) else {
        throw JSONLDError(
          .invalidIRIMapping, "The term '\(term)' looks like an IRI, but stands for \(mapping)")
      }
    }
    return mapping
  }

  /// What a term without `@id` stands for.
  private mutating func implicitMapping(
    of term: String, in run: inout Run
  ) throws(JSONLDError) -> String {
    guard let (prefix, suffix) = term.compactIRIParts else { return vocabulary + term }
    let prefixTerm = String(prefix)
    if run.awaits(prefixTerm) { try define(prefixTerm, in: &run) }
    return definition(of: prefixTerm).map { $0.iri + suffix } ?? term
  }

  private mutating func coercion(
    of term: String, _ written: ExpandedTermDefinition, in run: inout Run
  ) throws(JSONLDError) -> String? {
    guard let type = written.type else { return nil }
    let iri = try resolve(type, in: &run)
    if let iri, ["@id", "@json", "@none", "@vocab"].contains(iri) { return iri }
    guard let iri, iri.isAbsoluteIRI else {
      throw JSONLDError(
        .invalidTypeMapping, "The @type of the term '\(term)' is '\(type)'; an IRI is expected")
    }
    try requireBounded(iri, of: term)
    return iri
  }

  private func isPrefix(
    _ term: String, iri: String, _ written: ExpandedTermDefinition
  ) throws(JSONLDError) -> Bool {
    if written.prefix == true, Keyword.contains(iri) {
      throw JSONLDError(
        .invalidTermDefinition, "The term '\(term)' is an alias of \(iri), and no prefix")
    }
    guard !term.isIRIShaped, !term.utf8.contains(UInt8(ascii: ":")), term != "_" else {
      return false
    }
    return written.prefix ?? (written.isSimple && iri.utf8.last.map(isDelimiter) ?? false)
  }

  /// The general delimiters of RFC 3986.
  private func isDelimiter(_ byte: UInt8) -> Bool { ":/?#[]@".utf8.contains(byte) }

  // MARK: IRI Expansion

  /// `reference` through keywords, terms, prefixes and `@vocab`, defining first what it needs.
  ///
  /// Nil for what looks like a keyword and is none.
  private mutating func resolve(
    _ reference: String, in run: inout Run
  ) throws(JSONLDError) -> String? {
    if Keyword.looksAlike(reference) { return Keyword.contains(reference) ? reference : nil }
    if run.awaits(reference) { try define(reference, in: &run) }
    if let definition = definition(of: reference) { return definition.iri }
    if let (prefix, suffix) = reference.compactIRIParts {
      if prefix == "_" || suffix.utf8.starts(with: "//".utf8) { return reference }
      let prefixTerm = String(prefix)
      if run.awaits(prefixTerm) { try define(prefixTerm, in: &run) }
      if let definition = definition(of: prefixTerm), definition.isPrefix {
        return definition.iri + suffix
      }
      if reference.isAbsoluteIRI { return reference }
    }
    return vocabulary + reference
  }

  private func definition(of term: String) -> TermDefinition? {
    core[term] ?? definitions[term]
  }

  // MARK: Checks

  private func requireIRI(
    _ iri: String?, of term: String, from reference: String
  ) throws(JSONLDError) -> String {
    guard let iri, iri.isMapping else {
      throw JSONLDError(
        .invalidIRIMapping, "The term '\(term)' stands for '\(reference)', which is no IRI")
    }
    return iri
  }

  private mutating func requireBounded(_ iri: String, of term: String) throws(JSONLDError) {
    guard iri.utf8.count <= limits.iriBytesMax else {
      throw JSONLDError(
        .contextOverflow, "The IRI of '\(term)' is longer than \(limits.iriBytesMax) bytes")
    }
    definedBytes += term.utf8.count + iri.utf8.count
    guard definedBytes <= limits.termBytesMax else {
      throw JSONLDError(
        .contextOverflow, "Terms and their IRIs are longer than \(limits.termBytesMax) bytes")
    }
  }
}

extension String {
  /// Whether a term may stand for this: a keyword, an IRI or a blank node.
  fileprivate var isMapping: Bool {
    Keyword.contains(self) || isAbsoluteIRI || utf8.starts(with: "_:".utf8)
  }
}
