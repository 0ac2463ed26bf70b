import JSONLD
import NGSILD
import Postgres
import Storage

/// Temporal provision (GS CIM 009, 5.6.11 to 5.6.16).
extension Broker {
  /// 5.6.11: returns whether the Entity had no history.
  func upsertTemporalEntity(
    _ fragment: TemporalFragment, on id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Bool {
    let hadHistory = try await database { () throws(PostgresError) in
      try await history.hasHistory(id, tenant: tenant)
    }
    _ = try await perform(.record(fragment), on: id, in: tenant)
    return !hadHistory
  }

  /// 5.6.12: an Entity that was deleted comes to exist again, with the types that it had.
  ///
  /// - Throws: `resourceNotFound` if the Entity has no history.
  func appendTemporalAttributes(
    _ fragment: TemporalFragment, to id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try await requireHistory(of: id, in: tenant)
    var fragment = fragment
    fragment.types =
      try await database { () throws(PostgresError) in
        try await history.types(of: id, tenant: tenant)
      } + fragment.types
    _ = try await perform(.record(fragment), on: id, in: tenant)
  }

  /// 5.6.13.
  ///
  /// - Throws: `resourceNotFound`.
  func deleteTemporalAttribute(
    _ attribute: IRI, _ selection: EntityOperation.InstanceSelection, of id: String,
    in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let count = try await database { () throws(PostgresError) in
      try await history.delete(attribute, selection, of: id, tenant: tenant)
    }
    guard count > 0 else {
      throw NGSILDError(
        .resourceNotFound, "The history of the Entity '\(id)' has no such '\(attribute)'")
    }
  }

  /// 5.6.14.
  ///
  /// - Throws: `resourceNotFound`, `badRequestData`.
  func updateTemporalInstance(
    _ uri: String, of attribute: IRI, _ id: String, by fragment: AttributeFragment,
    in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let now = DateTime.now
    let instance = try Self.instance(uri, of: attribute, id)
    let wasThere = try await database { () throws(PostgresError) in
      try await history.update(instance, of: attribute, id, at: now, tenant: tenant) {
        stored throws(NGSILDError) in
        try stored.modified(by: fragment, named: attribute, at: now)
      }
    }.get()
    guard wasThere else { throw Self.missing(uri, of: attribute, id) }
  }

  /// 5.6.15.
  ///
  /// - Throws: `resourceNotFound`.
  func deleteTemporalInstance(
    _ uri: String, of attribute: IRI, _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let instance = try Self.instance(uri, of: attribute, id)
    let wasThere = try await database { () throws(PostgresError) in
      try await history.delete(instance, of: attribute, id, tenant: tenant)
    }
    guard wasThere else { throw Self.missing(uri, of: attribute, id) }
  }

  /// 5.6.16: the current state of the Entity stays as it is.
  ///
  /// - Throws: `resourceNotFound`.
  func deleteTemporalEntity(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let hadHistory = try await database { () throws(PostgresError) in
      try await history.delete(id, tenant: tenant)
    }
    guard hadHistory else { throw Self.hasNoHistory(id) }
  }

  private static func instance(
    _ uri: String, of attribute: IRI, _ id: String
  ) throws(NGSILDError) -> InstanceID {
    guard let instance = InstanceID(uri: uri) else { throw missing(uri, of: attribute, id) }
    return instance
  }

  private static func missing(_ uri: String, of attribute: IRI, _ id: String) -> NGSILDError {
    NGSILDError(
      .resourceNotFound,
      "The history of '\(attribute)' of the Entity '\(id)' has no instance '\(uri)'")
  }
}
