package import NGSILD
package import Storage

/// Context information provision (GS CIM 009, 5.6).
extension Broker {
  /// Carries out one operation on one Entity; returns once it is committed.
  ///
  /// - Parameter request: what asks for it.
  package func perform(
    _ operation: EntityOperation, on id: String, in tenant: TenantNumber,
    by request: RequestHeaders? = nil
  ) async throws(NGSILDError) -> OperationResult {
    try await writer.perform(
      operation, on: EntityReference(tenant: tenant, id: id), at: .now, by: request)
  }

  /// What a batch operation answers for one of its items.
  package typealias BatchOutcome = Result<OperationResult, NGSILDError>

  /// 5.6.7 to 5.6.10: operations on several Entities, each atomic by itself, in order for each
  /// Entity, all with one timestamp (5.5.11).
  package func performBatch(
    _ operations: [(id: String, operation: EntityOperation)], in tenant: TenantNumber,
    by request: RequestHeaders? = nil
  ) async -> [BatchOutcome] {
    let requests = operations.map { id, operation in
      (EntityReference(tenant: tenant, id: id), operation)
    }
    return await writer.perform(requests, at: .now, by: request)
  }
}
