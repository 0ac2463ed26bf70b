package import JSONLD
package import NGSILD
import Postgres
package import Storage

/// Which Entity types and Attributes there are (GS CIM 009, 5.7.5 to 5.7.10).
extension Broker {
  /// 5.7.5, and 5.7.6 where Attributes are asked for: without, none has any.
  package func availableTypes(
    withAttributes: Bool, in tenant: TenantNumber
  ) async throws(NGSILDError) -> [AvailableType] {
    AvailableType.list(try await census(withAttributes ? .all : .entities, in: tenant))
  }

  /// 5.7.7.
  ///
  /// - Throws: `resourceNotFound`.
  package func availableType(
    _ type: IRI, in tenant: TenantNumber
  ) async throws(NGSILDError) -> AvailableType {
    let types = AvailableType.list(try await census(.type(type), in: tenant))
    guard let found = types.first(where: { $0.name == type }) else {
      throw NGSILDError(.resourceNotFound, "There is no Entity of the type '\(type)'")
    }
    return found
  }

  /// 5.7.8 and 5.7.9.
  package func availableAttributes(
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> [AvailableAttribute] {
    AvailableAttribute.list(try await census(.all, in: tenant).attributes)
  }

  /// 5.7.10.
  ///
  /// - Throws: `resourceNotFound`.
  package func availableAttribute(
    _ name: IRI, in tenant: TenantNumber
  ) async throws(NGSILDError) -> AvailableAttribute {
    let attributes = try await census(.attribute(name), in: tenant).attributes
    guard let found = AvailableAttribute.list(attributes).first else {
      throw NGSILDError(.resourceNotFound, "No Entity has the Attribute '\(name)'")
    }
    return found
  }

  private func census(
    _ part: Census.Part, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Census {
    try await database { () throws(PostgresError) in
      try await census.census(part, at: .now, tenant: tenant)
    }
  }
}
