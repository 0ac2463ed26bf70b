package import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres
package import Storage

/// Temporal consumption (GS CIM 009, 5.7.3, 5.7.4).
extension Broker {
  /// The history of one Entity.
  ///
  /// - Parameter attributes: of which it has to have at least one; any will do if they are empty.
  /// - Throws: `resourceNotFound`.
  package func retrieveTemporalEntity(
    _ id: String, _ part: HistoryPart, requiring attributes: Set<IRI>, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryPage {
    let page = try await database { () throws(PostgresError) in
      try await history.history(of: id, part, at: .now, tenant: tenant)
    }
    guard let page else { throw Self.hasNoHistory(id) }
    if page.histories.allSatisfy(\.series.isEmpty) {
      try await requireHistory(of: id, attributes, in: tenant)
    }
    return page
  }

  /// One page of the Entities that `query` selects by their past, with their history.
  package func queryTemporalEntities(
    _ query: HistoryQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryPage {
    try await database { () throws(PostgresError) in
      try await history.page(query, at: .now, tenant: tenant)
    }
  }

  /// - Throws: `resourceNotFound` if the Entity has no history, of `attributes` if they are given.
  func requireHistory(
    of id: String, _ attributes: Set<IRI> = [], in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let hasHistory = try await database { () throws(PostgresError) in
      try await history.hasHistory(id, of: attributes, tenant: tenant)
    }
    guard !hasHistory else { return }
    if attributes.isEmpty { throw Self.hasNoHistory(id) }
    throw NGSILDError(
      .resourceNotFound, "The Entity '\(id)' never had any of the Attributes asked for")
  }

  static func hasNoHistory(_ id: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "The Entity '\(id)' has no history")
  }
}
