import JSON
package import NGSILD
import Postgres
package import Storage

/// Linked Entity retrieval (GS CIM 009, 4.5.23).
extension Broker {
  /// Loads the Entities that `traversal` leads to, those of one level at once.
  ///
  /// Ids that no Entity has are passed over.
  package func follow(
    _ traversal: inout LinkTraversal, in tenant: TenantNumber, at now: DateTime
  ) async throws(NGSILDError) {
    while let ids = try traversal.next() {
      let references = ids.map { EntityReference(tenant: tenant, id: $0) }
      let documents = try await database { () throws(PostgresError) in
        try await entities.documents(references, at: now)
      }
      traversal.add(documents.compactMap { $0.map(JSONValue.init(storedDocument:)) })
    }
  }
}
