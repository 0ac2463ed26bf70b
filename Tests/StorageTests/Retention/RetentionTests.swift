import JSON
import JSONLD
import NGSILD
import Postgres
import Storage
import TestSupport
import Testing

// A sweep is everyone's: one that another test starts would change what this one sees.
@Suite("Retention of history", .serialized, .timeLimit(.minutes(15)))
struct RetentionTests {
  private static let kept = "2100-01-01T00:00:00Z"

  func create(_ client: TestClient, _ id: String, types: String) async throws {
    let response = try await client.send(
      "POST", "entities", #"{"id":"\#(id)","type":[\#(types)],"n":{"type":"Property","value":0}}"#)
    try #require(response.status == 201, "\(response.text)")
  }

  func observe(
    _ client: TestClient, _ id: String, _ value: String, at time: String
  ) async throws {
    let response = try await client.send(
      "PATCH", "entities/\(id)/attrs",
      #"{"n":{"type":"Property","value":\#(value),"observedAt":"\#(time)"}}"#)
    try #require(response.status == 204, "\(response.text)")
  }

  /// The results of one method, period after period.
  private func figures(_ method: String, _ attribute: JSONValue?) -> [Double] {
    (attribute?[named: method]?.elements).map { $0.compactMap { Array($0.elements)[0].double } }
      ?? []
  }

  /// Observed times in the history, by Entity.
  func times(_ client: TestClient) async throws -> [String] {
    let tenant = try await client.tenantNumber()
    return try await client.query(
      """
      SELECT e.id || ' ' || to_char(i.time AT TIME ZONE 'UTC', 'YYYY-MM-DD')
      FROM attribute_instance AS i JOIN entity AS e ON e.tenant = i.tenant AND e.key = i.entity
      WHERE i.tenant = \(tenant) AND i.is_observed
      ORDER BY 1
      """
    ).map { $0[0].string }
  }

  @Test("lets go of what is older, of types and tenants that say so only")
  func rows() async throws {
    try await withTestTenant { client in
      try await withTestTenant { other in
        for tenant in [client, other] {
          try await create(tenant, "urn:x:1", types: #""A""#)
          try await create(tenant, "urn:x:2", types: #""B""#)
          for id in ["urn:x:1", "urn:x:2"] {
            try await observe(tenant, id, "1", at: "2018-05-01T10:00:00Z")
            try await observe(tenant, id, "2", at: Self.kept)
          }
        }
        try await client.keep("A", hours: 24 * 90)
        try await client.sweepHistory()
        #expect(
          try await times(client)
            == ["urn:x:1 2100-01-01", "urn:x:2 2018-05-01", "urn:x:2 2100-01-01"])
        #expect(try await times(other).count == 4)
        let state = try await client.send("GET", "entities/urn:x:1?format=simplified")
        #expect(state.json["n"]?.double == 2)
      }
    }
  }

  @Test("of several types, the longest time counts; deleted Entities keep theirs")
  func types() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:both", types: #""A","B""#)
      try await create(client, "urn:x:a", types: #""A","C""#)
      try await create(client, "urn:x:gone", types: #""A""#)
      try await create(client, "urn:x:gone:b", types: #""B""#)
      let ids = ["urn:x:both", "urn:x:a", "urn:x:gone", "urn:x:gone:b"]
      for id in ids { try await observe(client, id, "1", at: "2018-05-01T10:00:00Z") }
      for id in ["urn:x:gone", "urn:x:gone:b"] {
        #expect(try await client.send("DELETE", "entities/\(id)").status == 204)
      }
      try await client.keep("A", hours: 1)
      try await client.keep("B", hours: 8760 * 100)
      try await client.sweepHistory()
      #expect(try await times(client) == ["urn:x:both 2018-05-01", "urn:x:gone:b 2018-05-01"])
    }
  }

  @Test("numbers leave their hourly figures, also where an hour goes in pieces")
  func rollUp() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:1", types: #""A""#)
      try await client.keep("A", hours: 24, rollsUp: true)
      for (value, time) in [
        ("4", "10:00:00"), ("1", "10:30:00"), (#""text""#, "10:40:00"), ("7", "11:00:00"),
        ("1e308", "12:00:00"), ("1.2e308", "12:00:01"), ("1.4e308", "12:00:02"),
      ] {
        try await observe(client, "urn:x:1", value, at: "2018-05-01T\(time)Z")
      }
      try await client.sweepHistory()
      try await observe(client, "urn:x:1", "10", at: "2018-05-01T10:59:59Z")
      try await client.sweepHistory()
      #expect(try await times(client).isEmpty)
      let aggregates = "temporal/entities/urn:x:1?attrs=n&format=aggregatedValues&timerel=after"
      let day =
        "\(aggregates)&timeAt=2018-05-01T00:00:00Z&aggrPeriodDuration=PT1H"
        + "&aggrMethods=min,max,avg,totalCount,stddev"
      let hours = try await client.send("GET", day).json["n"]
      #expect(figures("min", hours) == [1, 7, 1e308])
      #expect(figures("max", hours) == [10, 7, 1.4e308])
      for (average, expected) in zip(figures("avg", hours), [5, 7, 1.2e308]) {
        #expect(abs(average - expected) < expected * 1e-12)
      }
      #expect(figures("totalCount", hours) == [3, 1, 3])
      #expect(figures("stddev", hours).isEmpty)
      #expect(
        hours?["min"]?.elements.map { Array($0.elements)[1].string } == [
          "2018-05-01T10:00:00Z", "2018-05-01T11:00:00Z", "2018-05-01T12:00:00Z",
        ])
      let selected = try await client.send(
        "GET",
        day.replacing("/urn:x:1?", with: "?type=A&").replacing("after", with: "before")
          .replacing("2018-05-01T00", with: "2018-05-01T12"))
      #expect(figures("totalCount", selected.json.elements.first { _ in true }?["n"]) == [3, 1])
      #expect(try await client.send("DELETE", "temporal/entities/urn:x:1").status == 204)
      #expect(try await client.send("GET", day).status == 404)
    }
  }

  @Test("a simulation tells what would go, and changes nothing")
  func simulation() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:1", types: #""A""#)
      try await observe(client, "urn:x:1", "1", at: "2018-05-01T10:00:00Z")
      let type = Context.core.expand("A")
      let tenant = try await client.tenantNumber()
      let policy = RetentionPolicy(tenant: tenant, type: type, hours: 24, rollsUp: false)
      let (freed, listed, now) = try await client.withRetentionStore { store in
        (
          try await store.simulate(policy, of: tenant), try await store.list(of: tenant),
          try await store.simulate(nil, of: tenant)
        )
      }
      #expect(freed.map(\.rows) == [1])
      #expect(freed.map(\.types) == [[type]])
      #expect(freed[0].bytes > 50)
      #expect(listed.isEmpty)
      #expect(now.isEmpty)
    }
  }

