package import DistributedOperations
import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres
import Registrations
package import Storage

/// Temporal provision over Context Sources (GS CIM 009, 5.6.11 to 5.6.16).
extension Broker {
  /// Carries out a write of history, each source and this broker its part.
  ///
  /// - Parameter origin: nil for what is held here alone.
  package func perform(
    _ write: TemporalWrite, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> WriteOutcome {
    guard origin != nil,
      let distribution = Distribution(
        of: try await specification(of: write, in: tenant), at: .past(nil), from: origin,
        in: tenant, by: self)
    else { return WriteOutcome(local: await ownPart(of: write, .all, in: tenant), parts: []) }
    let plan = WritePlan(
      writing: write.operation.attributes, to: distribution.registrations
    ) { $0.operations.contains(write.registered) }
    if write.operation.isOfOneInstance {
      return await performOnInstance(write, plan, distribution)
    }
    async let parts = SourceWriter(distribution: distribution).outcomes(of: plan, write.request)
    var local: Result<WriteOutcome.Own, NGSILDError>?
    if let share = plan.local { local = await ownPart(of: write, share, in: tenant) }
    var absence = WriteOutcome.Absence.nowhere
    if case .delete = write.operation { absence = .whereClaimed }
    return WriteOutcome(local: local, parts: await parts, tolerating: absence)
  }

  /// Choice: an instance is at one place; sources are asked for one that is not here.
  private func performOnInstance(
    _ write: TemporalWrite, _ plan: WritePlan, _ distribution: Distribution
  ) async -> WriteOutcome {
    var local: Result<WriteOutcome.Own, NGSILDError>?
    if let share = plan.local {
      local = await ownPart(of: write, share, in: distribution.tenant)
      if case .success? = local { return WriteOutcome(local: local, parts: []) }
    }
    let parts = await SourceWriter(distribution: distribution).outcomes(of: plan, write.request)
    return WriteOutcome(local: local, parts: parts, tolerating: .exceptOnce)
  }

  /// The Entity that a write is about; its types, where nobody tells them, exclude nothing.
  private func specification(
    of write: TemporalWrite, in tenant: TenantNumber
  ) async throws(NGSILDError) -> EntitySpecification {
    var types = write.operation.types
    if types.isEmpty {
      types = try await database { () throws(PostgresError) in
        try await history.types(of: write.id, tenant: tenant)
      }
    }
    return EntitySpecification(
      id: IRI(write.id), types: types, attributes: Array(write.operation.attributes ?? []))
  }

  private func ownPart(
    of write: TemporalWrite, _ share: WritePlan.Share, in tenant: TenantNumber
  ) async -> Result<WriteOutcome.Own, NGSILDError> {
    do throws(NGSILDError) {
      let operation = write.operation.restricted(to: share.includes)
      let isNew = try await perform(operation, on: write.id, in: tenant)
      return .success(
        .history(updated: (operation.attributes ?? []).sorted(), hasCreated: isNew))
    } catch {
      return .failure(error)
    }
  }

  /// Returns whether the Entity had no history before.
  private func perform(
    _ operation: TemporalOperation, on id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Bool {
    switch operation {
    case .upsert(let fragment):
      return try await upsertTemporalEntity(fragment, on: id, in: tenant)
    case .appendAttributes(let fragment):
      try await appendTemporalAttributes(fragment, to: id, in: tenant)
    case .deleteAttribute(let attribute, let selection):
      try await deleteTemporalAttribute(attribute, selection, of: id, in: tenant)
    case .updateInstance(let instance, let attribute, let fragment):
      try await updateTemporalInstance(instance, of: attribute, id, by: fragment, in: tenant)
    case .deleteInstance(let instance, let attribute):
      try await deleteTemporalInstance(instance, of: attribute, id, in: tenant)
    case .delete: try await deleteTemporalEntity(id, in: tenant)
    }
    return false
  }
}
