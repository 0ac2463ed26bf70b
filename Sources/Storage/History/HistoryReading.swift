package import JSONLD
package import NGSILD
package import Postgres

/// The history of some Entities, to be read piece by piece: however long it is, little is held at
/// once.
package struct HistoryReading: Sendable {
  /// Without their series.
  package let entities: [EntityHistory]
  package let hasMore: Bool
  /// All Entities that match; nil unless asked for.
  package let count: Int?
  private let places: [Int64: Int]
  private var pieces: SeriesPieces

  /// Consecutive instances of one Attribute.
  package struct Piece {
    package let entity: EntityHistory
    /// Nil for the Entity's scopes.
    package let attribute: IRI?
    package let instances: [EntityHistory.Instance]
  }

  init(_ found: HistoryStore.FoundEntities, _ pieces: SeriesPieces) {
    entities = found.entities.map(\.history)
    hasMore = found.hasMore
    count = found.count
    places = Dictionary(uniqueKeysWithValues: zip(found.entities.map(\.key), entities.indices))
    self.pieces = pieces
  }

  fileprivate mutating func next(
    from store: HistoryStore
  ) async throws(PostgresError) -> [Piece] {
    try await pieces.next(from: store.pool).compactMap { piece in
      places[piece.series.entity].map { place in
        Piece(
          entity: entities[place], attribute: store.names.attribute(piece.series.attribute),
          instances: piece.instances)
      }
    }
  }
}

extension HistoryStore {
  /// The history of one Entity; nil if it has none.
  package func reading(
    of id: String, _ part: HistoryPart, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> HistoryReading? {
    try await findNames(part)
    let scope = queryScope(at: now, tenant: tenant)
    let entities = try await entities(pool.query(Self.entity(id, tenant: tenant)), tenant: tenant)
    guard !entities.isEmpty, try await hasHistory(id, tenant: tenant) else { return nil }
    let found = FoundEntities(
      scope: scope, entities: entities, hasMore: false, count: nil)
    return try await reading(
      found, HistoryPlan(part, limits: limits, in: found.scope))
  }

  /// The history of one page of the Entities that `query` selects.
  package func reading(
    _ query: HistoryQuery, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> HistoryReading {
    let found = try await select(query, at: now, tenant: tenant)
    return try await reading(
      found, HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: found.scope))
  }

  private func reading(
    _ found: FoundEntities, _ plan: HistoryPlan
  ) async throws(PostgresError) -> HistoryReading {
    let series = try await series(of: found.entities.map(\.key), plan, in: found.scope)
    return HistoryReading(found, SeriesPieces(series, plan, in: found.scope))
  }

  /// The next instances, Entity by Entity, in the order of the Attributes' names and of time; none
  /// once all have been read.
  package func next(
    of reading: inout HistoryReading
  ) async throws(PostgresError) -> [HistoryReading.Piece] {
    try await reading.next(from: self)
  }
}
