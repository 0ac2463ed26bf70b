import Postgres
import Synchronization
import TestSupport
import Testing

/// Writes while history is let go of.
@Suite("Retention under load", .timeLimit(.minutes(15)))
struct RetentionLoadTests {
  /// One for each writer: those of `Dropped` go with their months, those of `Rolled` leave hourly
  /// figures, and those of `Kept` stay, and so do their months.
  private static let ids = ["Dropped", "Rolled", "Kept"].flatMap { type in
    [1, 2].map { "urn:x:\(type):\($0)" }
  }
  private static let rounds = 4
  private static let hours = 7 * 24

  @Test("no write fails, and none waits for a lock for a second, while months are dropped")
  func writers() async throws {
    // PostgreSQL ends a longer wait with an error.
    try await withBrokerOfItsOwn(settings: "-clock_timeout%3D1s") { port, url, connection in
      try await onThread { create(port) }
      _ = try await retention("set --type urn:x:Dropped --keep 90d", url)
      _ = try await retention("set --type urn:x:Rolled --keep 90d --rollup", url)
      let load = Load(port)
      let answers = try await withThrowingTaskGroup(of: [Int: Int].self) { group in
        for id in Self.ids {
          group.addTask { try await onThread { load.write(id) } }
        }
        for round in 0..<Self.rounds {
          try await makeHistory(of: 1980 + round, connection)
          for _ in 1...20 where try await retention("enforce", url).status != 0 {
            // Months that others use, such as a vacuum, go later.
          }
        }
        load.stop()
        return try await group.reduce(into: [:]) { sum, one in sum.merge(one, uniquingKeysWith: +) }
      }
      #expect(Array(answers.keys) == [204], "\(answers)")
      try await expectOutcome(connection, writes: answers[204] ?? 0)
    }
  }

  /// A year of months of each round went, but for those of which something is kept.
  private func expectOutcome(_ connection: Connection, writes: Int) async throws {
    let months = try await connection.query(
      "SELECT count(*) FROM pg_class WHERE relname ~ '^attribute_instance_198[0-9]{3}$'")
    #expect(months[0][0].int == 3 * Self.rounds)
    let old = try await connection.query(
      """
      SELECT count(*), count(DISTINCT entity) FROM attribute_instance WHERE time < '1990-01-01Z'
      """)
    #expect(old[0][0].int == 3 * Self.rounds * 2 * Self.hours)
    #expect(old[0][1].int == 2)
    let figures = try await connection.query("SELECT count(*), sum(count) FROM attribute_hour")
    #expect(figures[0][0].int == 6 * Self.rounds * 2 * Self.hours)
    let young = try await connection.query(
      "SELECT count(*) FROM attribute_instance WHERE time > '2020-01-01Z'")
    #expect(young[0][0].int == writes + Self.ids.count)
  }

  // MARK: History

  /// Twelve months with a row for each hour of a week: of `Dropped` in all of them, of `Rolled` in
  /// the first six, of `Kept` in the first three.
  private func makeHistory(of year: Int, _ connection: Connection) async throws {
    try await connection.script(
      """
      SET lock_timeout = '200ms';
      SELECT attribute_instance_create_partitions('\(year)-01-01 00:00Z', 12);
      INSERT INTO attribute_instance
        (tenant, entity, attribute, dataset, time, is_observed, is_deletion, created, modified,
          number, kind, document)
      SELECT e.tenant, e.key, n.id, 0, times.time, true, false, times.time, times.time, 1, 1,
        '{"type":"Property","value":1}'
      FROM (VALUES ('Dropped', 12), ('Rolled', 6), ('Kept', 3)) AS shape (type, months)
      JOIN entity AS e ON e.id LIKE 'urn:x:' || type || ':%'
      JOIN name AS n ON n.iri = 'urn:x:n'
      CROSS JOIN generate_series(0, months - 1) AS month
      CROSS JOIN generate_series(0, \(Self.hours - 1)) AS hour
      CROSS JOIN LATERAL (
        SELECT '\(year)-01-01 00:00Z'::timestamptz AT TIME ZONE 'UTC'
          + make_interval(months => month, hours => hour)
      ) AS local (time)
      CROSS JOIN LATERAL (SELECT local.time AT TIME ZONE 'UTC') AS times (time);
      """)
  }

  private func create(_ port: UInt16) {
    var client = BlockingClient(port: port)
    for id in Self.ids {
      let type = id.dropLast(2)
      let entity = #"{"id":"\#(id)","type":"\#(type)","urn:x:n":{"type":"Property","value":0}}"#
      #expect(client.send("POST", "/ngsi-ld/v1/entities", entity)?.0 == 201)
    }
  }
}

/// Writers that go on until they are stopped.
private final class Load: Sendable {
  private let port: UInt16
  private let isStopped = Mutex(false)

  init(_ port: UInt16) { self.port = port }

  func stop() { isStopped.withLock { $0 = true } }

  /// Returns the statuses with which so many writes were answered; 0 stands for none.
  func write(_ id: String) -> [Int: Int] {
    var client = BlockingClient(port: port)
    var answers: [Int: Int] = [:]
    var value = 0
    while !isStopped.withLock({ $0 }) {
      value += 1
      let answer = client.send(
        "PATCH", "/ngsi-ld/v1/entities/\(id)/attrs",
        #"{"urn:x:n":{"type":"Property","value":\#(value)}}"#)
      answers[answer?.0 ?? 0, default: 0] += 1
    }
    return answers
  }
}
