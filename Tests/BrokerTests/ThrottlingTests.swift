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
