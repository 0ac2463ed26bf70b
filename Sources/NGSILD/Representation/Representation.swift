import JSON
package import JSONLD

/// How Entities are shown to who asked for them.
///
/// Standard: representations (GS CIM 009, 4.5; parameters 6.3.7, 6.3.11).
package struct Representation: Sendable {
  package enum Format: Sendable { case normalized, concise, simplified }

  package var format: Format
  /// Whether `createdAt`, `modifiedAt` and `expiresAt` are shown.
  package var showsSystemAttributes: Bool
  package var members: MemberSelection
  /// Instances to keep by `datasetId`, nil standing for the default one; nil keeps all.
  package var datasets: Set<IRI?>?
  /// Entities to show within the Relationships that refer to them; nil for none.
  package var links: LinkedEntities?
  /// Which language LanguageProperties are reduced to; nil leaves them whole (4.15).
  package var language: LanguageFilter?
  /// The older version of the standard that the reader knows; nil for this one (4.3.6.8).
  package var olderVersion: SpecificationVersion?
  package var context: Context
  /// Whether each Entity carries the `@context` (JSON-LD bodies).
  package var embedsContext: Bool

  package init(
    format: Format = .normalized, showsSystemAttributes: Bool = false,
    members: MemberSelection = .all, datasets: Set<IRI?>? = nil,
    language: LanguageFilter? = nil, olderVersion: SpecificationVersion? = nil, context: Context,
    embedsContext: Bool = false
  ) {
    self.format = format
    self.showsSystemAttributes = showsSystemAttributes
    self.members = members
    self.datasets = datasets
    self.language = language
    self.olderVersion = olderVersion
    self.context = context
    self.embedsContext = embedsContext
  }
}

/// Which members of an Entity are shown (4.21).
package enum MemberSelection: Sendable, Hashable {
  case all
  /// `attrs`: id, type and scope always, and these Attributes.
  case attributes(Set<IRI>)
  /// `pick`: these members and nothing else.
  case pick(core: Set<CoreMember>, attributes: Set<IRI>)
  /// `omit`: all but these members.
  case omit(core: Set<CoreMember>, attributes: Set<IRI>)

  package func shows(_ member: CoreMember) -> Bool {
    switch self {
    case .all, .attributes: true
    case .pick(let core, _): core.contains(member)
    case .omit(let core, _): !core.contains(member)
    }
  }

  package func shows(_ attribute: IRI) -> Bool {
    switch self {
    case .all: true
    case .attributes(let names), .pick(_, let names): names.contains(attribute)
    case .omit(_, let names): !names.contains(attribute)
    }
  }

  /// Whether the Attribute is shown that has this name in a stored Entity.
  func shows(stored name: JSONView) -> Bool {
    switch self {
    case .all: true
    case .attributes(let names), .pick(_, let names): names.contains { name.isSpelt($0) }
    case .omit(_, let names): !names.contains { name.isSpelt($0) }
    }
  }
}

extension JSONView {
  /// Whether this stored name is `iri`.
  func isSpelt(_ iri: IRI) -> Bool {
    guard !hasEscapes else { return value.string == iri.text }
    return contents.count == iri.text.utf8.count && contents.elementsEqual(iri.text.utf8)
  }
}
