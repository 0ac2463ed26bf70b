import DistributedOperations
import NGSILD
package import NGSILDQuery
import Registrations
package import Storage

/// A query that a map is made of, or is used with: as this broker carries it out, and as it was
/// made.
package enum MapRequest: Sendable {
  case entities(EntityQuery, QueryRequest)
  case history(HistoryQuery, TemporalRequest)

  package var query: MappedQuery {
    switch self {
    case .entities(let query, _): .entities(query)
    case .history(let query, _): .history(query)
    }
  }

  var conditions: QueryRequest {
    switch self {
    case .entities(_, let request): request
    case .history(_, let request): request.conditions
    }
  }

  var splits: Bool { conditions.splitsEntities ?? false }

  var time: Distribution.Time {
    switch self {
    case .entities: .present
    case .history(_, let request): .past(request.temporal)
    }
  }

  func plan(for registrations: [Registration]) -> ReadPlan {
    switch self {
    case .entities(_, let request):
      ReadPlan(querying: request, splits: splits, from: registrations)
    case .history(_, let request):
      ReadPlan(
        queryingHistory: request, splits: splits, aggregates: false, from: registrations)
    }
  }

  /// What a map holds of what is here: of split Entities, all that may come to satisfy the
  /// conditions.
  var ownQuery: MappedQuery {
    guard splits else { return query }
    switch self {
    case .entities(let query, _):
      var candidates = EntityQuery()
      candidates.selectors = query.selectors
      return .entities(candidates)
    case .history(let query, _):
      var candidates = HistoryQuery(HistoryPart(query.part.temporal))
      candidates.selectors = query.selectors
      return .history(candidates)
    }
  }
}
