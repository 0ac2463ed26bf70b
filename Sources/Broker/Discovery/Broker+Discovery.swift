package import DistributedOperations
import JSONLD
package import NGSILD
import Postgres
package import Storage

/// Which Entity types and Attributes there are (GS CIM 009, 5.7.5 to 5.7.11).
extension Broker {
  /// What is known, here and at sources, of what is asked for; nothing where there is none.
  ///
  /// - Parameter origin: nil for what is held here alone.
  package func discover(
    _ read: DiscoveryRead, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> Discovery {
    async let found = discoverAtSources(read, in: tenant, from: origin)
    var discovery = try await discoverHere(read, in: tenant)
    discovery.add(await found)
    return discovery
  }

  private func discoverHere(
    _ read: DiscoveryRead, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Discovery {
    switch read {
    case .types(let details):
      let census = try await census(details ? .all : .entities, in: tenant)
      return Discovery(types: AvailableType.list(census))
    case .type(let name):
      let types = AvailableType.list(try await census(.type(name), in: tenant))
      return Discovery(types: types.filter { $0.name == name })
    case .attributes:
      return Discovery(
        attributes: AvailableAttribute.list(try await census(.all, in: tenant).attributes))
    case .attribute(let name):
      let attributes = try await census(.attribute(name), in: tenant).attributes
      return Discovery(attributes: AvailableAttribute.list(attributes))
    }
  }

  private func census(
    _ part: Census.Part, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Census {
    try await database { () throws(PostgresError) in
      try await census.census(part, at: .now, tenant: tenant)
    }
  }
}
