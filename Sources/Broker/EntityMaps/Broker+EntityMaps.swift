package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
import Snapshots
package import Storage
import Subscriptions

/// EntityMaps (GS CIM 009, 5.14).
extension Broker {
  /// 5.14.4, 5.14.5: a map of all Entities that a query selects; its page plays no part.
  ///
  /// - Parameters:
  ///   - lifetime: a wish, which the broker's limits bound.
  ///   - origin: nil for what is held here alone.
  package func createEntityMap(
    of request: MapRequest, lifetime: CalendarDuration?, in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async throws(NGSILDError) -> EntityMap {
    guard let (holdings, warnings) = try await holdings(of: request, in: tenant, from: origin)
    else {
      return try await createEntityMap(of: request.query, lifetime: lifetime, in: tenant)
    }
    var map = try await createEntityMap(
      of: request.ownQuery, conditions: request.query.conditions, lifetime: lifetime, in: tenant)
    try await database { () throws(PostgresError) in
      try await entityMaps.add(holdings, to: map.number, tenant: tenant)
    }
    map.sources = holdings.sources
    map.linked = Dictionary(holdings.linked.map { (IRI($0), $1) }, uniquingKeysWith: { $1 })
    map.warnings = warnings
    return map
  }

  /// A map of one Entity, which has been retrieved.
  ///
  /// - Parameters:
  ///   - query: finds it here.
  ///   - holders: registrations whose sources have parts of it.
  package func createEntityMap(
    of id: String, foundBy query: MappedQuery, at holders: [String],
    lifetime: CalendarDuration?, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMap {
    let map = try await createEntityMap(of: query, lifetime: lifetime, in: tenant)
    guard !holders.isEmpty else { return map }
    try await database { () throws(PostgresError) in
      try await entityMaps.add(
        EntityMapStore.Holdings(sources: holders, entities: [(id, holders)], linked: []),
        to: map.number, tenant: tenant)
    }
    return map
  }

  /// A map of what is held here.
  ///
  /// - Parameter conditions: what queries that use it repeat; nil for those of `query`.
  package func createEntityMap(
    of query: MappedQuery, conditions: String? = nil, lifetime: CalendarDuration?,
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMap {
    if case .entities(let query) = query, let collation = query.ordering?.collation {
      try await queries.create(collation)
    }
    let now = DateTime.now
    let new = NewEntityMap(
      conditions: conditions ?? query.conditions,
      expires: entityMapLifetime.expiry(of: lifetime, from: now))
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
    guard stored.conditions.isExactly(query.conditions) else {
      throw .badRequestData(
        "The EntityMap '\(id)' was made by a query with other conditions; they are to be repeated, "
          + "apart from id, idPattern and the page")
    }
    return EntityMap(stored)
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
    return EntityMap(stored)
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
  /// - Parameter origin: nil to leave the maps of sources alone.
  /// - Throws: as `retrieveEntityMap`.
  package func updateEntityMap(
    _ id: String, expiresAt: DateTime?, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) {
    let map = EntityMap(try await retrieveEntityMap(id, in: tenant))
    guard let expiresAt else { return }
    let now = DateTime.now
    let expires = min(expiresAt, now.advanced(by: entityMapLifetime.longest))
    guard try await entityMaps.setExpiry(of: id, to: expires, tenant: tenant, at: now) else {
      throw Self.noEntityMap(id)
    }
    await forward(.updateEntityMap, of: map, in: tenant, from: origin) { address, path in
      address.request("PATCH", path, body: .expiry(expires))
    }
  }

  /// 5.14.3: what it holds is removed in the background.
  ///
  /// - Parameter origin: as for an update.
  /// - Throws: as `retrieveEntityMap`.
  package func deleteEntityMap(
    _ id: String, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) {
    let map = EntityMap(try await retrieveEntityMap(id, in: tenant))
    let now = DateTime.now
    guard try await entityMaps.setExpiry(of: id, to: .earliest, tenant: tenant, at: now) else {
      throw Self.noEntityMap(id)
    }
    await forward(.deleteEntityMap, of: map, in: tenant, from: origin) { address, path in
      address.request("DELETE", path)
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
  /// Registrations whose sources were asked; empty where all is held here.
  package var sources: [String] = []
  /// The sources' own maps, by registration.
  var linked: [IRI: String] = [:]
  /// Which sources did not answer when it was made.
  package var warnings: [SourceWarning] = []

  init(id: String, number: EntityMapNumber) {
    self.id = id
    self.number = number
  }

  fileprivate init(_ stored: StoredEntityMap) {
    self.init(id: stored.id, number: stored.number)
    sources = stored.sources
    for (source, map) in stored.linked.members {
      linked[source.string ?? ""] = map.string
    }
  }
}
