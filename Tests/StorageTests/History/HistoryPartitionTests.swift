import NGSILD
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Partitions of the history")
struct HistoryPartitionTests {
  /// Months that no other test has.
  private static let now = DateTime("2091-06-15T00:00:00Z")!

  @Test("those ahead are created once, and nobody waits long for it", .timeLimit(.minutes(2)))
  func ahead() async throws {
    // The tables are there.
    try await withTestTenant { _ in }
    let connection = Connection.Configuration(url: try await TestDatabase.schemaURL())
    try await TestDatabase.withConnection(connection) { reader, loop in
      let pool = Pool(Pool.Configuration(connection, connectionsMax: 1), on: loop)
      defer { pool.close() }
      _ = try await reader.flight(["BEGIN", "SELECT FROM attribute_instance_other LIMIT 1"])
      #expect(try await HistoryPartitions.createAhead(in: pool, at: Self.now) == nil)
      try await reader.rollback()
      #expect(try await self.created(in: pool) == 5)
      #expect(try await HistoryPartitions.createAhead(in: pool, at: Self.now) == 0)
    }
    let months = ["05", "06", "07", "08", "09", "10"].map { "attribute_instance_2091\($0)" }
    try await TestDatabase.changeTable(
      "DROP TABLE IF EXISTS \(months.joined(separator: ", "));")
  }

  /// How many were created, once other tests do not read the history for a moment.
  private func created(in pool: Pool) async throws -> Int {
    while true {
      if let created = try await HistoryPartitions.createAhead(in: pool, at: Self.now) {
        return created
      }
    }
  }
}
