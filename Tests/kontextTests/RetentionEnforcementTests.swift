import Postgres
import TestSupport
import Testing

/// On a server of its own: a sweep is everyone's who shares the database.
@Suite("kontext retention enforce", .timeLimit(.minutes(15)))
struct RetentionEnforcementTests {
  private func observe(_ port: UInt16, at times: [String]) async throws {
    try await onThread {
      var client = BlockingClient(port: port)
      let entities = "/ngsi-ld/v1/entities"
      let created = client.send("POST", entities, #"{"id":"urn:x:1","type":"urn:x:T"}"#)
      #expect(created?.0 == 201)
      for time in times {
        let attributes = #"{"urn:x:n":{"type":"Property","value":1,"observedAt":"\#(time)"}}"#
        let changed = client.send("POST", "\(entities)/urn:x:1/attrs", attributes)
        #expect(changed?.0 == 204)
      }
    }
  }

  @Test("drops months, deletes rows, and tells of both")
  func enforce() async throws {
    try await withBrokerOfItsOwn { port, url, connection in
      try await connection.query(
        "SELECT attribute_instance_create_partitions('1990-03-01 00:00Z', 2)")
      try await observe(
        port, at: ["1990-03-10T00:00:00Z", "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
      let before = try await retention("enforce", url)
      #expect(before.status == 0)
      #expect(before.text == "Dropped 0 months of 0 bytes, deleted 0 rows\n")
      _ = try await retention("set --type urn:x:T --keep 90d", url)
      let first = try await retention("enforce", url)
      #expect(first.status == 0, "\(first.text)")
      #expect(first.text.contains("Dropped attribute_instance_199003 of "))
      #expect(first.text.contains("Deleted 1 rows\n"))
      #expect(first.text.contains("Dropped 2 months of "))
      #expect(first.text.hasSuffix(" bytes, deleted 1 rows\n"))
      let rows = try await connection.query("SELECT count(*) FROM attribute_instance")
      #expect(rows[0][0].int == 1)
      let second = try await retention("enforce", url)
      #expect(second.text == "Dropped 0 months of 0 bytes, deleted 0 rows\n")
    }
  }

  @Test("says which months are in use, and drops the others")
  func inUse() async throws {
    try await withBrokerOfItsOwn { port, url, connection in
      try await connection.query(
        "SELECT attribute_instance_create_partitions('1990-03-01 00:00Z', 2)")
      _ = try await retention("set --type urn:x:T --keep 90d", url)
      // As a vacuum that must not be cancelled.
      try await connection.flight([
        "BEGIN", "LOCK TABLE attribute_instance_199003 IN SHARE UPDATE EXCLUSIVE MODE",
      ])
      let outcome = try await retention("enforce", url)
      #expect(outcome.status == 1)
      #expect(outcome.text.contains("Dropped attribute_instance_199004 of "))
      #expect(outcome.text.contains("others use attribute_instance_199003"))
      try await connection.query("ROLLBACK")
      #expect(try await retention("enforce", url).status == 0)
    }
  }

  @Test("says so if another process is at it")
  func turn() async throws {
    try await withBrokerOfItsOwn { _, url, connection in
      let held = try await connection.query(
        "SELECT pg_try_advisory_lock(8243122671965202799)")
      #expect(held[0][0].bool)
      let outcome = try await retention("enforce", url)
      #expect(outcome.status == 1)
      #expect(outcome.text.contains("Another process, perhaps a broker, is letting go"))
    }
  }
}
