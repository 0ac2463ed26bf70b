package import JSONLD
package import NGSILD

/// Which members of the Entities an answer holds.
///
/// Standard: `attrs`, `pick` and `omit` (GS CIM 009, 4.21, 5.7.1.5 and 5.7.2.5).
package struct Projection: Hashable, Sendable {
  /// All members.
  package static let everything = Projection()

  /// What the deprecated `attrs` lists; empty without it.
  package let attrs: [EntityMember]
  package let pick: ProjectionTerms?
  package let omit: ProjectionTerms?

  private init(
    attrs: [EntityMember] = [], pick: ProjectionTerms? = nil, omit: ProjectionTerms? = nil
  ) {
    self.attrs = attrs
    self.pick = pick
    self.omit = omit
  }

  /// - Throws: `badRequestData` for `attrs` beside another, or a member in both `pick` and `omit`.
  package init(
    validating attrs: [EntityMember], pick: ProjectionTerms?, omit: ProjectionTerms?
  ) throws(NGSILDError) {
    guard attrs.isEmpty || (pick == nil && omit == nil) else {
      throw .badRequestData("attrs is given together with pick or omit; right is one way alone")
    }
    if let pick, let omit, let member = pick.firstConflict(with: omit) {
      throw .badRequestData("'\(member)' is in both pick and omit")
    }
    self.init(attrs: attrs, pick: pick, omit: omit)
  }

  /// - Parameter attributes: all that are kept, beside what identifies an Entity; empty for all
  ///   members.
  package init(attributes: [IRI]) { self.init(attrs: attributes.map(EntityMember.attribute)) }

  /// Reads the parameters of a URL.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    attrs: String?, pick: String?, omit: String?, expander: any NameExpander
  ) throws(NGSILDError) {
    try self.init(
      validating: try attrs.map { text throws(NGSILDError) in
        try Self.attrs(parsing: text, expander: expander)
      } ?? [],
      pick: try pick.map { text throws(NGSILDError) in
        try ProjectionTerms(parsing: text, as: "pick", expander: expander)
      },
      omit: try omit.map { text throws(NGSILDError) in
        try ProjectionTerms(parsing: text, as: "omit", expander: expander)
      })
  }

  /// Reads `attrs`, a comma-separated list of names.
  package static func attrs(
    parsing text: String, expander: any NameExpander
  ) throws(NGSILDError) -> [EntityMember] {
    var cursor = try TextCursor(text, of: "attrs", limits: QueryLimits())
    var members: [EntityMember] = []
    repeat {
      members.append(try cursor.entityMember(expander))
    } while cursor.take(",")
    guard cursor.isAtEnd else { throw cursor.expected("',' or the end") }
    return members
  }

  /// The Attributes in `attrs`.
  ///
  /// Of a queried Entity at least one has to be there (5.7.2.4). Empty if `attrs` names only
  /// members such as `createdAt`, which does not restrict a query enough.
  package var attributes: [IRI] {
    attrs.compactMap { member in
      if case .attribute(let iri) = member { iri } else { nil }
    }
  }

  /// How many Relationships are followed one after the other at most; 0 if none is.
  package var linkDepth: Int { max(pick?.linkDepth ?? 0, omit?.linkDepth ?? 0) }

  /// Whether an Entity keeps `member`; of system members only if they are asked for at all.
  ///
  /// Choice: `attrs` leaves all members that are no Attributes.
  package func keeps(_ member: EntityMember) -> Bool {
    if !attrs.isEmpty {
      guard case .attribute = member else { return true }
      return attrs.contains(member)
    }
    if let pick, !pick.terms.contains(where: { $0.member == member }) { return false }
    return omit?.lists(member) != true
  }

  /// What the Entities keep that are reached through `relationship`, all if nothing is said of
  /// them.
  package func ofEntities(linkedBy relationship: IRI) -> Projection {
    let picksAll = pick?.lists(.attribute(relationship)) ?? true
    return Projection(
      pick: picksAll ? nil : pick?.linked(by: relationship),
      omit: omit?.linked(by: relationship))
  }
}

extension ProjectionTerms {
  /// A member that `omit` takes away and this picks.
  fileprivate func firstConflict(with omit: ProjectionTerms) -> EntityMember? {
    for term in terms {
      if omit.lists(term.member) { return term.member }
      if case .attribute(let relationship) = term.member, let linked = term.linked,
        let omitted = omit.linked(by: relationship),
        let member = linked.firstConflict(with: omitted)
      {
        return member
      }
    }
    return nil
  }
}
