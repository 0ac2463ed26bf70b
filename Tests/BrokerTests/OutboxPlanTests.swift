import Postgres
import Testing

@testable import Storage

@Suite("Plans of the outbox")
struct OutboxPlanTests {
  @Test("rows are found by their lane, also where a plan is made while there are none or few")
  func lanes() async throws {
    try await withDatabase { loop, database in
      var planned = database
      planned.settings.merge(EntityStore.sessionSettings) { $1 }
      let pool = Pool(Pool.Configuration(planned, connectionsMax: 1), on: loop)
      defer { pool.close() }
      for rows in [0, 1, 1000] {
        try await pool.query("DELETE FROM notification")
        try await pool.query("VACUUM notification")
        try await pool.query(
          """
          INSERT INTO notification (tenant, subscription, entity, id, process, created, body)
          SELECT 1, 1, n, n, 1, now(), '{}' FROM generate_series(1, \(rows)) AS n
          """)
        if rows > 0 { try await pool.query("ANALYZE notification") }
        for statement in [Self.insertion, Self.removal] {
          let plan = try await pool.query("EXPLAIN (COSTS OFF) " + statement)
            .map { $0[0].string }.joined(separator: "\n")
          #expect(plan.contains("notification_pkey"), "\(rows): \(plan)")
          #expect(!plan.contains("notification_owed"), "\(rows): \(plan)")
          #expect(plan.contains("(entity = "), "\(rows): \(plan)")
        }
      }
    }
  }

  /// Of a subscription that is younger than all statistics.
  private static let due = DueNotification(
    tenant: 1, subscription: 2, entity: 1, body: Array("{}".utf8))

  private static var insertion: SQL { OutboxStore.write([due], by: 1)[0] }

  private static var removal: SQL {
    OutboxStore.remove([
      NotificationReference(
        OwedNotification(
          tenant: 1, id: 1, subscription: 2, entity: 1, process: 1, body: due.body))
    ])
  }
}
