import Broker
import JSON
import TestSupport
import Testing

// Old events are everyone's: who prunes them takes away what another test has yet to read.
@Suite("Event streams", .serialized)
struct EventTests {
  private static let room = "urn:ngsi-ld:Room:1"

  private func subscription(
    _ members: String = "", endpoint: String = "urn:kontext:stream"
  ) -> String {
    """
    {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Room"}], \(members)
     "notification": {"format": "simplified", "endpoint": {"uri": "\(endpoint)"}}}
    """
  }

  private func create(_ client: TestClient, _ subscription: String) async throws {
    #expect(try await client.send("POST", "subscriptions", subscription).status == 201)
  }

  private func set(
    _ level: Int, of entity: String = room, _ client: TestClient
  ) async throws {
    let entity = #"[{"id": "\#(entity)", "type": "Room", "level": \#(level)}]"#
    let status = try await client.send("POST", "entityOperations/upsert", entity).status
    #expect([201, 204].contains(status))
  }

  private func levels(_ events: [EventReader.Event]) -> [Int] {
    events.compactMap { $0.entity?["level"]?.integer }
  }

  @Test(
    "notifications arrive as numbered events, whatever the endpoint",
    arguments: ["urn:kontext:stream", "http://127.0.0.1:9/"])
  func events(endpoint: String) async throws {
    try await withTestTenant { client in
      try await create(client, subscription(endpoint: endpoint))
      let reader = try EventReader(client, "urn:s:1")
      #expect(reader.status == 200)
      #expect(try reader.nextBlock()?.id == 0)
      for level in 1...3 { try await set(level, client) }
      let events = try reader.next(3)
      #expect(events.map(\.id) == [1, 2, 3])
      #expect(levels(events) == [1, 2, 3])
      let first = try JSONValue(parsing: events[0].data ?? "")
      #expect(first["type"]?.string == "Notification")
      #expect(first["subscriptionId"]?.string == "urn:s:1")
      #expect(first["notifiedAt"] != nil)
    }
  }

