package import JSONLD

/// How Entities that Relationships refer to are answered with those that refer to them.
///
/// Standard: Linked Entity retrieval (GS CIM 009, 4.5.23).
package struct Join: Hashable, Sendable {
  package enum Form: String, Sendable {
    /// After the Entities that refer to them, each once.
    case flat
    /// Within each Relationship that refers to them.
    case inline
  }

  /// Choice: the depth up to which Relationships are followed; a request for more is refused.
  package static let levelMax = 10

  package let form: Form
  /// How many Relationships are followed one after the other at most, from 1 on.
  package let level: Int
  /// Ids of Entities that the caller has already, and that are not answered again.
  package let containedBy: Set<IRI>

  package init(_ form: Form, level: Int = 1, containedBy: Set<IRI> = []) {
    precondition(1...Self.levelMax ~= level)
    self.form = form
    self.level = level
    self.containedBy = containedBy
  }
}
