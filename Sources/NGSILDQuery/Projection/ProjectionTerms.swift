package import JSONLD
package import NGSILD

/// A member of an Entity, as its user names it.
package enum EntityMember: Hashable, Sendable {
  case core(CoreMember)
  case attribute(IRI)
}

/// A list of members, each perhaps with members of the Entities that it refers to.
///
/// Shape: `id,name,locatedAt{id,isInCountry{name}}`; `|` may stand for the comma.
///
/// Standard: projection language (GS CIM 009, 4.21).
package struct ProjectionTerms: Hashable, Sendable {
  package struct Term: Hashable, Sendable {
    package let member: EntityMember
    /// What stands in braces; nil without.
    package let linked: ProjectionTerms?

    package init(_ member: EntityMember, linked: ProjectionTerms? = nil) {
      self.member = member
      self.linked = linked
    }
  }

  package let terms: [Term]

  package init(_ terms: [Term]) {
    precondition(!terms.isEmpty)
    self.terms = terms
  }

  /// - Parameter language: what the user calls the text, `pick` or `omit`.
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    parsing text: String, as language: String, expander: any NameExpander,
    limits: QueryLimits = QueryLimits()
  ) throws(NGSILDError) {
    var cursor = try TextCursor(text, of: language, limits: limits)
    self = try cursor.projectionTerms(expander, depth: 0)
    guard cursor.isAtEnd else { throw cursor.expected("',', '|', '{' or the end") }
  }

  /// Reads the strings of a body's array, each a list of its own.
  package init(
    parsing texts: [String], as language: String, expander: any NameExpander,
    limits: QueryLimits = QueryLimits()
  ) throws(NGSILDError) {
    guard !texts.isEmpty else { throw .badRequestData("\(language) is an empty array") }
    var terms: [Term] = []
    for text in texts {
      terms += try ProjectionTerms(
        parsing: text, as: language, expander: expander, limits: limits
      ).terms
    }
    self.terms = terms
  }

  /// Braces within each other; 0 without braces.
  package var linkDepth: Int {
    terms.compactMap { $0.linked.map { 1 + $0.linkDepth } }.max() ?? 0
  }

  /// Whether `member` is listed without braces.
  package func lists(_ member: EntityMember) -> Bool {
    terms.contains { $0.member == member && $0.linked == nil }
  }

  /// All that stands in braces after `relationship`; nil if nothing does.
  package func linked(by relationship: IRI) -> ProjectionTerms? {
    let inner = terms.filter { $0.member == .attribute(relationship) }
      .flatMap { $0.linked?.terms ?? [] }
    return inner.isEmpty ? nil : ProjectionTerms(inner)
  }
}

extension ProjectionTerms: CustomStringConvertible {
  package var description: String { text { $0.bracketed } }

  package func text(naming name: (IRI) -> String) -> String {
    terms.map { term in
      let member = term.member.text(naming: name)
      return term.linked.map { "\(member){\($0.text(naming: name))}" } ?? member
    }.joined(separator: ",")
  }
}

extension EntityMember: CustomStringConvertible {
  package var description: String { text { $0.bracketed } }

  package func text(naming name: (IRI) -> String) -> String {
    switch self {
    case .core(let member): member.rawValue
    case .attribute(let iri): name(iri)
    }
  }
}

extension TextCursor {
  /// Reads the name of a member: its own, or an Attribute's.
  mutating func entityMember(_ expander: any NameExpander) throws(NGSILDError) -> EntityMember {
    let isBracketed = isAt("<")
    let name = try name("the name of a member or Attribute") { ",|{}".utf8.contains($0) }
    if !isBracketed, let member = CoreMember(rawValue: name) { return .core(member) }
    return .attribute(try expander.expandedName(name))
  }

  fileprivate mutating func projectionTerms(
    _ expander: any NameExpander, depth: Int
  ) throws(NGSILDError) -> ProjectionTerms {
    try requireDepth(depth)
    var terms: [ProjectionTerms.Term] = []
    repeat {
      let member = try entityMember(expander)
      guard case .attribute = member, take("{") else {
        terms.append(ProjectionTerms.Term(member))
        continue
      }
      let linked = try projectionTerms(expander, depth: depth + 1)
      try expect("}")
      terms.append(ProjectionTerms.Term(member, linked: linked))
    } while take(anyOf: ",", "|")
    return ProjectionTerms(terms)
  }
}