  @Test("a stream owes nobody anything")
  func outbox() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      try await set(1, client)
      let path = "/kontext/v1/subscriptions/urn:s:1/deliveries"
      #expect(try await client.send("GET", path).text == "[]")
      let shown = try await client.send("GET", "subscriptions/urn:s:1").json
      #expect(shown["notification"]?["endpoint"]?["uri"]?.string == "urn:kontext:stream")
    }
  }

  @Test("who comes back goes on where it was, at any broker")
  func resumption() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      let reader = try EventReader(client, "urn:s:1")
      for level in 1...3 { try await set(level, client) }
      #expect(try reader.next(2).map(\.id) == [1, 2])
      reader.close()
      for level in 4...5 { try await set(level, client) }
      try await withTestBroker { other in
        for broker in [client.broker, other] {
          let reader = try EventReader(client, "urn:s:1", after: 2, on: broker)
          #expect(try reader.nextBlock()?.id == 2)
          #expect(levels(try reader.next(3)) == [3, 4, 5])
          try await set(6, client)
          #expect(levels(try reader.next(1)) == [6])
          try await set(5, client)
          #expect(levels(try reader.next(1)) == [5])
        }
      }
    }
  }

  @Test("writers at two brokers make one stream, in order for each Entity")
  func writers() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      let reader = try EventReader(client, "urn:s:1")
      _ = try reader.nextBlock()
      let entities = (1...4).map { "urn:ngsi-ld:Room:\($0)" }
      let count = 25
      try await withTestBroker { other in
        try await other.follows(client, "urn:s:1")
        try await withThrowingTaskGroup { group in
          for (index, entity) in entities.enumerated() {
            let broker = index.isMultiple(of: 2) ? client.broker : other
            let writer = TestClient(broker, tenant: client.tenant)
            group.addTask {
              for level in 1...count { try await set(level, of: entity, writer) }
            }
          }
          try await group.waitForAll()
        }
      }
      let events = try reader.next(entities.count * count)
      #expect(events.map(\.id) == (1...Int64(events.count)).map(Optional.some))
      for entity in entities {
        #expect(
          levels(events.filter { $0.entity?["id"]?.string == entity }) == Array(1...count))
      }
    }
  }

  @Test("who was away for long gets what is kept, page by page, and is told of what is not")
  func gap() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      let rooms = (1...600).map {
        #"{"id": "urn:ngsi-ld:Room:\#($0)", "type": "Room", "level": 1}"#
      }
      let batch = "[\(rooms.joined(separator: ","))]"
      #expect(try await client.send("POST", "entityOperations/create", batch).status == 201)
      let all = try EventReader(client, "urn:s:1", after: 0)
      #expect(try all.next(600).map(\.id) == (1...600).map(Optional.some))
      _ = try await client.query(
        """
        DELETE FROM event WHERE number <= 550
          AND tenant = (SELECT id FROM tenant WHERE name = \(client.tenant ?? ""))
        """)
      let late = try EventReader(client, "urn:s:1", after: 10)
      let gap = try #require(try late.next())
      #expect(gap.type == "gap")
      #expect(gap.id == 550)
      #expect(gap.data == #"{"from": 11, "to": 550}"#)
      #expect(try late.next(50).map(\.id) == (551...600).map(Optional.some))
      let ahead = try EventReader(client, "urn:s:1", after: 700)
      #expect(try ahead.next()?.data == #"{"from": 601, "to": 700}"#)
      try await set(2, client)
      #expect(try ahead.next()?.id == 601)
    }
  }

  @Test("who knows of events that its broker has not heard of misses none, and gets none again")
  func unheard() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      let first = try EventReader(client, "urn:s:1")
      try await set(1, client)
      #expect(try first.next()?.id == 1)
      // As another broker adds them, but for the NOTIFY.
      _ = try await client.query(
        """
        WITH stream AS (
          UPDATE event_stream SET last = 3
          WHERE tenant = (SELECT id FROM tenant WHERE name = \(client.tenant ?? ""))
          RETURNING tenant, subscription
        )
        INSERT INTO event (tenant, subscription, number, body)
        SELECT tenant, subscription, new, body
        FROM stream JOIN event USING (tenant, subscription), generate_series(2, 3) AS new
        """)
      let second = try EventReader(client, "urn:s:1", after: 3)
      #expect(try second.nextBlock()?.id == 3)
      #expect(try first.next(2).map(\.id) == [2, 3])
      try await set(4, client)
      let news = try second.next()
      #expect(news?.type == nil)
      #expect(news?.id == 4)
    }
  }

  @Test("old events go, and those beyond the bound")
  func bounds() async throws {
    var limits = EventLimits()
    limits.keptMax = 2
    try await withTestBroker(events: limits) { broker in
      let client = TestClient(broker, tenant: newTenantName())
      try await create(client, subscription())
      for level in 1...5 { try await set(level, client) }
      try await broker.prune()
      let reader = try EventReader(client, "urn:s:1", after: 0)
      #expect(try reader.next()?.type == "gap")
      #expect(levels(try reader.next(2)) == [4, 5])
      try await client.removeTenant()
    }
  }

  @Test("a quiet stream shows signs of life")
  func quiet() async throws {
    var limits = EventLimits()
    limits.quietMax = .milliseconds(100)
    try await withTestBroker(events: limits) { broker in
      let client = TestClient(broker, tenant: newTenantName())
      try await create(client, subscription())
      let reader = try EventReader(client, "urn:s:1")
      _ = try reader.nextBlock()
      #expect(try reader.nextBlock()?.isComment == true)
      #expect(try reader.nextBlock()?.isComment == true)
      try await client.removeTenant()
    }
  }

  @Test("what throttling held back is told in the end")
  func throttling() async throws {
    try await withTestTenant { client in
      try await create(client, subscription(#""throttling": 0.3,"#))
      let reader = try EventReader(client, "urn:s:1")
      try await set(1, client)
      #expect(levels(try reader.next(1)) == [1])
      for level in 2...4 { try await set(level, client) }
      var told: [Int] = []
      while told.last != 4 { told += levels(try reader.next(1)) }
      #expect(told == told.sorted())
    }
  }

  @Test("the stream of a deleted subscription ends, and there is none for another tenant")
  func deletion() async throws {
    try await withTestTenant { client in
      try await create(client, subscription())
      try await withTestTenant { other in
        try await set(1, other)
        #expect(try EventReader(other, "urn:s:1").status == 404)
      }
      let reader = try EventReader(client, "urn:s:1")
      _ = try reader.nextBlock()
      #expect(try await client.send("DELETE", "subscriptions/urn:s:1").status == 204)
      #expect(try reader.next()?.type == "end")
      #expect(try reader.next() == nil)
      #expect(try EventReader(client, "urn:s:1").status == 404)
    }
  }

  @Test("streams beyond the bound are refused, and wrong ids too")
  func refusals() async throws {
    var limits = EventLimits()
    limits.streamsMax = 2
    try await withTestBroker(events: limits) { broker in
      let client = TestClient(broker, tenant: newTenantName())
      try await create(client, subscription())
      let readers = try (0..<2).map { _ in try EventReader(client, "urn:s:1") }
      for reader in readers { _ = try reader.nextBlock() }
      #expect(try EventReader(client, "urn:s:1").status == 503)
      let path = "/kontext/v1/subscriptions/urn:s:1/events"
      for id in ["x", "-1"] {
        let response = try await client.send("GET", path, headers: [("Last-Event-ID", id)])
        #expect(response.status == 400)
        #expect(response.detail.contains("'\(id)'"))
      }
      #expect(try await client.send("POST", path, "{}").status == 405)
      try await client.removeTenant()
    }
  }
}

extension EventReader.Event {
  fileprivate var entity: JSONValue? {
    guard let data, let body = try? JSONValue(parsing: data) else { return nil }
    return body["data"]?.elements.first { _ in true }
  }
}

extension TestBroker {
  /// Waits until this broker knows a subscription.
  fileprivate func follows(_ client: TestClient, _ subscription: String) async throws {
    let path = "/kontext/v1/subscriptions/\(subscription)/explain?entity=urn:ngsi-ld:none:1"
    // To explain anything, it has to be up to date.
    _ = try await TestClient(self, tenant: client.tenant).send("GET", path)
  }
}
