import Broker
import EventLoop
import Storage
import Subscriptions
import TestSupport
import Testing

@Suite("Changes of throttling", .serialized)
struct ThrottlingTests {
  private static let rooms = (1...2).map { "urn:ngsi-ld:Room:\($0)" }

  @Test("what waits is forgotten only by who knows the subscription as it is")
  func forgetting() async throws {
    try await withProcess {
      // The process itself is not to look.
      $0.sweepInterval = .seconds(3600)
    } _: { process, receiver in
      try await process.subscribe(to: receiver, members: #""throttling": 3600,"#)
      let row = try await process.pool.query("SELECT key, version FROM subscription")[0]
      let (key, version) = (row[0].int64, row[1].int64)
      let store = ThrottleStore(pool: process.pool)
      try await process.hold(for: key)
      try await process.hold(for: key + 1)
      // As one that has not heard of it, and one that knows it as it was.
      try await store.forget(key, of: BareBroker.tenant, knownUpTo: 0)
      try await store.forget(key, of: BareBroker.tenant, knownUpTo: version - 1)
      #expect(try await process.count("throttled_notification") == 2)
      try await store.forget(key + 1, of: BareBroker.tenant, knownUpTo: 0)
      #expect(try await process.count("throttled_notification") == 1)
      try await store.forget(key, of: BareBroker.tenant, knownUpTo: version)
      #expect(try await process.count("throttled_notification") == 0)
    }
  }

  @Test("what waits is told once throttling is removed, and never after a later change")
  func removal() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver, members: #""throttling": 3600,"#)
      for room in Self.rooms { try await process.create(room, 0) }
      try await receiver.received(1)
      try await process.outboxIsEmpty()
      for room in Self.rooms { try await process.update(room, 1) }
      try await process.updateSubscription(#"{"throttling": null}"#)
      try await process.update(Self.rooms[0], 2)
      try await until("nothing waits") {
        try await process.count("throttled_notification") == 0
      }
      try await process.outboxIsEmpty()
      for (room, last) in zip(Self.rooms, [2, 1]) {
        let values = receiver.received.filter { $0.entityID == room }.map(\.value)
        #expect(values == values.sorted() && values.last == last)
      }
    }
  }

  @Test("a change is held back while one from before throttling is owed")
  func addition() async throws {
    try await withProcess {
      $0.delivery.endpoint.backOffMin = .seconds(3600)
      $0.delivery.endpoint.backOffMax = .seconds(3600)
    } _: { process, receiver in
      receiver.behaviour = { .answer($0 == 0 ? 500 : 200) }
      try await process.subscribe(to: receiver)
      try await process.create(Self.rooms[0], 0)
      try await until("it failed") { try await process.record().timesFailed == 1 }
      try await process.updateSubscription(#"{"throttling": 0.001}"#)
      try await process.update(Self.rooms[0], 1)
      let row = try await process.pool.query("SELECT subscription, id FROM notification")[0]
      let released = try await ThrottleStore(pool: process.pool).release(
        row[0].int64, of: BareBroker.tenant, throttling: .milliseconds(1), to: .endpoint,
        by: process.service.delivery.process
      ) { $0[0] }
      guard case .wait = released else { return #expect(Bool(false), "\(released)") }
      try await process.broker.retryDelivery(row[1].int64, of: "urn:s:1", in: BareBroker.tenant)
      try await receiver.received(3)
      #expect(receiver.received.map(\.value) == [0, 0, 1])
    }
  }
}

extension BareBroker {
  fileprivate func hold(for subscription: SubscriptionNumber) async throws {
    try await pool.query(
      """
      INSERT INTO throttled_notification (tenant, subscription, entity, body)
      VALUES (\(Self.tenant), \(subscription), 1, '{}')
      """)
  }
}
