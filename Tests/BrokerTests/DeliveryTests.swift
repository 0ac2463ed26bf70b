import Broker
import EventLoop
import JSON
import NGSILD
import Storage
import Subscriptions
import TestSupport
import Testing

// One after the other: each has several processes with their connections.
@Suite("Delivery of notifications", .serialized)
struct DeliveryTests {
  private static let rooms = (1...4).map { "urn:ngsi-ld:Room:\($0)" }

  @Test("a change is notified, its row removed, its attempt counted")
  func delivery() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(
        to: receiver, endpoint: #""receiverInfo": [{"key": "X-Key", "value": "v"}],"#)
      try await process.create("urn:ngsi-ld:Room:1", 7)
      try await receiver.received(1)
      let notification = try #require(receiver.received.first)
      #expect(notification.headers.first("Content-Type") == "application/json")
      #expect(notification.headers.first("X-Key") == "v")
      #expect(notification.headers.first("Link")?.contains("json-ld#context") == true)
      #expect(notification.body["subscriptionId"]?.string == "urn:s:1")
      #expect(notification.value == 7)
      try await process.outboxIsEmpty()
      let record = try await process.record()
      #expect(record.timesSent == 1 && record.timesFailed == 0 && record.isOK == true)
    }
  }

  @Test("an attempt shows at once, also while it is under way and before it is written down")
  func unwrittenCounts() async throws {
    try await withProcess {
      $0.delivery.settleInterval = .seconds(3600)
    } _: { process, receiver in
      receiver.behaviour = { $0 == 1 ? .hold : .answer($0 == 0 ? 200 : 500) }
      try await process.subscribe(to: receiver)
      try await process.create("urn:ngsi-ld:Room:1", 7)
      try await receiver.received(1)
      #expect(try await process.record().timesSent == 1)
      try await until("it ended") { try await process.record().isOK == true }
      try await process.update("urn:ngsi-ld:Room:1", 8)
      try await receiver.received(2)
      let record = try await process.record()
      #expect(record.timesSent == 2 && record.timesFailed == 0)
      let notified = try #require(record.lastNotification)
      #expect(notified >= (try #require(record.lastSuccess)))
      let page = try await process.broker.querySubscriptions(
        limit: 1, offset: 0, counts: false, in: 1)
      #expect(page.views.first?.record == record)
      receiver.release()
      try await process.update("urn:ngsi-ld:Room:1", 9)
      try await until("one failed") {
        try await process.record().isOK == false
      }
      let sent = try await process.pool.query("SELECT times_sent FROM subscription_delivery")
      #expect(sent[0][0].int == 0)
    }
  }

  @Test("an attempt is counted once, whatever is written down meanwhile")
  func countedOnce() async throws {
    try await withProcess {
      $0.delivery.settleInterval = .milliseconds(1)
    } _: { process, receiver in
      try await process.subscribe(to: receiver)
      let reading = Task(executorPreference: process.loop) {
        var shown: [Int] = []
        while shown.last != 200 { shown.append(try await process.record().timesSent) }
        return shown
      }
      try await process.write(Self.rooms, times: 50)
      let shown = try await reading.value
      #expect(shown == shown.sorted())
      try await process.outboxIsEmpty()
      #expect(try await process.record().timesSent == 200)
    }
  }

  @Test("a write is answered before its notification is delivered")
  func asynchrony() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { _ in .hold }
      try await process.subscribe(to: receiver)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await receiver.received(1)
      // Not answered yet, and still owed.
      #expect(try await process.count("notification") == 1)
      receiver.release()
      try await process.outboxIsEmpty()
    }
  }

  @Test("all of many changes arrive, in order for each Entity, each once")
  func order() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 25)
      try await process.outboxIsEmpty()
      #expect(receiver.received.count == 100)
      #expect(receiver.hasAll(Self.rooms, last: 24))
      #expect(try await process.record().timesSent == 100)
    }
  }

  @Test("a receiver that refuses gets it again, and the order holds")
  func refusal() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { $0 % 3 == 0 ? .answer(500) : .answer(201) }
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 10)
      try await process.outboxIsEmpty()
      #expect(receiver.accepted.count == 40)
      #expect(receiver.hasAll(Self.rooms, last: 9))
      let record = try await process.record()
      #expect(record.timesSent == 40)
      #expect((1...receiver.received.count - 40).contains(record.timesFailed))
    }
  }

  @Test("a failure shows in the subscription and in the outbox")
  func failure() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { _ in .answer(404) }
      try await process.subscribe(to: receiver)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await receiver.received(2)
      try await until("the failure is written down") {
        try await process.record().isOK == false
      }
      let row = try await process.pool.query("SELECT attempts, last_error FROM notification")[0]
      #expect(row[0].int > 0)
      #expect(row[1].string == "HTTP status 404")
      #expect(
        try await process.broker.retrieveSubscription("urn:s:1", in: 1).subscription
          .status(at: .now) == .active)
      receiver.behaviour = { _ in .answer(204) }
      try await process.outboxIsEmpty()
      let record = try await process.record()
      #expect(record.isOK == true)
      // One notification, however often it was tried.
      #expect(record.timesSent == 1 && record.timesFailed == 1)
    }
  }

  @Test("a receiver that was down gets all once it is up")
  func down() async throws {
    try await withProcess { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 10)
      try await until("attempts failed") {
        try await process.pool.query("SELECT sum(attempts)::bigint > 3 FROM notification")[0][0]
          .bool
      }
      #expect(try await process.count("notification") == 40)
      try receiver.open()
      try await process.outboxIsEmpty()
      #expect(receiver.hasAll(Self.rooms, last: 9))
    }
  }

  @Test("a receiver that hangs fails after the timeout, and gets it again")
  func hang() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { $0 == 0 ? .hold : .answer(200) }
      try await process.subscribe(to: receiver, endpoint: #""timeout": 50,"#)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await process.outboxIsEmpty()
      #expect(receiver.received.count == 2)
      #expect(try await process.record().timesFailed == 1)
    }
  }

  @Test("endpoints that refuse, reset or hang do not delay another one")
  func isolation() async throws {
    try await withProcess { process, receiver in
      let reset = try RudeEndpoint(on: process.loop)
      let hanging = try Receiver(on: process.loop)
      hanging.behaviour = { _ in .hold }
      let down = try Receiver(on: process.loop)
      await down.close()
      try await process.subscribe(to: reset, id: "urn:s:reset")
      try await process.subscribe(to: hanging, id: "urn:s:hang")
      try await process.subscribe(to: down, id: "urn:s:down")
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 20)
      try await receiver.received(80)
      #expect(receiver.hasAll(Self.rooms, last: 19))
      #expect(try await process.record("urn:s:hang").isOK == nil)
      try await until("the others failed") {
        let reset = try await process.record("urn:s:reset").timesFailed
        let down = try await process.record("urn:s:down").timesFailed
        return reset > 0 && down > 0
      }
      #expect(reset.connections > 0)
      reset.close()
      await hanging.close()
    }
  }

  @Test("one dead endpoint among 100 does not keep the others from anything")
  func oneOfMany() async throws {
    try await withProcess { process, receiver in
      let dead = try RudeEndpoint(on: process.loop)
      try await process.subscribe(to: dead, id: "urn:s:dead")
      let ids = (1...100).map { "urn:s:\($0)" }
      for id in ids {
        try await process.subscribe(to: ReceiverPath(url: "\(receiver.url)/\(id)"), id: id)
      }
      try await process.write(Self.rooms, times: 5)
      try await receiver.received(2000)
      for id in ids {
        for room in Self.rooms {
          let values = receiver.received.filter {
            $0.body["subscriptionId"]?.string == id && $0.entityID == room
          }.map(\.value)
          #expect(values == Array(0..<5))
        }
      }
      #expect(receiver.received.count == 2000)
      #expect(try await process.count("notification") >= 20)
      dead.close()
    }
  }

  @Test("a receiver is given header fields of the request that makes the change")
  func repeatedHeaders() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { .answer($0 == 0 ? 500 : 200) }
      try await process.subscribe(
        to: receiver,
        endpoint: #"""
          "receiverInfo": [{"key": "X-Trace", "value": "urn:ngsi-ld:request"},
            {"key": "X-None", "value": "urn:ngsi-ld:request"},
            {"key": "Host", "value": "urn:ngsi-ld:request"}, {"key": "X-Own", "value": "o"}],
          """#)
      try await process.create(
        "urn:ngsi-ld:Room:1", 0,
        by: RequestHeaders { name in ["X-Trace": "t\u{e9}", "Host": "evil.example"][name] })
      // Again after a failure, and nothing of it in the next one.
      try await receiver.received(2)
      try await process.update("urn:ngsi-ld:Room:1", 1)
      try await receiver.received(3)
      let headers = receiver.received.map(\.headers)
      #expect(headers.map { $0.first("X-Trace") } == ["t\u{e9}", "t\u{e9}", nil])
      #expect(headers.allSatisfy { $0.first("X-None") == nil && $0.first("X-Own") == "o" })
      #expect(headers.allSatisfy { $0.first("Host")?.hasPrefix("127.0.0.1") == true })
    }
  }

  @Test("what does not fit into memory waits in the database, and keeps its order")
  func backlog() async throws {
    try await withProcess {
      $0.delivery.perSubscriptionMax = 4
    } _: { process, receiver in
      receiver.behaviour = { $0 < 4 ? .hold : .answer(200) }
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 30)
      #expect(process.service.delivery.waitingCount <= 4)
      receiver.release()
      try await process.outboxIsEmpty()
      #expect(receiver.received.count == 120)
      #expect(receiver.hasAll(Self.rooms, last: 29))
      // What comes later goes from memory again.
      try await process.update(Self.rooms[0], 30)
      try await receiver.received(121)
    }
  }

  @Test("a dead endpoint holds little memory")
  func eviction() async throws {
    try await withProcess {
      $0.delivery.perSuspectEndpointMax = 2
    } _: { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 30)
      try await until("most is left to the database") {
        process.service.delivery.waitingCount <= 3
      }
      try receiver.open()
      try await process.outboxIsEmpty()
      #expect(receiver.hasAll(Self.rooms, last: 29))
    }
  }

  @Test("a deleted subscription is owed nothing")
  func deletion() async throws {
    try await withProcess { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 5)
      try await process.broker.deleteSubscription("urn:s:1", in: 1)
      try await process.outboxIsEmpty()
      try receiver.open()
      #expect(receiver.received.isEmpty)
      #expect(try await process.count("subscription_delivery") == 0)
      try await process.update(Self.rooms[0], 9)
      #expect(try await process.count("notification") == 0)
    }
  }

  @Test("what cannot be delivered in time becomes a dead letter")
  func deadLetters() async throws {
    try await withProcess {
      $0.delivery.ageMax = .milliseconds(200)
      $0.delivery.perSubscriptionMax = 4
    } _: { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 5)
      try await process.outboxIsEmpty()
      #expect(try await process.count("dead_notification") == 20)
    }
  }

  @Test("dead letters are shown, and those that an operator wants are delivered")
  func revival() async throws {
    try await withProcess {
      $0.delivery.ageMax = .milliseconds(200)
    } _: { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 3)
      try await until("all are dead") {
        try await process.count("dead_notification") == 12
      }
      let dead = try await process.broker.deliveries(of: "urn:s:1", in: 1, limit: 20).views
      #expect(dead.allSatisfy { $0.state == .dead && $0.row.lastError != nil })
      try receiver.open()
      for view in dead {
        try await process.broker.retryDelivery(view.row.id, of: "urn:s:1", in: 1)
      }
      try await process.outboxIsEmpty()
      #expect(try await process.count("dead_notification") == 0)
      #expect(receiver.received.count == 12)
      #expect(receiver.hasAll(Self.rooms, last: 2))
    }
  }

  @Test("a notification that waits is tried when an operator wants it")
  func hurry() async throws {
    try await withProcess {
      $0.delivery.endpoint.backOffMin = .seconds(3600)
      $0.delivery.endpoint.backOffMax = .seconds(3600)
    } _: { process, receiver in
      receiver.behaviour = { .answer($0 == 0 ? 500 : 200) }
      try await process.subscribe(to: receiver)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await until("it failed") {
        try await process.record().timesFailed == 1
      }
      let view = try #require(
        try await process.broker.deliveries(of: "urn:s:1", in: 1, limit: 20).views.first)
      #expect(view.state == .waiting)
      try await process.broker.retryDelivery(view.row.id, of: "urn:s:1", in: 1)
      try await receiver.received(2)
      try await process.outboxIsEmpty()
    }
  }

  @Test("of dead letters the newest are kept")
  func deadLetterBound() async throws {
    try await withProcess {
      $0.delivery.ageMax = .milliseconds(200)
    } _: { process, receiver in
      await receiver.close()
      try await process.subscribe(to: receiver)
      try await process.write(Self.rooms, times: 3)
      try await until("all are dead") {
        try await process.count("dead_notification") == 12
      }
      let all = try await process.broker.deliveries(of: "urn:s:1", in: 1, limit: 20).views
      let store = DeliveryStore(pool: process.pool)
      #expect(try await store.pruneDead(keeping: 5) == 7)
      let kept = try await process.broker.deliveries(of: "urn:s:1", in: 1, limit: 20).views
      #expect(kept.map(\.row.id) == all.suffix(5).map(\.row.id))
    }
  }

  @Test("within the cooldown after a failure new notifications are dropped")
  func cooldown() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { $0 == 0 ? .answer(500) : .answer(200) }
      try await process.subscribe(to: receiver, endpoint: #""cooldown": 3600000,"#)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await until("the first one failed") {
        try await process.record().timesFailed == 1
      }
      try await process.create("urn:ngsi-ld:Room:2", 0)
      try await until("the second one is dropped") {
        try await process.count("notification") == 1
      }
      #expect(try await process.record().timesSent == 1)
      #expect(receiver.received.count == 1)
    }
  }

  @Test("the cooldown concerns nothing that was owed before the failure")
  func owedBeforeCooldown() async throws {
    try await withProcess {
      $0.delivery.perSubscriptionMax = 4
    } _: { process, receiver in
      receiver.behaviour = { $0 == 0 ? .holdAndRefuse : $0 < 4 ? .hold : .answer(200) }
      try await process.subscribe(to: receiver, endpoint: #""cooldown": 3600000,"#)
      for number in 1...8 { try await process.create("urn:ngsi-ld:Room:\(number)", 0) }
      try await receiver.received(4)
      receiver.release(first: 1)
      try await until("the first one failed") {
        try await process.record().timesFailed == 1
      }
      // The others make room for what waits in the database.
      receiver.release()
      try await until("all but the first one are gone") {
        try await process.count("notification") <= 1
      }
      try await receiver.received(8)
    }
  }

  @Test("a dead letter that an operator wants is delivered within the cooldown")
  func revivalInCooldown() async throws {
    try await withProcess { process, receiver in
      receiver.behaviour = { .answer($0 == 0 ? 500 : 200) }
      try await process.subscribe(to: receiver, endpoint: #""cooldown": 3600000,"#)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      try await until("it failed") { try await process.record().timesFailed == 1 }
      try await process.pool.query(
        """
        INSERT INTO dead_notification (tenant, id, subscription, entity, created, attempts, body)
        SELECT 1, -1, key, 999, now(), 0, '{}' FROM subscription
        """)
      try await process.broker.retryDelivery(-1, of: "urn:s:1", in: 1)
      try await until("it is owed no more") {
        try await process.count("notification") == 1
      }
      #expect(receiver.received.count == 2)
    }
  }

  @Test("within the throttling time there is one notification")
  func throttling() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver, members: #""throttling": 3600,"#)
      try await process.write(Self.rooms, times: 5)
      try await receiver.received(1)
      try await process.outboxIsEmpty()
      #expect(receiver.received.count == 1)
      #expect(try await process.record().timesSent == 1)
    }
  }

  @Test("what throttling held back is told in one notification, with the last of each Entity")
  func coalescing() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver, members: #""throttling": 0.3,"#)
      try await process.write(Self.rooms, times: 5)
      try await until("all is told") {
        Self.rooms.allSatisfy { room in
          receiver.received.contains { notification in
            notification.body["data"]?.elements.contains {
              $0["id"]?.string == room && $0["level"]?["value"]?.integer == 4
            } == true
          }
        }
      }
      try await process.outboxIsEmpty()
      #expect(try await process.count("throttled_notification") == 0)
      #expect(receiver.received.count < 5)
    }
  }

  @Test("what a crashed process held back is told by another one")
  func heldBack() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let first = try await BareBroker.start(on: loop, database)
      try await first.subscribe(to: receiver, members: #""throttling": 0.3,"#)
      try await first.create(Self.rooms[0], 0)
      try await receiver.received(1)
      try await first.outboxIsEmpty()
      try await first.create(Self.rooms[1], 1)
      await first.crash()
      let second = try await BareBroker.start(on: loop, database)
      try await receiver.received(2)
      #expect(receiver.received[1].entityID == Self.rooms[1])
      await second.shutDown()
      await receiver.close()
    }
  }

  @Test("what was committed although nobody could tell is delivered")
  func lostConnection() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver)
      let key = try await process.pool.query("SELECT key FROM subscription")[0][0].int64
      try await process.pool.query(
        """
        INSERT INTO notification (tenant, id, subscription, entity, process, created, body)
        VALUES (1, -1, \(key), 1, \(process.service.delivery.process), now(), '{}')
        """)
      process.service.delivery.deliverIfCommitted([
        DueNotification(tenant: 1, subscription: key, entity: 1, body: [])
      ])
      try await receiver.received(1)
      try await process.outboxIsEmpty()
    }
  }

  // MARK: Processes that end

  @Test("what a process owes when it ends is delivered by another one")
  func handBack() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      let receiver = try Receiver(on: loop)
      await receiver.close()
      try await one.subscribe(to: receiver)
      try await one.write(Self.rooms, times: 10)
      await one.shutDown()
      try receiver.open()
      let other = try await BareBroker.start(on: loop, database)
      try await other.outboxIsEmpty()
      #expect(receiver.hasAll(Self.rooms, last: 9))
      try await until("the dead process is struck out") {
        try await other.count("broker_process") == 1
      }
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("what a crashed process owes is delivered once its lease has run out, with its order")
  func crash() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      // Requests that are under way when the process crashes are among what is owed.
      receiver.behaviour = { $0 < 20 ? .answer(200) : .hold }
      let other = try await BareBroker.start(on: loop, database) { $0.lease = .milliseconds(300) }
      let one = try await BareBroker.start(on: loop, database) { $0.lease = .milliseconds(300) }
      try await one.subscribe(to: receiver)
      try await one.write(Self.rooms, times: 25)
      try await receiver.received(21)
      await one.crash()
      receiver.behaviour = { _ in .answer(200) }
      receiver.release()
      try await other.outboxIsEmpty()
      #expect(receiver.hasAll(Self.rooms, last: 24))
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("two takers do not share what a dead process left")
  func oneTaker() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      await receiver.close()
      let one = try await BareBroker.start(on: loop, database)
      try await one.subscribe(to: receiver)
      try await one.write(Self.rooms, times: 30)
      let others = [
        try await BareBroker.start(on: loop, database) { $0.delivery.perSubscriptionMax = 8 },
        try await BareBroker.start(on: loop, database) { $0.delivery.perSubscriptionMax = 8 },
      ]
      await one.shutDown()
      try receiver.open()
      try await others[0].outboxIsEmpty()
      #expect(receiver.received.count == 120)
      #expect(receiver.hasAll(Self.rooms, last: 29))
      for other in others { await other.shutDown() }
      await receiver.close()
    }
  }

  @Test("new changes queue behind what a dead process left")
  func newBehindOld() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      await receiver.close()
      let one = try await BareBroker.start(on: loop, database)
      try await one.subscribe(to: receiver)
      try await one.write(Self.rooms, times: 10)
      await one.shutDown()
      let other = try await BareBroker.start(on: loop, database)
      for value in 10..<20 {
        for room in Self.rooms { try await other.update(room, value) }
      }
      try receiver.open()
      try await other.outboxIsEmpty()
      #expect(receiver.hasAll(Self.rooms, last: 19))
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("changes of one Entity through two processes are delivered in their order")
  func twoWriters() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      receiver.behaviour = { $0 == 0 ? .hold : .answer(200) }
      let brokers = [
        try await BareBroker.start(on: loop, database),
        try await BareBroker.start(on: loop, database),
      ]
      try await brokers[0].subscribe(to: receiver)
      try await until("the other process knows the subscription") {
        brokers[1].service.table.hasSubscriptions(in: BareBroker.tenant)
      }
      try await brokers[0].write(["urn:x:1"], times: 1)
      try await receiver.received(1)
      for value in 1..<20 { try await brokers[value % 2].update("urn:x:1", value) }
      receiver.release()
      try await receiver.received(20)
      try await brokers[0].outboxIsEmpty()
      #expect(receiver.received.map(\.value) == Array(0..<20))
      for broker in brokers { await broker.shutDown() }
      await receiver.close()
    }
  }

  @Test("a notification that arrives before its predecessor waits for it")
  func overtaking() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(to: receiver)
      let key = try await process.pool.query("SELECT key FROM subscription")[0][0].int64
      let owner = process.service.delivery.process
      let bodies = (1...2).map { #"{"data":[{"id":"urn:x:1","level":{"value":\#($0)}}]}"# }
      for (index, body) in bodies.enumerated() {
        try await process.pool.query(
          """
          INSERT INTO notification (tenant, subscription, entity, id, process, created, body)
          VALUES (1, \(key), 1, \(index + 1), \(owner), now(), \(body))
          """)
      }
      let owed = bodies.enumerated().map { index, body in
        OwedNotification(
          tenant: 1, id: Int64(index + 1), subscription: key, entity: 1, process: owner,
          predecessor: index == 0 ? nil : 1, body: Array(body.utf8))
      }
      process.service.delivery.deliver([owed[1]])
      try await receiver.received(2)
      process.service.delivery.deliver([owed[0]])
      try await process.outboxIsEmpty()
      #expect(receiver.received.map(\.value) == [1, 2])
    }
  }
}
