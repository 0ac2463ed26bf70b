package import JSONLD
package import NGSILD
import Postgres
package import Storage

/// Temporal consumption (GS CIM 009, 5.7.3, 5.7.4) of any length, read piece by piece.
extension Broker {
  /// - Parameter attributes: of which the Entity has to have at least one; any will do if they are
  ///   empty.
  /// - Throws: `resourceNotFound`.
  package func readTemporalEntity(
    _ id: String, _ part: HistoryPart, requiring attributes: Set<IRI>, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryReading {
    let reading = try await database { () throws(PostgresError) in
      try await history.reading(of: id, part, at: .now, tenant: tenant)
    }
    guard let reading else { throw Self.hasNoHistory(id) }
    if !attributes.isEmpty { try await requireHistory(of: id, attributes, in: tenant) }
    return reading
  }

  package func readTemporalEntities(
    _ query: HistoryQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryReading {
    try await database { () throws(PostgresError) in
      try await history.reading(query, at: .now, tenant: tenant)
    }
  }

  /// The next instances; none once all have been read.
  package func next(
    of reading: inout HistoryReading
  ) async throws(NGSILDError) -> [HistoryReading.Piece] {
    try await database { () throws(PostgresError) in try await history.next(of: &reading) }
  }
}
