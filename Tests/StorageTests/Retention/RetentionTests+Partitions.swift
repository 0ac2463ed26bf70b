import Storage
import TestSupport
import Testing

/// Months that go whole.
extension RetentionTests {
  private func isThere(_ partition: String) async throws -> Bool {
    try await TestDatabase.withBrokerConnection {
      try await $0.query("SELECT to_regclass(\(partition)) IS NOT NULL")[0][0].bool
    }
  }

  func createPartition(of month: String) async throws {
    try await TestDatabase.changeTable(
      "SELECT attribute_instance_create_partitions('\(month)-01 00:00Z', 1);")
  }

  @Test("a month goes whole once nobody keeps anything of it")
  func partition() async throws {
    try await withTestTenant { client in
      try await createPartition(of: "1987-03")
      try await create(client, "urn:x:1", types: #""A""#)
      try await create(client, "urn:x:2", types: #""B""#)
      try await observe(client, "urn:x:1", "1", at: "1987-03-10T00:00:00Z")
      try await observe(client, "urn:x:2", "1", at: "1987-03-11T00:00:00Z")
      try await client.keep("A", hours: 24)
      try await client.sweepHistory()
      #expect(try await isThere("attribute_instance_198703"))
      #expect(try await times(client) == ["urn:x:2 1987-03-11"])
      try await client.keep("B", hours: 24, rollsUp: true)
      try await client.sweepHistory()
      #expect(try await times(client).isEmpty)
      while try await isThere("attribute_instance_198703") {
        // Other tests may hold the history for longer than the sweep waits.
        try await client.sweepHistory()
      }
      // What comes late has its place.
      try await observe(client, "urn:x:1", "1", at: "1987-03-10T00:00:00Z")
      #expect(try await times(client) == ["urn:x:1 1987-03-10"])
    }
  }

  @Test("a drop that was broken off is ended, and gives back what is to be kept")
  func interruptedDrop() async throws {
    try await withTestTenant { client in
      try await createPartition(of: "1986-03")
      try await create(client, "urn:x:1", types: #""A""#)
      try await create(client, "urn:x:2", types: #""B""#)
      for id in ["urn:x:1", "urn:x:2"] {
        try await observe(client, id, "1", at: "1986-03-10T00:00:00Z")
      }
      try await client.keep("A", hours: 24)
      try await TestDatabase.changeTable(
        "ALTER TABLE attribute_instance DETACH PARTITION attribute_instance_198603;")
      try await client.sweepHistory()
      #expect(try await !isThere("attribute_instance_198603"))
      #expect(try await times(client) == ["urn:x:2 1986-03-10"])
    }
  }

  @Test("a drop that was broken off is ended also where nobody wants anything dropped any more")
  func dropWithoutPolicies() async throws {
    try await withTestTenant { client in
      try await createPartition(of: "1984-03")
      try await create(client, "urn:x:1", types: #""A""#)
      try await observe(client, "urn:x:1", "1", at: "1984-03-10T00:00:00Z")
      try await TestDatabase.changeTable(
        "ALTER TABLE attribute_instance DETACH PARTITION attribute_instance_198403;")
      #expect(try await times(client).isEmpty)
      try await client.sweepHistory()
      #expect(try await times(client) == ["urn:x:1 1984-03-10"])
      #expect(try await !isThere("attribute_instance_198403"))
    }
  }
}
