package import DistributedOperations
package import NGSILD
package import Storage

/// One page of what a query finds, here and at Context Sources.
package struct GatheredEntities: Sendable {
  package var entities: [StoredEntity]
  /// As in an `EntityPage`.
  package var hasMore: Bool
  /// All that match; nil unless asked for.
  package var count: Int?
  /// Where the pages before and after this one lie; nil where an offset tells.
  package var neighbours: PageNeighbours?
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
