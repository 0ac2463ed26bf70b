package import JSONLD
package import NGSILD
package import NGSILDQuery

/// What Context Sources hold of the history of Entities, to be read beside what is held here.
package struct ForeignHistory: Sendable {
  /// What sources alone may contribute to.
  package struct Claim: Sendable {
    /// Empty for all Entities.
    package let selectors: [EntitySelector]
    /// Empty for Entities as a whole.
    package let attributes: Set<IRI>

    package init(selectors: [EntitySelector], attributes: Set<IRI>) {
      self.selectors = selectors
      self.attributes = attributes
    }
  }

  /// Each Entity once.
  package let evolutions: [TemporalEntity]
  package let claims: [Claim]
  /// Whether these Entities are selected whatever conditions there are, since their sources have
  /// evaluated them; if not, conditions hold for what is put together.
  package let areSelected: Bool
  /// The last instant, seen from where reading begins, of which all sources have given everything;
  /// nil if they have given all.
  package let end: DateTime?

  package init(
    _ evolutions: [TemporalEntity], claims: [Claim], areSelected: Bool, end: DateTime? = nil
  ) {
    self.evolutions = evolutions
    self.claims = claims
    self.areSelected = areSelected
    self.end = end
  }
}
