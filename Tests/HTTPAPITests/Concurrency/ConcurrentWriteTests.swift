import Broker
import EventLoop
import JSON
import JSONLD
import NGSILD
import Postgres
import Storage
import TestSupport
import Testing

/// Many clients at once, through one broker and through two on one database.
@Suite("Concurrent writes")
struct ConcurrentWriteTests {
  /// Runs `body` with clients of one tenant, one for each broker.
  private func withClients(
    brokers: Int, _ body: ([TestClient]) async throws -> Void
  ) async throws {
    try await withTestTenant { client in
      try await client.sendCreation(of: "urn:x:seed", "\"n\":0")
      guard brokers > 1 else { return try await body([client]) }
      try await withTestBroker { other in
        try await body([client, TestClient(other, tenant: client.tenant)])
      }
    }
  }

  /// The statuses of `count` requests that are under way together.
  private func statuses(
    _ count: Int, _ send: @escaping @Sendable (Int) async throws -> TestResponse
  ) async throws -> [Int] {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<count { group.addTask { try await send(number).status } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test("of many creations of one Entity exactly one succeeds", arguments: [1, 2])
  func creations(brokers: Int) async throws {
    try await withClients(brokers: brokers) { clients in
      for round in 0..<20 {
        let found = try await statuses(16) { number in
          try await clients[number % clients.count].send(
            "POST", "entities", #"{"id":"urn:x:\#(round)","type":"A","n":\#(number)}"#)
        }
        #expect(found.sorted() == [201] + Array(repeating: 409, count: 15))
      }
      let history = try await clients[0].history(of: "urn:x:3", "n")
      #expect(history.count == 1)
    }
  }

  @Test("who comes from before what another did, does it after that")
  func times() async throws {
    try await withClients(brokers: 1) { clients in
      let client = clients[0]
      let now = DateTime.now
      let reference = EntityReference(tenant: try await client.tenantNumber(), id: "urn:x:seed")
      for (value, seconds) in [(1, 20), (2, 10)] {
        let fragment = try FragmentParser(context: .core, rules: .update)
          .entity(json("{\"n\":\(value)}"))
        let at = DateTime(microseconds: now.microseconds + Int64(seconds) * 1_000_000)
        let writer = client.broker.broker.writer
        _ = try await client.broker.loop.task {
          try await writer.perform(.updateAttributes(fragment), on: reference, at: at)
        }.value
      }
      let target =
        "temporal/entities/urn:x:seed?timeproperty=modifiedAt&format=temporalValues&lastN=1"
      let last = try await client.send("GET", target).json["n"]
      #expect(last?["values"]?.rawText.hasPrefix("[[2,") == true, "\(last?.rawText ?? "")")
      let stored = try await client.send("GET", "entities/urn:x:seed?options=sysAttrs").json
      #expect(stored["n"]?["value"]?.integer == 2)
      let modified = stored["modifiedAt"].flatMap { DateTime($0) }
      #expect(modified == DateTime(microseconds: now.microseconds + 20_000_000))
    }
  }

  @Test("a lock that is never given back holds up its Entity alone")
  func lostWriter() async throws {
    try await withClients(brokers: 1) { clients in
      let client = clients[0]
      try await client.sendCreation(of: "urn:x:2", "\"n\":0")
      let tenant = try await client.tenantNumber()
      let connection = Connection.Configuration(url: try await TestDatabase.schemaURL())
      try await TestDatabase.withConnection(connection) { other, _ in
        _ = try await other.flight([
          "BEGIN", "SELECT FROM entity WHERE tenant = \(tenant) AND id = 'urn:x:seed' FOR UPDATE",
        ])
        async let held = client.send("PATCH", "entities/urn:x:seed/attrs", #"{"n":1}"#)
        async let free = client.send("PATCH", "entities/urn:x:2/attrs", #"{"n":1}"#)
        #expect(try await free.status == 204)
        let refused = try await held
        #expect(refused.status == 503, "\(refused.text)")
        try await other.rollback()
      }
      let again = try await client.send("PATCH", "entities/urn:x:seed/attrs", #"{"n":1}"#)
      #expect(again.status == 204)
    }
  }

  @Test("updates of different Attributes of one Entity lose nothing", arguments: [1, 2])
  func differentAttributes(brokers: Int) async throws {
    try await withClients(brokers: brokers) { clients in
      let found = try await statuses(100) { number in
        try await clients[number % clients.count].send(
          "PATCH", "entities/urn:x:seed/attrs", "{\"a\(number)\":\(number)}")
      }
      #expect(found.allSatisfy { $0 == 204 })
      let stored = try await clients[0].send("GET", "entities/urn:x:seed?format=simplified").json
      for number in 0..<100 { #expect(stored[named: "a\(number)"]?.integer == number) }
    }
  }

  @Test(
    "updates of one Attribute all reach the history, and one of them the state", arguments: [1, 2])
  func sameAttribute(brokers: Int) async throws {
    try await withClients(brokers: brokers) { clients in
      let found = try await statuses(100) { number in
        try await clients[number % clients.count].send(
          "PATCH", "entities/urn:x:seed/attrs", "{\"n\":\(number + 1)}")
      }
      #expect(found.allSatisfy { $0 == 204 })
      let history = try await clients[0].history(of: "urn:x:seed", "n")
      #expect(history.sorted() == Array(0...100))
      let stored = try await clients[0].send("GET", "entities/urn:x:seed?format=simplified").json
      #expect(history.contains(stored["n"]?.integer ?? -1))
    }
  }

  @Test("appends that create types, names and datasets at once succeed", arguments: [1, 2])
  func names(brokers: Int) async throws {
    let unique = newTenantName().filter(\.isNumber)
    try await withClients(brokers: brokers) { clients in
      let found = try await statuses(60) { number in
        try await clients[number % clients.count].send(
          "POST", "entities",
          """
          {"id":"urn:x:\(number)","type":["T\(unique)_\(number % 7)","U\(unique)_\(number % 3)"],
          "p\(unique)_\(number % 11)":{"type":"Property","value":1,"datasetId":"urn:d:\(unique):\(number % 5)"}}
          """)
      }
      #expect(found.allSatisfy { $0 == 201 }, "\(found)")
      for client in clients {
        let all = try await client.send("GET", "entities?type=*&limit=100")
        #expect(all.ids.count == 61)
        let some = try await client.send("GET", "entities?type=T\(unique)_0&limit=100")
        #expect(some.ids.count == (0..<60).count { $0 % 7 == 0 })
      }
    }
  }

  @Test("batches that overlap in different order neither deadlock nor lose", arguments: [1, 2])
  func overlappingBatches(brokers: Int) async throws {
    let ids = (0..<80).map { "urn:x:\($0)" }
    try await withClients(brokers: brokers) { clients in
      let found = try await statuses(12) { number in
        let order = number % 3 == 0 ? ids : number % 3 == 1 ? ids.reversed() : ids.shuffled()
        let items = order.map { #"{"id":"\#($0)","type":"A","a\#(number)":\#(number)}"# }
        return try await clients[number % clients.count].send(
          "POST", "entityOperations/upsert?options=update",
          "[\(items.joined(separator: ","))]")
      }
      #expect(found.allSatisfy { $0 == 201 || $0 == 204 }, "\(found)")
      let stored = try await clients[0].send("GET", "entities?type=A&limit=200&format=simplified")
      let batched = stored.json.elements.filter { $0["id"]?.string != "urn:x:seed" }
      #expect(batched.count == 80)
      for entity in batched {
        for number in 0..<12 { #expect(entity[named: "a\(number)"]?.integer == number) }
      }
    }
  }

  @Test("deletions and creations of one Entity alternate")
  func deletions() async throws {
    try await withClients(brokers: 2) { clients in
      let found = try await statuses(80) { number in
        let client = clients[number % 2]
        return number % 4 < 2
          ? try await client.send("POST", "entities", #"{"id":"urn:x:1","type":"A","n":1}"#)
          : try await client.send("DELETE", "entities/urn:x:1")
      }
      #expect(Set(found).isSubset(of: [201, 204, 404, 409]), "\(found)")
      let created = found.count { $0 == 201 }
      let deleted = found.count { $0 == 204 }
      let isThere = try await clients[0].send("GET", "entities/urn:x:1").status == 200
      #expect(created - deleted == (isThere ? 1 : 0))
    }
  }

  @Test("a row that the database refuses hurts only itself")
  func refusedRow() async throws {
    try await withTestTenant { client in
      try await client.sendCreation(of: "urn:x:seed", "\"n\":0")
      let refusal = "refuse_\(newTenantName().filter(\.isNumber))"
      let tenant = client.tenant ?? ""
      let number = try await client.query("SELECT id FROM tenant WHERE name = \(tenant)")[0][0].int
      let id = "urn:x:refused:\(refusal)"
      let create = """
        CREATE FUNCTION \(refusal)() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'for a test' USING ERRCODE = '23514'; END $$;
        CREATE TRIGGER \(refusal) BEFORE INSERT ON entity FOR EACH ROW
        WHEN (NEW.tenant = \(number) AND NEW.id = '\(id)') EXECUTE FUNCTION \(refusal)();
        """
      try await TestDatabase.changeTable(create)
      let items = (0..<20).map { $0 == 7 ? id : "urn:x:\($0)" }
      let body = items.map { #"{"id":"\#($0)","type":"A","n":1}"# }.joined(separator: ",")
      let response = try await client.send("POST", "entityOperations/create", "[\(body)]")
      #expect(response.status == 207)
      #expect(response.json["success"]?.count == 19)
      #expect(response.json["errors"]?.count == 1)
      let error = response.json["errors"]?.elements.first { _ in true }
      #expect(error?["entityId"]?.string == id)
      #expect(error?["error"]?["status"]?.integer == 500)
      #expect(error?["error"]?["detail"]?.string?.contains("for a test") == false)
      let alone = try await statuses(10) { index in
        try await client.send(
          "POST", "entities",
          #"{"id":"\#(index == 3 ? id : "urn:y:\(index)")","type":"B","n":1}"#)
      }
      #expect(alone.sorted() == Array(repeating: 201, count: 9) + [500])
      #expect(try await client.send("GET", "entities?type=B").ids.count == 9)
      let drop = "DROP TRIGGER \(refusal) ON entity; DROP FUNCTION \(refusal)();"
      try await TestDatabase.changeTable(drop)
    }
  }
}

extension TestClient {
  fileprivate func sendCreation(of id: String, _ attributes: String) async throws {
    let response = try await send(
      "POST", "entities", #"{"id":"\#(id)","type":"A",\#(attributes)}"#)
    try #require(response.status == 201, "\(response.text)")
  }

  /// The values of an Attribute's instances.
  fileprivate func history(of id: String, _ attribute: String) async throws -> [Int] {
    let response = try await send("GET", "temporal/entities/\(id)?attrs=\(attribute)")
    let instances = response.json[named: attribute].map { Array($0.elements) } ?? []
    return instances.compactMap { $0["value"]?.integer }
  }
}
