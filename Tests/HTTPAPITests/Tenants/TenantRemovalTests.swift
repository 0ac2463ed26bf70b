import Broker
import NGSILD
import Postgres
import Storage
import TestSupport
import Testing

@Suite("Removal of tenants")
struct TenantRemovalTests {
  private func withStore<Result: Sendable>(
    _ client: TestClient, _ body: @Sendable @escaping (TenantStore) async throws -> Result
  ) async throws -> Result {
    let pool = client.broker.connections.queries
    return try await client.broker.loop.task { try await body(TenantStore(pool: pool)) }.value
  }

  private func figures(_ client: TestClient) async throws -> [TenantFigures] {
    let name = client.tenant ?? ""
    return try await withStore(client) { try await $0.list() }.filter { $0.name == name }
  }

  private func fill(_ client: TestClient) async throws {
    try await client.create(room, entity("urn:x:1", "Car", #""speed":1"#))
    let subscription = """
      {"id":"urn:s:1","type":"Subscription","entities":[{"type":"Room"}],
      "notification":{"endpoint":{"uri":"http://127.0.0.1:9/"}}}
      """
    #expect(try await client.send("POST", "subscriptions", subscription).status == 201)
  }

  @Test("the list counts Entities and subscriptions")
  func list() async throws {
    try await withTestTenant { client in
      try await fill(client)
      #expect(try await client.send("DELETE", "entities/urn:x:1").status == 204)
      let found = try #require(try await figures(client).first)
      #expect(found.entities == 1)
      #expect(found.subscriptions == 1)
      #expect(!found.isRemoved)
      #expect(found.historyRows >= 0)
    }
  }

  @Test("all brokers forget a removed tenant; its name is free again")
  func removal() async throws {
    try await withTestTenant { client in
      try await withTestBroker { other in
        let there = TestClient(other, tenant: client.tenant)
        try await fill(client)
        #expect(try await there.send("GET", roomPath).status == 200)
        let name = try TenantName(client.tenant ?? "")
        let numbers = try await withStore(client) { try await $0.markRemoved(name) }
        #expect(numbers.count == 1)
        for broker in [client.broker, other] {
          try await broker.housekeep()
        }
        #expect(try await client.send("GET", roomPath).errorType == "NonexistentTenant")
        #expect(try await there.send("GET", roomPath).status == 404)
        try await there.create(entity("urn:x:2", "Bus"))
        #expect(try await figures(client).map(\.isRemoved) == [false, true])
        // Broken off and taken up again.
        #expect(try await withStore(client) { try await $0.markRemoved(name) }.count == 2)
      }
    }
  }

  @Test("nothing of a removed tenant is left, everything of another is")
  func contents() async throws {
    try await withTestTenant { kept in
      try await fill(kept)
      try await withTestTenant { client in
        try await fill(client)
        let name = try TenantName(client.tenant ?? "")
        let number = try #require(
          try await withStore(client) { try await $0.markRemoved(name) }.first)
        // As while the command waits.
        try await client.broker.housekeep()
        try await withStore(client) { store in
          try await store.removeContents(of: number) { _ in }
          try await store.remove(number)
        }
        #expect(try await figures(client).isEmpty)
        for table in ["entity", "entity_value", "attribute_instance", "subscription", "typeset"] {
          let left = try await client.query(
            "SELECT count(*) FROM \(identifier: table) WHERE tenant = \(number)")
          #expect(left[0][0].int == 0, "\(table)")
        }
        #expect(try await client.send("GET", "subscriptions").status == 404)
      }
      #expect(try await kept.send("GET", roomPath).status == 200)
      #expect(try await kept.send("GET", "subscriptions/urn:s:1").status == 200)
      #expect(try await figures(kept).map(\.entities) == [2])
    }
  }

  @Test("what a broker knows of tenants is trusted for a while only")
  func trust() async throws {
    try await withTestTenant { client in
      try await fill(client)
      let name = try TenantName(client.tenant ?? "")
      let pool = client.broker.connections.readers
      let numbers = try await withStore(client) { store in
        let table = TenantTable(trust: .zero)
        let before = try await table.number(of: name, in: pool)
        _ = try await store.markRemoved(name)
        let after = try await table.create(name, in: pool)
        return [before, after]
      }
      #expect(numbers[0] != numbers[1])
    }
  }
}
