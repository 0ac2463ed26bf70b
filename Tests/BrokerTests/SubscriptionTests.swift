import Broker
import EventLoop
import JSON
import JSONLD
import NGSILD
import Postgres
import Storage
import Subscriptions
import TestSupport
import Testing

// One after the other: each has several processes with their connections.
@Suite("Subscriptions of a broker", .serialized)
struct SubscriptionTests {
  private struct Nowhere: Endpoint {
    let url = "http://127.0.0.1:9/"
  }

  private func view(_ view: SubscriptionView) throws -> JSONValue {
    var writer = JSONWriter()
    view.write(
      to: &writer,
      as: SubscriptionRepresentation(
        context: .core, showsSystemAttributes: true, embedsContext: true))
    return try JSONValue(parsing: writer.bytes)
  }

  @Test("what was created is retrieved, and gone once deleted")
  func lifeCycle() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      let broker = process.broker
      try await process.subscribe(to: Nowhere(), members: #""q": "level>5","#)
      let shown = try view(try await broker.retrieveSubscription("urn:s:1", in: 1))
      #expect(shown["q"]?.string == "level>5")
      #expect(
        shown["notificationTrigger"]?.elements.map(\.string)
          == ["attributeCreated", "attributeUpdated"])
      #expect(shown["status"]?.string == "active")
      #expect(shown["createdAt"]?.string.flatMap { DateTime($0) } != nil)
      #expect(shown["@context"]?.string == CoreContext.url)
      #expect(shown["notification"]?["timesSent"] == nil)
      #expect(process.service.table.count == 1)
      try await broker.deleteSubscription("urn:s:1", in: 1)
      #expect(process.service.table.count == 0)
      await expect(.resourceNotFound) { try await broker.deleteSubscription("urn:s:1", in: 1) }
      await expect(.resourceNotFound) {
        _ = try await broker.retrieveSubscription("urn:s:1", in: 1)
      }
      await expect(.badRequestData) { _ = try await broker.retrieveSubscription("s1", in: 1) }
      await process.shutDown()
    }
  }

  @Test("an id is there once in a tenant")
  func uniqueness() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      try await process.subscribe(to: Nowhere())
      await expect(.alreadyExists) { try await process.subscribe(to: Nowhere()) }
      #expect(process.service.table.count == 1)
      let other = try await process.broker.tenants.create(TenantName("other"), in: process.pool)
      await expect(.resourceNotFound) {
        _ = try await process.broker.retrieveSubscription("urn:s:1", in: other)
      }
      await process.shutDown()
    }
  }

  @Test("an update is in force at once, in other processes too, and none is lost")
  func update() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      let other = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(60) }
      let receiver = try Receiver(on: loop)
      await expect(.resourceNotFound) { try await one.updateSubscription(#"{"isActive": false}"#) }
      try await one.subscribe(to: receiver)
      try await one.updateSubscription(#"{"isActive": false}"#)
      try await one.create("urn:ngsi-ld:Room:1", 1)
      #expect(try await one.count("notification") == 0)
      let shown = try view(try await one.broker.retrieveSubscription("urn:s:1", in: 1))
      #expect(shown["status"]?.string == "paused")
      try await one.updateSubscription(#"{"isActive": true}"#)
      try await other.create("urn:ngsi-ld:Room:2", 1)
      try await receiver.received(1)
      try await withThrowingTaskGroup { group in
        for member in ["subscriptionName", "description", "q", "scopeQ"] {
          let process = member == "q" ? other : one
          group.addTask(executorPreference: loop) {
            try await process.updateSubscription(
              #"{"\#(member)": "/a"}"#.replacing(#""q": "/a""#, with: #""q": "a""#))
          }
        }
        try await group.waitForAll()
      }
      let all = try view(try await one.broker.retrieveSubscription("urn:s:1", in: 1))
      #expect(all["subscriptionName"] != nil && all["description"] != nil)
      #expect(all["q"] != nil && all["scopeQ"] != nil)
      #expect(all["createdAt"]?.string == shown["createdAt"]?.string)
      await one.shutDown()
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("what waits for an endpoint goes to the new one after an update")
  func moved() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      let (old, new) = (try Receiver(on: loop), try Receiver(on: loop))
      await old.close()
      let rooms = ["urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:2"]
      try await process.subscribe(to: old)
      try await process.write(rooms, times: 10)
      try await process.updateSubscription(
        #"{"notification": {"endpoint": {"uri": "\#(new.url)"}}}"#)
      try await process.outboxIsEmpty()
      #expect(new.hasAll(rooms, last: 9))
      #expect(process.service.delivery.waitingCount == 0)
      await process.shutDown()
      await new.close()
    }
  }

  @Test("what is under way to the old endpoint ends before anything goes to the new one")
  func movedWhileUnderWay() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      let (old, new) = (try Receiver(on: loop), try Receiver(on: loop))
      old.behaviour = { $0 == 0 ? .hold : .answer(500) }
      try await process.subscribe(to: old)
      try await process.write(["urn:x:1"], times: 5)
      try await old.received(1)
      try await process.updateSubscription(
        #"{"notification": {"endpoint": {"uri": "\#(new.url)"}}}"#)
      for value in 5..<10 { try await process.update("urn:x:1", value) }
      #expect(new.received.isEmpty)
      old.release()
      try await process.outboxIsEmpty()
      #expect(new.received.map(\.value) == Array(1..<10))
      await process.shutDown()
      await old.close()
      await new.close()
    }
  }

  @Test("pages follow the order of creation and say how many there are")
  func pages() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      for number in [3, 1, 2, 5, 4] {
        try await process.subscribe(to: Nowhere(), id: "urn:s:\(number)")
      }
      let page = try await process.broker.querySubscriptions(
        limit: 2, offset: 1, counts: true, in: 1)
      #expect(page.views.map(\.subscription.id) == ["urn:s:1", "urn:s:2"])
      #expect(page.count == 5)
      let none = try await process.broker.querySubscriptions(
        limit: 0, offset: 0, counts: false, in: 1)
      #expect(none.views.isEmpty && none.count == nil)
      await process.shutDown()
    }
  }

  @Test("a context that is not available is LdContextNotAvailable, and nothing is stored")
  func context() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      await expect(.ldContextNotAvailable) {
        try await process.subscribe(
          to: Nowhere(), members: #""jsonldContext": "http://127.0.0.1:9/c.jsonld","#)
      }
      #expect(try await process.count("subscription") == 0)
      await process.shutDown()
    }
  }

  @Test("another process hears of a new subscription, and of its end")
  func otherProcess() async throws {
    try await withDatabase { loop, database in
      // Without sweeps, so that it is NOTIFY which tells.
      let one = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(60) }
      let other = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(60) }
      try await one.subscribe(to: Nowhere())
      try await until("the other process knows it") { other.service.table.count == 1 }
      try await one.broker.deleteSubscription("urn:s:1", in: 1)
      try await until("the other process has forgotten it") {
        other.service.table.count == 0
      }
      await one.shutDown()
      await other.shutDown()
    }
  }

  @Test("a process that starts reads all subscriptions, in portions")
  func start() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      try await one.subscribe(to: Nowhere(), id: "urn:s:last")
      // More than one portion; copies of the row are enough.
      try await one.pool.query(
        """
        INSERT INTO subscription (tenant, id, version, created, modified, document, context)
        SELECT tenant, id || n, n + 10, created, modified, document, context
        FROM subscription, generate_series(1, 2500) AS n
        """)
      try await one.pool.query("UPDATE subscription_clock SET version = 3000")
      let other = try await BareBroker.start(on: loop, database)
      #expect(other.service.table.count == 2501)
      #expect(other.service.table.version == 3000)
      await one.shutDown()
      await other.shutDown()
    }
  }

  @Test("a subscription whose context cannot be had any more is in force all the same")
  func lostContext() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      let receiver = try Receiver(on: loop)
      try await one.subscribe(to: receiver)
      try await one.pool.query(
        "UPDATE subscription SET context = '\"http://127.0.0.1:9/c.jsonld\"'")
      let other = try await BareBroker.start(on: loop, database)
      try await other.create("urn:ngsi-ld:Room:1", 1)
      try await receiver.received(1)
      #expect(receiver.received.first?.headers.first("Link")?.contains(CoreContext.url) == true)
      await one.shutDown()
      await other.shutDown()
      await receiver.close()
    }
  }

  private func expect(
    _ kind: NGSILDError.Kind, _ body: () async throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let error = await #expect(throws: NGSILDError.self, sourceLocation: sourceLocation) {
      try await body()
    }
    #expect(error?.kind == kind, sourceLocation: sourceLocation)
  }
}
