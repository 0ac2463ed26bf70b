package import JSONLD
package import NGSILDQuery

/// Which Entities are asked for, and which page of them.
///
/// Standard: Query Entities (GS CIM 009, 5.7.2); every condition that is given has to hold.
package struct EntityQuery: Sendable {
  package var selector = EntitySelector()
  /// `attrs`: an Entity has at least one of them; empty for any.
  package var attributes: [IRI] = []
  package var query: Query?
  package var geo: GeoQuery?
  package var scopes: ScopeQuery?
  package var limit = 20
  package var offset = 0
  package var wantsCount = false

  package init() {}
}

/// The stored forms of one page's Entities.
package struct EntityPage: Sendable {
  package let documents: [[UInt8]]
  /// Whether there are Entities after this page.
  package let hasMore: Bool
  /// All Entities that match; nil unless asked for.
  package let count: Int?
}
