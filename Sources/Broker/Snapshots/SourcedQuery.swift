import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Storage

/// A query of a Snapshot, and what Context Sources have of what it selects.
enum SourcedQuery: Sendable {
  case entities(EntityQuery, SourceFindings<Entity>)
  case history(HistoryQuery, SourceFindings<TemporalEntity>)

  var foreignCount: Int {
    switch self {
    case .entities(_, let findings): findings.found.count
    case .history(_, let findings): findings.found.count
    }
  }

  var warnings: [SourceWarning] {
    switch self {
    case .entities(_, let findings): findings.warnings
    case .history(_, let findings): findings.warnings
    }
  }

  /// The query that `request` makes, of which sources are asked.
  static func entities(
    _ request: QueryRequest, in tenant: TenantNumber, from origin: RequestOrigin,
    by broker: Broker
  ) async throws(NGSILDError) -> SourcedQuery {
    let query = EntityQuery(request)
    return .entities(
      query, try await broker.entitiesAtSources(query, request, in: tenant, from: origin))
  }

  /// As for Entities.
  static func history(
    _ request: TemporalRequest, in tenant: TenantNumber, from origin: RequestOrigin,
    by broker: Broker
  ) async throws(NGSILDError) -> SourcedQuery {
    let query = HistoryQuery(request)
    return .history(
      query, try await broker.historyAtSources(query, request, in: tenant, from: origin))
  }
}

/// What Context Sources have of what all queries of a Snapshot select, each Entity once.
struct SnapshotGathering {
  private var states: [IRI: EntityMerge] = [:]
  private var evolutions: [IRI: HistoryMerge] = [:]
  private let now: DateTime

  init(at now: DateTime) { self.now = now }

  var isEmpty: Bool { states.isEmpty && evolutions.isEmpty }

  mutating func add(_ query: SourcedQuery) {
    switch query {
    case .entities(_, let findings):
      for entity in findings.found { add(entity) }
    case .history(_, let findings):
      for state in findings.states { add(state) }
      for history in findings.found {
        evolutions[IRI(history.id), default: HistoryMerge(by: .observedAt)].add(history)
      }
    }
  }

  private mutating func add(_ entity: Entity) {
    states[IRI(entity.id), default: EntityMerge(at: now)].add(entity)
  }

  /// What Entities are now; of those whose history alone was asked for, by its latest instances.
  var entities: [Entity] {
    var states = self.states
    for history in histories {
      states[IRI(history.id), default: EntityMerge(at: now)].add(history.latest(at: now))
    }
    return states.values.compactMap(\.result).sorted { $0.id < $1.id }
  }

  var histories: [TemporalEntity] {
    evolutions.values.compactMap(\.result).sorted { $0.id < $1.id }
  }
}
