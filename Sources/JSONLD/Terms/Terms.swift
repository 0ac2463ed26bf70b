/// The names of a context in both directions: expansion and compaction.
///
/// Immutable, but for the memory of names seen before.
final class Terms: Sendable {
  /// The Core without user terms.
  static let core = Terms(definitions: [:], core: .shared)

  private let core: CoreContext
  /// The user's terms, none of them the Core's.
  private let definitions: [Term: TermDefinition]
  private let termsByIRI: [IRI: String]
  private let prefixes: [Prefix]

  let expandedNames = NameCache<Member>()
  let compactedNames = NameCache<Void>()

  init(definitions: [Term: TermDefinition], core: CoreContext) {
    self.core = core
    self.definitions = definitions
    prefixes = core.prefixes + Prefix.all(of: definitions)
    var termsByIRI: [IRI: String] = [:]
    for (term, definition) in definitions where !Keyword.looksAlike(definition.iri) {
      guard let other = termsByIRI[definition.iri], other.isPreferred(to: term.text) else {
        termsByIRI[definition.iri] = term.text
        continue
      }
    }
    self.termsByIRI = termsByIRI
  }

  /// What `name` stands for; names that begin with `@` stand for themselves.
  ///
  /// Standard: JSON-LD 1.1 Processing Algorithms, 5.2 (IRI Expansion); GS CIM 009, 5.5.7.
  /// Choice: a term that a user sets to `null` is as if never defined, so that its Attributes are
  /// not lost.
  func expand(_ name: String) -> String {
    if Keyword.looksAlike(name) { return name }
    if let definition = definition(of: name) { return definition.iri }
    guard let (prefix, suffix) = name.compactIRIParts else { return core.vocabulary + name }
    if prefix == "_" || suffix.utf8.starts(with: "//".utf8) { return name }
    guard let definition = definition(of: String(prefix)), definition.isPrefix else { return name }
    return definition.iri + suffix
  }

  /// The shortest name that `expand` takes back to `iri`, Core terms first.
  ///
  /// Standard: JSON-LD 1.1 Processing Algorithms, 6.2 (IRI Compaction); GS CIM 009, 5.5.7.
  func compact(_ iri: String) -> String {
    if let term = core.termsByIRI[iri] { return term.rawValue }
    if let term = termsByIRI[iri] { return term }
    if iri.utf8.starts(with: core.vocabulary.utf8) {
      let name = String(iri.utf8.dropFirst(core.vocabulary.utf8.count)) ?? ""
      if !name.isEmpty, IRI(expand(name)) == IRI(iri) { return name }
    }
    return compactIRI(iri) ?? iri
  }

  func coreTerm(for iri: String) -> CoreTerm? {
    switch iri {
    case "@id": .id
    case "@type": .type
    default: core.termsByIRI[iri]
    }
  }

  /// UTF-8 bytes of all terms and IRIs, as a measure of the memory in use.
  var byteCount: Int {
    definitions.reduce(0) { $0 + $1.key.text.utf8.count + $1.value.iri.utf8.count }
  }

  private func compactIRI(_ iri: String) -> String? {
    var best: String?
    for prefix in prefixes {
      guard let candidate = prefix.compactIRI(iri), IRI(expand(candidate)) == IRI(iri) else {
        continue
      }
      if let best, best.isPreferred(to: candidate) { continue }
      best = candidate
    }
    return best
  }

  private func definition(of term: String) -> TermDefinition? {
    core.definitions[term] ?? definitions[term]
  }
}

extension String {
  /// Shorter, or else first by code points.
  fileprivate func isPreferred(to other: String) -> Bool {
    utf8.count == other.utf8.count
      ? utf8.lexicographicallyPrecedes(other.utf8) : utf8.count < other.utf8.count
  }
}
