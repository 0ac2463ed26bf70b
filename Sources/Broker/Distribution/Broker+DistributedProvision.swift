package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
package import NGSILDQuery
import Registrations
package import Storage

/// Context information provision over Context Sources (GS CIM 009, 5.6).
extension Broker {
  /// Carries out a write on one Entity, each source and this broker its part.
  ///
  /// - Parameter types: the Entity's, as far as the client tells; else those that it has here.
  package func perform(
    _ write: SourceWrite, types: TypeSelection?, in tenant: TenantNumber,
    from origin: RequestOrigin, by request: RequestHeaders
  ) async throws(NGSILDError) -> WriteOutcome {
    let specification = try await specification(of: write, types: types, in: tenant)
    let distribution = Distribution(of: specification, from: origin, in: tenant, by: self)
    let plan = distribution?.plan(write)
    guard let distribution, let plan, !plan.isLocal else {
      return WriteOutcome(
        local: await ownPart(of: write, .all, types, in: tenant, by: request), parts: [])
    }
    async let parts = SourceWriter(distribution: distribution).outcomes(of: plan, write.request)
    var local: Result<WriteOutcome.Own, NGSILDError>?
    if let share = plan.local {
      local = await ownPart(of: write, share, types, in: tenant, by: request)
    }
    return WriteOutcome(
      local: local, parts: await parts,
      tolerating: write.operation.isDeletion ? .whereClaimed : .nowhere)
  }

  /// The Entity that a write is about; its types, where nobody tells them, exclude nothing.
  private func specification(
    of write: SourceWrite, types: TypeSelection?, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntitySpecification {
    let attributes = Array(write.operation.attributes ?? [])
    if let types {
      let selector = EntitySelector(types: types, ids: [IRI(write.id)])
      return EntitySpecification(selectors: [selector], attributes: attributes)
    }
    var known = write.operation.types
    if known.isEmpty {
      let reference = EntityReference(tenant: tenant, id: write.id)
      let document = try await reader.document(of: reference)
      known = document.map { JSONValue(storedDocument: $0).storedTypes } ?? []
    }
    return EntitySpecification(id: IRI(write.id), types: known, attributes: attributes)
  }

  /// Hands a purge on, in the client's own words, to all sources that hold what it may select
  /// (5.6.21.4).
  ///
  /// - Parameter parameters: decoded.
  package func forwardPurge(
    _ request: QueryRequest, parameters: [(name: String, value: String)], in tenant: TenantNumber,
    from origin: RequestOrigin?
  ) async -> [WriteOutcome.Part] {
    guard
      let distribution = Distribution(
        of: EntitySpecification(request), scopes: request.scopes, sources: request.sources,
        from: origin, in: tenant, by: self)
    else { return [] }
    let plan = WritePlan(writing: nil, to: distribution.registrations) {
      $0.operations.contains(.purgeEntity)
    }
    let parameters = parameters.filter { $0.name != "local" }
    return await SourceWriter(distribution: distribution).outcomes(of: plan) { _, address in
      address.request("DELETE", "/entities", parameters)
    }
  }

  private func ownPart(
    of write: SourceWrite, _ share: WritePlan.Share, _ types: TypeSelection?,
    in tenant: TenantNumber, by request: RequestHeaders
  ) async -> Result<WriteOutcome.Own, NGSILDError> {
    do throws(NGSILDError) {
      if let types { _ = try await retrieveEntity(write.id, types: types, in: tenant) }
      let operation = write.operation.restricted(to: share)
      return .success(
        .operation(try await perform(operation, on: write.id, in: tenant, by: request)))
    } catch {
      return .failure(error)
    }
  }
}

extension Distribution {
  /// nil for what is never forwarded.
  fileprivate func plan(_ write: SourceWrite) -> WritePlan? {
    guard let operation = write.operation.registered else { return nil }
    return WritePlan(writing: write.operation.attributes, to: registrations) {
      $0.operations.contains(operation)
    }
  }
}

extension EntityOperation {
  fileprivate var isDeletion: Bool {
    if case .delete = self { true } else { false }
  }
}
