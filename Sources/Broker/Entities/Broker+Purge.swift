package import NGSILD
import Postgres
package import Storage

/// Purge Entities (GS CIM 009, 5.6.21).
extension Broker {
  /// What becomes of the Entities that are selected.
  package enum Purge: Sendable, Hashable {
    case entities
    /// Attributes alone, with all their instances.
    case attributes(EntityOperation.AttributeSelection)

    fileprivate var operation: EntityOperation {
      switch self {
      case .entities: .delete
      case .attributes(let selection): .purgeAttributes(selection)
      }
    }
  }

  /// Entities that are read, and handed to the write path, at once.
  private static let purgedAtOnce = 500

  /// Carries out a purge on every Entity that `query` selects and that exists when it begins, a
  /// chunk at a time, each Entity as if it were deleted by itself.
  ///
  /// It ends with the first chunk in which something failed: what was purged before stays purged,
  /// and another purge goes on from there. Returns what failed in it.
  package func purge(
    _ purge: Purge, of query: EntityQuery, in tenant: TenantNumber,
    by request: RequestHeaders? = nil
  ) async throws(NGSILDError) -> PurgeResult {
    let now = DateTime.now
    var range = try await database { () throws(PostgresError) in try await queries.keys() }
    var result = PurgeResult()
    while result.errors.isEmpty {
      let found = try await database { () throws(PostgresError) in
        try await queries.references(
          query, in: range, limit: Self.purgedAtOnce, at: now, tenant: tenant)
      }
      guard let last = found.last else { break }
      let outcomes = await writer.perform(
        found.map { ($0.reference, purge.operation) }, at: now, by: request)
      for (entity, outcome) in zip(found, outcomes) { result.add(entity.reference.id, outcome) }
      range = range.after(last.key)
    }
    return result
  }
}

/// What came of a purge.
package struct PurgeResult: Sendable {
  /// Ids of Entities that were purged, the last `idsMax` of them.
  package private(set) var purged: [String] = []
  package private(set) var errors: [(id: String, error: NGSILDError)] = []

  /// Choice: an answer about failures lists no more successes than this.
  private static let idsMax = 1000

  mutating func add(_ id: String, _ outcome: WriteBatcher.Outcome) {
    switch outcome {
    case .success:
      purged.append(id)
      if purged.count > 2 * Self.idsMax { purged.removeFirst(Self.idsMax) }
    // It went meanwhile, or has nothing to drop.
    case .failure(let error) where error.kind == .resourceNotFound: break
    case .failure(let error): errors.append((id, error))
    }
  }
}
