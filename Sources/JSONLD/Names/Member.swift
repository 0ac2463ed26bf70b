/// What a member's name means within an Entity or an Attribute.
package enum Member: Hashable, Sendable {
  /// A word of the Core, given as its term, as a user's alias, as `@id` or `@type`, or as its IRI.
  ///
  /// Some are reserved; others, such as `description`, may name Attributes by their `iri`.
  case coreTerm(CoreTerm)
  /// Another keyword, such as `@context`, or a user's alias of one.
  case keyword(String)
  case name(IRI)

  /// The expanded name.
  package var iri: IRI {
    switch self {
    case .coreTerm(let term): term.iri
    case .keyword(let keyword): IRI(keyword)
    case .name(let iri): iri
    }
  }
}

extension Terms {
  func member(_ name: String) -> Member {
    let iri = expand(name)
    if let term = coreTerm(for: iri) { return .coreTerm(term) }
    return Keyword.looksAlike(iri) ? .keyword(iri) : .name(IRI(iri))
  }
}
