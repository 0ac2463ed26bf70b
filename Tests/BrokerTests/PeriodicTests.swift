import Broker
import EventLoop
import JSON
import Postgres
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
      let one = try await BareBroker.start(on: loop, database)
      let other = try await BareBroker.start(on: loop, database)
      for number in 1...3 { try await one.create("urn:ngsi-ld:Room:\(number)", number) }
      let start = ContinuousClock.now
      try await one.subscribe(to: receiver, members: #""timeInterval": 0.2, "q": "level>1","#)
      try await receiver.received(6)
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
      try await receiver.received(received.count + 3)
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("a paused subscription is sent nothing, a resumed one at once, an empty one nothing")
  func pausing() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.subscribe(to: receiver, members: #""timeInterval": 0.1,"#)
      try await process.subscribe(
        to: receiver, id: "urn:s:2", members: #""timeInterval": 3600, "isActive": false,"#)
      try await until("an interval has passed") {
        try await process.pool.query(
          "SELECT due > now() FROM subscription_period ORDER BY due LIMIT 1")[0][0].bool
      }
      #expect(receiver.received.isEmpty)
      try await process.broker.deleteSubscription("urn:s:1", in: BareBroker.tenant)
      #expect(try await process.count("subscription_period") == 1)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      #expect(receiver.received.isEmpty)
      try await process.updateSubscription(#"{"isActive": true}"#, id: "urn:s:2")
      try await receiver.received(1)
      #expect(receiver.received.count == 1)
      try await process.updateSubscription(
        #"{"timeInterval": null, "watchedAttributes": ["level"]}"#, id: "urn:s:2")
      #expect(try await process.count("subscription_period") == 0)
      try await process.update("urn:ngsi-ld:Room:1", 2)
      try await receiver.received(2)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("one that is due before this process has heard of its resumption is sent all the same")
  func resumedUnheard() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      // Its interval has the process look for what is due.
      try await process.subscribe(
        to: receiver, members: #""timeInterval": 0.1, "q": "level>100","#)
      try await process.subscribe(
        to: receiver, id: "urn:s:2", members: #""timeInterval": 3600, "isActive": false,"#)
      // As another process does it, without telling.
      try await process.pool.query(
        """
        WITH tick AS (
          UPDATE subscription_clock SET version = version + 1 RETURNING version
        ), resumed AS (
          UPDATE subscription AS s
          SET version = tick.version, document = replace(document, '"isActive":false', '"isActive":true')
          FROM tick WHERE id = 'urn:s:2'
          RETURNING s.key
        )
        UPDATE subscription_period SET due = now() FROM resumed WHERE subscription = key
        """)
      try await receiver.received(1)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test(
    "one that a passing error has stopped is sent again, not an interval later",
    arguments: [
      "RAISE EXCEPTION 'not now' USING ERRCODE = '40001'",
      "RAISE EXCEPTION 'not now' USING ERRCODE = '40P01'",
      "PERFORM pg_terminate_backend(pg_backend_pid())",
    ] as [SQL])
  func passingError(_ error: SQL) async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      try await process.failFirstNotification(by: error)
      try await process.subscribe(to: receiver, members: #""timeInterval": 3600,"#)
      try await until("the interval has passed") {
        try await process.pool.query("SELECT due > now() + '1 min' FROM subscription_period")[0][0]
          .bool
      }
      try await process.outboxIsEmpty()
      #expect(receiver.received.count == 1)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("intervals that passed while no broker ran are not made up for")
  func outage() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let first = try await BareBroker.start(on: loop, database)
      try await first.create("urn:ngsi-ld:Room:1", 1)
      try await first.subscribe(to: receiver, members: #""timeInterval": 3600,"#)
      try await receiver.received(1)
      try await first.outboxIsEmpty()
      try await first.pool.query(
        "UPDATE subscription_period SET due = due - interval '10.5 hours'")
      await first.shutDown()
      let second = try await BareBroker.start(on: loop, database)
      try await receiver.received(2)
      let wait = try await second.pool.query(
        "SELECT extract(epoch FROM due - now())::int FROM subscription_period")[0][0].int
      #expect(0...3600 ~= wait)
      #expect(receiver.received.count == 2)
      await second.shutDown()
      await receiver.close()
    }
  }
}

extension BareBroker {
  /// Has the first row that is written to the outbox fail as it is committed.
  fileprivate func failFirstNotification(by statement: SQL) async throws {
    try await pool.query("CREATE SEQUENCE failure")
    try await pool.query(
      """
      CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('failure') = 1 THEN \(statement); END IF;
        RETURN NULL;
      END $$
      """)
    try await pool.query(
      """
      CREATE CONSTRAINT TRIGGER fail_once AFTER INSERT ON notification
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_once()
      """)
  }
}
