import Broker
import EventLoop
import JSON
import Subscriptions
import TestSupport
import Testing

@Suite("Periodic notifications", .serialized)
struct PeriodicTests {
  @Test(
    "all Entities that match are told again and again, once an interval, by one of two processes")
  func interval() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let one = try await TestBroker.start(on: loop, database)
      let other = try await TestBroker.start(on: loop, database)
      for number in 1...3 { try await one.create("urn:ngsi-ld:Room:\(number)", number) }
      let start = ContinuousClock.now
      try await one.subscribe(to: receiver, members: #""timeInterval": 0.2, "q": "level>1","#)
      await receiver.received(6)
      let elapsed = ContinuousClock.now - start
      let received = receiver.received
      for notification in received {
        let ids = notification.body["data"]?.elements.compactMap { $0["id"]?.string }
        #expect(ids == ["urn:ngsi-ld:Room:2", "urn:ngsi-ld:Room:3"])
      }
      // The first one is sent at once.
      #expect(Double(received.count) <= elapsed / .milliseconds(200) + 1.5)
      await one.shutDown()
      // The other one goes on.
      await receiver.received(received.count + 3)
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("a paused subscription is sent nothing, a resumed one at once, an empty one nothing")
  func pausing() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await TestBroker.start(on: loop, database)
      try await process.subscribe(to: receiver, members: #""timeInterval": 0.1,"#)
      try await process.subscribe(
        to: receiver, id: "urn:s:2", members: #""timeInterval": 3600, "isActive": false,"#)
      try await process.loop.until("an interval has passed") {
        try await process.pool.query(
          "SELECT due > now() FROM subscription_period ORDER BY due LIMIT 1")[0][0].bool
      }
      #expect(receiver.received.isEmpty)
      try await process.broker.deleteSubscription("urn:s:1", in: TestBroker.tenant)
      #expect(try await process.count("subscription_period") == 1)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      #expect(receiver.received.isEmpty)
      try await process.updateSubscription(#"{"isActive": true}"#, id: "urn:s:2")
      await receiver.received(1)
      #expect(receiver.received.count == 1)
      try await process.updateSubscription(
        #"{"timeInterval": null, "watchedAttributes": ["level"]}"#, id: "urn:s:2")
      #expect(try await process.count("subscription_period") == 0)
      try await process.update("urn:ngsi-ld:Room:1", 2)
      await receiver.received(2)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("intervals that passed while no broker ran are not made up for")
  func outage() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let first = try await TestBroker.start(on: loop, database)
      try await first.create("urn:ngsi-ld:Room:1", 1)
      try await first.subscribe(to: receiver, members: #""timeInterval": 3600,"#)
      await receiver.received(1)
      try await first.outboxIsEmpty()
      try await first.pool.query(
        "UPDATE subscription_period SET due = due - interval '10.5 hours'")
      await first.shutDown()
      let second = try await TestBroker.start(on: loop, database)
      await receiver.received(2)
      let wait = try await second.pool.query(
        "SELECT extract(epoch FROM due - now())::int FROM subscription_period")[0][0].int
      #expect(0...3600 ~= wait)
      #expect(receiver.received.count == 2)
      await second.shutDown()
      await receiver.close()
    }
  }
}
