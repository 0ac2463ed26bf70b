package import JSONLD
package import NGSILD
package import NGSILDQuery
import Registrations

/// What one Context Source is asked for: never more than it has registered.
package struct SourceRead: Hashable, Sendable {
  package enum Operation: Hashable, Sendable {
    /// 5.7.1.
    case retrieveEntity
    /// 5.7.2 by GET.
    case queryEntity
    /// 5.7.2 by POST.
    case queryBatch
    /// 5.7.3.
    case retrieveTemporal
    /// 5.7.4.
    case queryTemporal

    /// Whether it asks for one Entity by its path.
    var isRetrieval: Bool { self == .retrieveEntity || self == .retrieveTemporal }
  }

  /// The id of the registration.
  package let source: String
  package let operation: Operation
  package var selector: EntitySelector
  /// What ids have to match beside the selector; nil for nothing.
  var registeredPattern: Pattern?
  /// Empty for all.
  package let attributes: Set<IRI>
  /// What the source evaluates.
  package var filters = ReadFilters()
  /// Which instances of the temporal evolution; nil for the current state.
  package var temporal: TemporalQuery?
  /// The source's own EntityMap, which it is to use; nil for none.
  package var entityMap: String?
}

/// Conditions that go with a read to where the Entities are.
package struct ReadFilters: Hashable, Sendable {
  package var query: Query?
  package var scopes: ScopeQuery?
  package var geo: GeoQuery?
  package var sources: Query?
  package var datasets: DatasetSelection?

  package init() {}

  init(_ request: QueryRequest) {
    query = request.query
    scopes = request.scopes
    geo = request.geo
    sources = request.sources
    datasets = request.datasets
  }
}

extension SourceRead {
  /// What of an answered evolution was asked for; nil for nothing.
  package func part(of evolution: TemporalEntity) -> TemporalEntity? {
    guard holds(evolution.id, evolution.types) else { return nil }
    guard !attributes.isEmpty else { return evolution }
    var part = evolution
    part.attributes.removeAll { !attributes.contains($0.name) }
    return part
  }

  /// Whether an answered Entity was asked for: a source is not believed to hold what it has not
  /// registered.
  func holds(_ id: String, _ types: [IRI]) -> Bool {
    selector.matches(id: IRI(id), types: types) && registeredPattern?.matches(id) ?? true
  }

  /// Whether an Entity can be in an answer; a retrieval names no types.
  package func asks(for id: String, types: [IRI]) -> Bool {
    let asked = operation.isRetrieval ? EntitySelector(ids: selector.ids) : selector
    return asked.matches(id: IRI(id), types: types)
  }

  /// The same read of some Entities alone; nil if it asks for none of them.
  package func restricted(to ids: [String]) -> SourceRead? {
    guard !operation.isRetrieval, let restricted = selector.restricted(to: ids) else {
      return nil
    }
    var read = self
    read.selector = restricted
    return read
  }
}
