package import DistributedOperations
package import NGSILD

/// One page of what a query finds, here and at Context Sources.
package struct GatheredEntities: Sendable {
  package var entities: [StoredEntity]
  /// Whether there are Entities after this page.
  package var hasMore: Bool
  /// All that match; nil unless asked for.
  package var count: Int?
  /// What is missing, and why.
  package var warnings: [SourceWarning] = []
}

/// An Entity, as far as it is found here and at Context Sources.
package struct GatheredEntity: Sendable {
  /// nil if nobody has it.
  package var entity: StoredEntity?
  package var warnings: [SourceWarning] = []
  /// Registrations whose sources have parts of it.
  package var holders: [String] = []
}
