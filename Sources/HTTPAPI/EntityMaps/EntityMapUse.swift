import Broker
import DistributedOperations
import HTTPServer
import NGSILD
import NGSILDQuery
import Storage

/// The EntityMap that a request uses, or has made (GS CIM 009, 5.5.14).
struct EntityMapUse {
  let map: EntityMap
  /// What the answer names it by: as the request did, where it named one that lives.
  private let location: String
  /// Whether the request has made it.
  let isNew: Bool

  static let header = "NGSILD-EntityMap"

  init(_ map: EntityMap, namedBy reference: String) {
    self.map = map
    location = reference
    isNew = false
  }

  init(new map: EntityMap) {
    self.map = map
    location = "/ngsi-ld/v1/entityMaps/\(map.id)"
    isNew = true
  }

  /// The id within what a request names a map by: its URL, path or id.
  static func id(in reference: String) -> String {
    let last = reference.split(separator: "/").last.map(String.init) ?? reference
    // An id may be a URL itself; then it stands alone.
    guard reference.contains("/entityMaps/") else { return reference }
    return percentDecoded(last, plusIsSpace: false) ?? last
  }

  /// - Parameter creates: whether the answer to a request that makes a map says so by its status.
  func mark(_ response: inout HTTPResponse, creates: Bool = true) {
    response.headers.append((Self.header, location))
    if isNew {
      response.add(map.warnings)
      if creates && response.status == 200 { response.status = 201 }
    }
  }
}

extension API {
  /// The map that a query names and, where that is no more, or the query asks for one, a new one;
  /// nil without either.
  ///
  /// - Parameter origin: nil for what is held here alone.
  func entityMap(
    of call: Call, for request: MapRequest, _ wish: EntityMapWish, in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async throws(NGSILDError) -> EntityMapUse? {
    try await entityMap(of: call, wish) { id throws(NGSILDError) in
      try await broker.entityMap(id, for: request.query, in: tenant)
    } create: { () throws(NGSILDError) in
      try await broker.createEntityMap(
        of: request, lifetime: wish.lifetime, in: tenant, from: origin)
    }
  }

  /// The same for a retrieval.
  ///
  /// - Parameters:
  ///   - query: finds the Entity here.
  ///   - holders: registrations whose sources have parts of it.
  func entityMap(
    of call: Call, retrieving id: String, by query: MappedQuery, at holders: [String],
    _ wish: EntityMapWish, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityMapUse? {
    try await entityMap(of: call, wish) { map throws(NGSILDError) in
      try await broker.entityMap(map, holding: id, in: tenant)
    } create: { () throws(NGSILDError) in
      try await broker.createEntityMap(
        of: id, foundBy: query, at: holders, lifetime: wish.lifetime, in: tenant)
    }
  }

  private func entityMap(
    of call: Call, _ wish: EntityMapWish,
    find: (String) async throws(NGSILDError) -> EntityMap?,
    create: () async throws(NGSILDError) -> EntityMap
  ) async throws(NGSILDError) -> EntityMapUse? {
    if let reference = call.request.headers.first(EntityMapUse.header) {
      if let map = try await find(EntityMapUse.id(in: reference)) {
        return EntityMapUse(map, namedBy: reference)
      }
    } else if !wish.isWanted {
      return nil
    }
    return EntityMapUse(new: try await create())
  }
}
