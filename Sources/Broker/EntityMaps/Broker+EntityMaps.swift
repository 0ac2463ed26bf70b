import JSON
package import NGSILD
package import NGSILDQuery
import Postgres
import Snapshots
package import Storage
import Subscriptions

/// EntityMaps (GS CIM 009, 5.14).
extension Broker {
  /// 5.14.4, 5.14.5: a map of all Entities that `query` selects; its page plays no part.
  ///
  /// - Parameter lifetime: a wish, which the broker's limits bound.
  package func createEntityMap(
    of query: MappedQuery, lifetime: CalendarDuration?, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMap {
    if case .entities(let query) = query, let collation = query.ordering?.collation {
      try await queries.create(collation)
    }
    let now = DateTime.now
    let new = NewEntityMap(
      conditions: query.conditions, expires: entityMapLifetime.expiry(of: lifetime, from: now))
    let made = try await database { () throws(PostgresError) in
      switch query {
      case .entities(let query):
        try await queries.createMap(
          new, of: query, at: now, tenant: tenant, newID: Self.newEntityMapID)
      case .history(let query):
        try await history.createMap(
          new, of: query, at: now, tenant: tenant, newID: Self.newEntityMapID)
      }
    }
    return EntityMap(id: made.id, number: made.number)
  }

  private static func newEntityMapID() -> String { "urn:ngsi-ld:EntityMap:\(UUIDText())" }

  /// How long maps are kept.
  private var entityMapLifetime: LifetimeLimits {
    LifetimeLimits(standard: .seconds(3600), longest: snapshots.limits.longest)
  }

  /// The map that a request names, to be used with a query; nil if there is
  /// none, or no more (5.5.14).
  ///
  /// - Throws: `badRequestData` if the map was made with other conditions.
  package func entityMap(
    _ id: String, for query: MappedQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMap? {
    guard let stored = try await entityMaps.map(id, tenant: tenant, at: .now) else { return nil }
    guard stored.conditions == query.conditions else {
      throw .badRequestData(
        "The EntityMap '\(id)' was made by a query with other conditions; they are to be repeated, "
          + "apart from id, idPattern and the page")
    }
    return EntityMap(id: id, number: stored.number)
  }

  // MARK: Use

  /// The same for the retrieval of one Entity, whatever the conditions of the map were.
  ///
  /// - Throws: `resourceNotFound` if the Entity is not in the map.
  package func entityMap(
    _ id: String, holding entity: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMap? {
    guard let stored = try await entityMaps.map(id, tenant: tenant, at: .now) else { return nil }
    guard try await entityMaps.holds(entity, stored) else {
      throw NGSILDError(
        .resourceNotFound, "The Entity '\(entity)' is not in the EntityMap '\(id)'")
    }
    return EntityMap(id: id, number: stored.number)
  }

  /// Removes from the map of a query what it no longer finds, as far as its page goes (5.5.9.3).
  func prune(
    _ query: EntityQuery, after page: EntityPage, at now: DateTime, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let last = page.documents.last.flatMap { JSONValue(storedDocument: $0)["id"]?.string }
    guard last != nil || !page.hasMore else { return }
    try await database { () throws(PostgresError) in
      try await queries.prune(query, upTo: page.hasMore ? last : nil, at: now, tenant: tenant)
    }
  }

  /// - Parameter last: the last Entity of the page, in stored form.
  func prune(
    _ query: HistoryQuery, after last: JSONValue?, hasMore: Bool, at now: DateTime,
    in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let last = last?["id"]?.string
    guard query.map != nil, last != nil || !hasMore else { return }
    try await database { () throws(PostgresError) in
      try await history.prune(query, upTo: hasMore ? last : nil, at: now, tenant: tenant)
    }
  }

  // MARK: Resources

  /// 5.14.1.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func retrieveEntityMap(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> StoredEntityMap {
    try requireURI(id, as: "The EntityMap id")
    guard let map = try await entityMaps.map(id, tenant: tenant, at: .now) else {
      throw Self.noEntityMap(id)
    }
    return map
  }

  /// 5.14.2: only the expiry can be changed, as far as the broker's limits allow.
  ///
  /// - Throws: as `retrieveEntityMap`.
  package func updateEntityMap(
    _ id: String, expiresAt: DateTime?, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    _ = try await retrieveEntityMap(id, in: tenant)
    guard let expiresAt else { return }
    let now = DateTime.now
    let expires = min(expiresAt, now.advanced(by: entityMapLifetime.longest))
    guard try await entityMaps.setExpiry(of: id, to: expires, tenant: tenant, at: now) else {
      throw Self.noEntityMap(id)
    }
  }

  /// 5.14.3: what it holds is removed in the background.
  ///
  /// - Throws: as `retrieveEntityMap`.
  package func deleteEntityMap(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The EntityMap id")
    let now = DateTime.now
    guard try await entityMaps.setExpiry(of: id, to: .earliest, tenant: tenant, at: now) else {
      throw Self.noEntityMap(id)
    }
  }

  private static func noEntityMap(_ id: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "The EntityMap '\(id)' does not exist")
  }
}

/// A map that a request uses.
package struct EntityMap: Sendable {
  package let id: String
  package let number: EntityMapNumber
}
