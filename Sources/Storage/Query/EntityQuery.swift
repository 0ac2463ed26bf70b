package import JSONLD
package import NGSILDQuery

/// Which Entities are asked for, in which order, and which page of them.
///
/// Standard: Query Entities (GS CIM 009, 5.7.2); every condition that is given has to hold.
package struct EntityQuery: Hashable, Sendable {
  /// One of them has to select; all Entities are selected if there is none.
  package var selectors: [EntitySelector] = []
  /// `attrs`: an Entity has at least one of them; empty for any.
  package var attributes: [IRI] = []
  package var query: Query?
  package var geo: GeoQuery?
  package var scopes: ScopeQuery?
  /// Only Entities of this map are looked at, in its order.
  package var map: EntityMapNumber?
  /// Nil for the order of creation.
  package var ordering: Ordering?
  package var limit = 20
  package var offset = 0
  /// What places the page instead of the offset, in the order of creation.
  package var cursor: PageCursor?
  package var wantsCount = false

  package init() {}

  /// The conditions of a request; the page is the caller's to say.
  package init(_ request: QueryRequest) {
    selectors = request.selectors
    attributes = request.projection.attributes
    query = request.query
    geo = request.geo
    scopes = request.scopes
    ordering = request.ordering
  }

  /// The same for a page among Entities from elsewhere, which have no place here.
  package var placedByOffset: EntityQuery {
    var query = self
    query.cursor = nil
    return query
  }

  /// Whether its pages are in the order of creation.
  var isInOrderOfCreation: Bool { map == nil && ordering == nil }
}
