package import JSON
package import NGSILD
package import NGSILDQuery
import Postgres
package import Storage

/// Context information consumption (GS CIM 009, 5.7).
extension Broker {
  /// 5.7.1: the stored form of an Entity.
  ///
  /// - Throws: `resourceNotFound`, also if its types do not satisfy `types`.
  package func retrieveEntity(
    _ id: String, types: TypeSelection?, in tenant: TenantNumber
  ) async throws(NGSILDError) -> JSONValue {
    let reference = EntityReference(tenant: tenant, id: id)
    guard let document = try await reader.document(of: reference) else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' does not exist")
    }
    let entity = JSONValue(storedDocument: document)
    if let types, !types.matches(types: entity.storedTypes) {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has no type '\(types)'")
    }
    return entity
  }

  /// 5.7.2: one page of the Entities that `query` selects.
  package func queryEntities(
    _ query: EntityQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityPage {
    if let collation = query.ordering?.collation {
      try await queries.create(collation)
    }
    let now = DateTime.now
    let page = try await database { () throws(PostgresError) in
      try await queries.page(query, at: now, tenant: tenant)
    }
    if query.map != nil { try await prune(query, after: page, at: now, in: tenant) }
    return page
  }
}
