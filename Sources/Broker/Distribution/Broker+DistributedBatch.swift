package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres
import Registrations
package import Storage

/// Batch operations over Context Sources (GS CIM 009, 5.6.7 to 5.6.10, 5.6.20).
extension Broker {
  /// Carries out a batch; the outcomes are in the order of its items.
  ///
  /// - Parameter origin: nil for what is held here alone.
  package func performBatch(
    _ batch: BatchWrite, in tenant: TenantNumber, from origin: RequestOrigin?,
    by request: RequestHeaders
  ) async throws(NGSILDError) -> [WriteOutcome] {
    let specifications = try await specifications(of: batch, in: tenant, from: origin)
    let all = EntitySpecification(selectors: specifications.flatMap(\.selectors))
    guard let distribution = Distribution(of: all, from: origin, in: tenant, by: self) else {
      return await ownParts(of: batch, in: tenant, by: request)
    }
    let plans = zip(batch.items, specifications).map { item, specification in
      WritePlan(
        writing: item.operation.attributes,
        to: distribution.registrations.filter { $0.concerns(specification) },
        supports: batch.isSupported)
    }
    async let parts = BatchForwarding(batch, plans, distribution).outcomes()
    let places = plans.indices.filter { plans[$0].local != nil }
    let own = await performBatch(
      places.map { place in
        let item = batch.items[place]
        return (item.id, item.operation.restricted(to: plans[place].local ?? .all))
      }, in: tenant, by: request)
    var local = [BatchOutcome?](repeating: nil, count: plans.count)
    for (place, outcome) in zip(places, own) { local[place] = outcome }
    return zip(local, await parts).map { local, parts in
      WriteOutcome(
        local: local?.map(WriteOutcome.Own.operation), parts: parts,
        tolerating: batch.kind == .delete ? .whereClaimed : .nowhere)
    }
  }

  private func ownParts(
    of batch: BatchWrite, in tenant: TenantNumber, by request: RequestHeaders
  ) async -> [WriteOutcome] {
    await performBatch(batch.items.map { ($0.id, $0.operation) }, in: tenant, by: request)
      .map { WriteOutcome(local: $0.map(WriteOutcome.Own.operation), parts: []) }
  }

  /// What each item is about; a deletion tells no types, so that those of the Entity here count.
  private func specifications(
    of batch: BatchWrite, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> [EntitySpecification] {
    guard origin != nil else { return [] }
    guard batch.kind == .delete else {
      return batch.items.map { item in
        EntitySpecification(
          id: IRI(item.id), types: item.operation.types,
          attributes: Array(item.operation.attributes ?? []))
      }
    }
    let references = batch.items.map { EntityReference(tenant: tenant, id: $0.id) }
    let documents = try await database { () throws(PostgresError) in
      try await entities.documents(references, at: .now)
    }
    return zip(batch.items, documents).map { item, document in
      EntitySpecification(
        id: IRI(item.id), types: document.map { JSONValue(storedDocument: $0).storedTypes } ?? [])
    }
  }
}

extension Registration {
  fileprivate func concerns(_ specification: EntitySpecification) -> Bool {
    !information(matching: specification).isEmpty
  }
}
