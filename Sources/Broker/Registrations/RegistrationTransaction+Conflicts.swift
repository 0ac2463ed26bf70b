import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// What forbids that a source has something alone (GS CIM 009, 5.9.2.4).
extension RegistrationTransaction {
  /// Another registration, or an Entity that is held here, that forbids a registration.
  ///
  /// - Parameter number: of the one that is updated.
  func conflict(
    with registration: Registration, replacing number: RegistrationNumber? = nil
  ) async throws(PostgresError) -> NGSILDError? {
    if let other = index.conflict(with: registration, replacing: number, at: now) {
      return NGSILDError(
        .conflict,
        "The \(other.registration.mode.rawValue) registration '\(other.registration.id)' is about "
          + "the same Entity and Attributes")
    }
    guard registration.mode.isProxied, let entity = try await entityHeldHere(of: registration)
    else { return nil }
    return NGSILDError(
      .conflict,
      "The Entity '\(entity)' is held here, and the registration says that its source alone has it")
  }

  /// The id of an Entity here of which a registration tells.
  private func entityHeldHere(
    of registration: Registration
  ) async throws(PostgresError) -> String? {
    try await queries.adoptSettings(on: connection)
    let keys = try await queries.keys()
    for info in registration.information {
      let found = try await queries.references(
        EntityQuery(info), in: keys, limit: 1, at: now, tenant: tenant, on: connection)
      if let first = found.first { return first.reference.id }
    }
    return nil
  }
}

extension EntityQuery {
  /// Entities that a source says it has: with any of the types and Attributes.
  fileprivate init(_ info: RegistrationInfo) {
    self.init()
    attributes = info.attributes
    selectors = info.entities.map { entity in
      NGSILDQuery.EntitySelector(
        types: entity.types.isEmpty ? nil : .anyOf(entity.types.map { [$0] }),
        ids: entity.id.map { [$0] } ?? [], idPattern: entity.id == nil ? entity.idPattern : nil)
    }
  }
}
