import NGSILD
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Partitions of the history")
struct HistoryPartitionTests {
  /// Months that no other test has.
  private static let now = DateTime("2091-06-15T00:00:00Z")!

  @Test("those ahead are created once, and nobody waits long for it", .timeLimit(.minutes(15)))
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
      #expect(try await self.created(in: pool, at: Self.now) == 5)
      #expect(try await HistoryPartitions.createAhead(in: pool, at: Self.now) == 0)
    }
    let months = ["05", "06", "07", "08", "09", "10"].map { "attribute_instance_2091\($0)" }
    try await TestDatabase.changeTable(
      "DROP TABLE IF EXISTS \(months.joined(separator: ", "));")
  }

  @Test("a month that has rows already takes them along", .timeLimit(.minutes(15)))
  func rows() async throws {
    try await withTestTenant { client in
      let now = DateTime("2093-06-15T00:00:00Z")!
      let forecast = """
        {"id":"urn:x:1","type":"Room","level":[
        {"type":"Property","value":1,"observedAt":"2093-08-31T23:59:59.999999Z"},
        {"type":"Property","value":2,"observedAt":"2093-09-01T00:00:00Z"},
        {"type":"Property","value":3,"observedAt":"2094-01-01T00:00:00Z"}]}
        """
      #expect(try await client.send("POST", "temporal/entities", forecast).status == 201)
      let connection = Connection.Configuration(url: try await TestDatabase.schemaURL())
      try await TestDatabase.withConnection(connection) { _, loop in
        let pool = Pool(Pool.Configuration(connection, connectionsMax: 1), on: loop)
        defer { pool.close() }
        let created = try await self.created(in: pool, at: now)
        #expect(created == 5)
      }
      let tenant = try await client.tenantNumber()
      let places = try await client.query(
        """
        SELECT tableoid::regclass::text FROM attribute_instance
        WHERE tenant = \(tenant) ORDER BY time
        """
      ).map { $0[0].string }
      #expect(
        places == [
          "attribute_instance_209308", "attribute_instance_209309", "attribute_instance_other",
        ])
      let history = try await client.send("GET", "temporal/entities/urn:x:1")
      #expect(history.json["level"]?.count == 3)
    }
    let months = ["05", "06", "07", "08", "09", "10"].map { "attribute_instance_2093\($0)" }
    try await TestDatabase.changeTable(
      "DROP TABLE IF EXISTS \(months.joined(separator: ", "));")
  }

  /// How many were created, once other tests do not read the history for a moment.
  private func created(in pool: Pool, at now: DateTime) async throws -> Int {
    while true {
      if let created = try await HistoryPartitions.createAhead(in: pool, at: now) {
        return created
      }
    }
  }
}