  @Test("is listed, replaced and taken back")
  func list() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:1", types: #""A""#)
      try await client.keep("A", hours: 24)
      try await client.keep("A", hours: 48, rollsUp: true)
      let tenant = try await client.tenantNumber()
      let type = Context.core.expand("A")
      let (listed, removed) = try await client.withRetentionStore { store in
        let listed = try await store.list(of: tenant)
        let first = try await store.remove(type, tenant: tenant)
        return (listed, [first, try await store.remove(type, tenant: tenant)])
      }
      #expect(listed.map(\.hours) == [48])
      #expect(listed.map(\.rollsUp) == [true])
      #expect(removed == [true, false])
    }
  }

  // MARK: Writers

  @Test("its deletions take no lock that a writer waits for")
  func locks() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:1", types: #""A""#)
      try await observe(client, "urn:x:1", "1", at: "2018-05-01T10:00:00Z")
      let tenant = try await client.tenantNumber()
      let key = try await client.query("SELECT key FROM entity WHERE tenant = \(tenant)")[0][0]
        .int64
      let chunk = RetentionSweep.Chunk(
        tenant: tenant, keys: [key],
        rule: RetentionSweep.Rule(
          cutoff: Timestamp(microseconds: 1_600_000_000_000_000), rollsUp: true))
      try await TestDatabase.withBrokerConnection { connection in
        try await connection.query("BEGIN")
        let rows = try await connection.query(
          RetentionSweep.deletion(of: chunk, from: "attribute_instance_other"))
        #expect(rows[0][0].int == 1)
        let modes = try await connection.query(
          """
          SELECT DISTINCT mode FROM pg_locks
          WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
          """
        ).map { $0[0].string }
        let harmless: Set = ["AccessShareLock", "RowShareLock", "RowExclusiveLock"]
        #expect(Set(modes).isSubset(of: harmless), "\(modes)")
        #expect(modes.contains("RowExclusiveLock"))
        try await connection.rollback()
      }
    }
  }

  @Test("leaves rows that others have locked, and does not wait for them")
  func lockedRows() async throws {
    try await withTestTenant { client in
      try await create(client, "urn:x:1", types: #""A""#)
      try await observe(client, "urn:x:1", "1", at: "2018-05-01T10:00:00Z")
      try await observe(client, "urn:x:1", "2", at: "2018-05-02T10:00:00Z")
      try await client.keep("A", hours: 24)
      let tenant = try await client.tenantNumber()
      try await TestDatabase.withBrokerConnection { connection in
        try await connection.query("BEGIN")
        try await connection.query(
          """
          SELECT FROM attribute_instance
          WHERE tenant = \(tenant) AND time = '2018-05-02 10:00Z' FOR UPDATE
          """)
        try await client.sweepHistory()
        try await connection.rollback()
      }
      #expect(try await times(client) == ["urn:x:1 2018-05-02"])
      try await client.sweepHistory()
      #expect(try await times(client).isEmpty)
    }
  }

  @Test("no write fails while it is enforced, and nothing that is young goes")
  func load() async throws {
    try await withTestTenant { client in
      let ids = (0..<4).map { "urn:x:\($0)" }
      for id in ids { try await create(client, id, types: #""A""#) }
      try await client.keep("A", hours: 24)
      try await createPartition(of: "1985-03")
      try await withThrowingTaskGroup { group in
        for id in ids {
          group.addTask {
            for n in 0..<40 {
              try await observe(client, id, "\(n)", at: "1985-03-10T00:00:00Z")
              try await observe(client, id, "\(n)", at: Self.kept)
            }
          }
        }
        group.addTask { for _ in 0..<15 { try await client.sweepHistory() } }
        try await group.waitForAll()
      }
      try await client.sweepHistory()
      let times = try await times(client)
      #expect(times.count == 160)
      #expect(times.allSatisfy { $0.hasSuffix("2100-01-01") })
    }
  }
}
