package import JSONLD
import NGSILD
package import NGSILDQuery

/// Which Entities are asked for by what they were, and which part of their history.
///
/// Standard: Query Temporal Evolution of Entities (GS CIM 009, 5.7.4.4).
package struct HistoryQuery: Hashable, Sendable {
  /// One of them has to select; all Entities are selected if there is none.
  package var selectors: [EntitySelector] = []
  package var query: Query?
  package var geo: GeoQuery?
  package var scopes: ScopeQuery?
  package var part: HistoryPart
  package var order = Order.creation
  /// Only Entities of this map are looked at, in its order.
  package var map: EntityMapNumber?
  package var limit = 20
  package var offset = 0
  package var wantsCount = false

  package enum Order: Hashable, Sendable {
    case creation, ascendingID, descendingID
    /// That of these ids.
    case given([String])
  }

  package init(_ part: HistoryPart) { self.part = part }
}

/// The part of the history of Entities that is asked for.
package struct HistoryPart: Hashable, Sendable {
  package var temporal: TemporalQuery
  package var attributes = Attributes.all
  package var showsScopes = true
  package var datasets: DatasetSelection?
  /// Whether the hourly figures that retention left count as well.
  var countsHours = false

  package enum Attributes: Hashable, Sendable {
    case all
    case only(Set<IRI>)
    case except(Set<IRI>)

    var names: Set<IRI> {
      switch self {
      case .all: []
      case .only(let names), .except(let names): names
      }
    }
  }

  package init(_ temporal: TemporalQuery) { self.temporal = temporal }
}

/// How much of the history one answer holds.
package struct HistoryLimits: Hashable, Sendable {
  /// Instances of each Attribute.
  package var instancesPerAttribute = 10_000
  /// Instances altogether; shared out evenly if all Attributes have so many.
  package var instances = 50_000
  /// Periods of an aggregation.
  package var periods = 100_000

  package init() {}
}
