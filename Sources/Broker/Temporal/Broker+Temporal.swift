package import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
package import Storage

/// Temporal consumption (GS CIM 009, 5.7.3).
extension Broker {
  /// The history of one Entity.
  ///
  /// - Throws: `resourceNotFound` if the Entity never existed or never had the Attributes;
  ///   `tooManyResults` beyond what one answer holds.
  package func retrieveTemporalEntity(
    _ id: String, _ query: TemporalQuery, attributes: [IRI], in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntityHistory {
    let found = try await database { () throws(PostgresError) in
      try await history.history(
        of: id, query, attributes: attributes, at: .now, tenant: tenant)
    }
    guard let found else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(id)' has no history")
    }
    guard found.instances.count <= HistoryStore.instancesMax else {
      throw NGSILDError(
        .tooManyResults,
        "More than \(HistoryStore.instancesMax) instances; narrow it by timerel or lastN")
    }
    return found
  }
}
