import Broker
import EventLoop
import JSON
import NGSILD
import Registrations
import Storage
import TestSupport
import Testing

private let rooms = #"[{"entities": [{"type": "Room"}]}]"#

extension BareBroker {
  fileprivate func register(
    _ id: String, _ information: String = rooms, _ members: String = ""
  ) async throws {
    _ = try await broker.createRegistration(
      JSONValue(
        parsing: """
          {"id": "\(id)", "type": "ContextSourceRegistration", "endpoint": "http://source",
           "information": \(information)\(members)}
          """), context: .core, in: Self.tenant, named: TenantName(stored: ""))
  }

  fileprivate func update(_ id: String, with fragment: String) async throws {
    try await broker.updateRegistration(
      id, with: JSONValue(parsing: fragment), context: .core, in: Self.tenant,
      named: TenantName(stored: ""))
  }

  fileprivate func subscribeToRegistrations(
    _ receiver: Receiver, _ members: String = "", entities: String = #"[{"type": "Room"}]"#,
    endpoint: String = ""
  ) async throws {
    _ = try await broker.createSubscription(
      JSONValue(
        parsing: """
          {"id": "urn:s:1", "type": "Subscription", "entities": \(entities), \(members)
           "notification": {"endpoint": {\(endpoint)"uri": "\(receiver.url)"}}}
          """), of: .registrations, context: .core, in: Self.tenant, at: Self.site)
  }

  fileprivate var index: RegistrationIndex { broker.registrations.index(of: Self.tenant) }
}

extension Receiver.Notification {
  fileprivate var reason: String? { body["triggerReason"]?.string }
  fileprivate var ids: [String] { body["data"]?.elements.compactMap { $0["id"]?.string } ?? [] }
}

@Suite("Registrations of a broker", .serialized)
struct RegistrationTests {
  @Test("a process knows its own registrations at once, and those of others soon")
  func processes() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(60) }
      let other = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(60) }
      try await one.register("urn:r:1")
      #expect(one.index[id: "urn:r:1"] != nil)
      try await until("told") { other.index[id: "urn:r:1"] != nil }
      try await other.update("urn:r:1", with: #"{"tenant": "t"}"#)
      #expect(other.index[id: "urn:r:1"]?.registration.tenant == "t")
      try await until("told") { one.index[id: "urn:r:1"]?.registration.tenant == "t" }
      try await one.broker.deleteRegistration("urn:r:1", in: BareBroker.tenant)
      #expect(one.index.isEmpty)
      try await until("told") { other.index.isEmpty }
      await one.shutDown()
      await other.shutDown()
    }
  }

  @Test("a process that starts knows all registrations")
  func start() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      try await one.register("urn:r:1")
      await one.shutDown()
      let other = try await BareBroker.start(on: loop, database)
      #expect(other.index.count == 1)
      await other.shutDown()
    }
  }

  @Test("requests to a source are counted, by all processes together")
  func counters() async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database)
      let other = try await BareBroker.start(on: loop, database)
      try await one.register("urn:r:1")
      try await until("told") { other.index[id: "urn:r:1"] != nil }
      let before = try await one.broker.retrieveRegistration("urn:r:1", in: BareBroker.tenant)
      #expect(before.record.timesSent == 0)
      let failure = DateTime.now
      for (process, succeeded) in [(one, true), (one, false), (other, true)] {
        let registration = try #require(process.index[id: "urn:r:1"])
        process.broker.registrations.note(registration, succeeded: succeeded, at: failure)
      }
      try await until("all are written") {
        try await one.broker.retrieveRegistration("urn:r:1", in: BareBroker.tenant)
          .record.timesSent == 3
      }
      let record = try await one.broker.retrieveRegistration("urn:r:1", in: BareBroker.tenant)
        .record
      #expect(record.timesFailed == 1)
      #expect(record.lastSuccess == failure)
      #expect(record.lastFailure == failure)
      // Counters are no change of the registration.
      #expect(one.index[id: "urn:r:1"]?.registration.modifiedAt == before.registration.modifiedAt)
      await one.shutDown()
      await other.shutDown()
    }
  }
}

@Suite("Notifications of registrations", .serialized)
struct RegistrationNotificationTests {
  @Test("each change is told with its reason, and no other")
  func reasons() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.register("urn:r:1")
      try await process.register("urn:r:bus", #"[{"entities": [{"type": "Bus"}]}]"#)
      try await process.subscribeToRegistrations(receiver)
      try await process.register("urn:r:2", rooms, #", "tenant": "t""#)
      try await process.update("urn:r:bus", with: #"{"description": "d"}"#)
      try await process.update("urn:r:2", with: #"{"description": "d"}"#)
      try await process.update(
        "urn:r:2", with: #"{"information": [{"entities": [{"type": "Bus"}]}]}"#)
      try await process.update("urn:r:2", with: #"{"information": \#(rooms)}"#)
      try await process.broker.deleteRegistration("urn:r:2", in: BareBroker.tenant)
      try await process.broker.deleteRegistration("urn:r:bus", in: BareBroker.tenant)
      try await receiver.received(6)
      try await process.outboxIsEmpty()
      #expect(
        receiver.received.map(\.reason) == [
          "newlyMatching", "newlyMatching", "updated", "noLongerMatching", "newlyMatching",
          "noLongerMatching",
        ])
      #expect(
        receiver.received.map(\.ids) == [["urn:r:1"]] + Array(repeating: ["urn:r:2"], count: 5))
      let record = try await process.broker.retrieveSubscription(
        "urn:s:1", of: .registrations, in: BareBroker.tenant
      ).record
      #expect(record.timesSent == 6 && record.timesFailed == 0)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("a notification has the members of the standard, and the parts that matter")
  func structure() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.register(
        "urn:r:1", #"[{"entities": [{"type": "Room"}]}, {"entities": [{"type": "Bus"}]}]"#)
      try await process.subscribeToRegistrations(receiver)
      try await receiver.received(1)
      let notification = receiver.received[0]
      #expect(
        notification.body.members.compactMap(\.name.string) == [
          "id", "type", "subscriptionId", "notifiedAt", "triggerReason", "data",
        ])
      #expect(notification.body["type"]?.string == "ContextSourceNotification")
      #expect(notification.body["subscriptionId"]?.string == "urn:s:1")
      #expect(notification.headers.first("Content-Type") == "application/json")
      #expect(notification.headers.first("Link") != nil)
      #expect(
        try notification.entity?["information"]
          == JSONValue(parsing: #"[{"entities": [{"type": ["Room"]}]}]"#))
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("an update of a subscription tells all that match; a paused one is told nothing")
  func updates() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.register("urn:r:1")
      try await process.register("urn:r:bus", #"[{"entities": [{"type": "Bus"}]}]"#)
      try await process.subscribeToRegistrations(
        receiver, #""isActive": false,"#, endpoint: #""accept": "application/ld+json", "#)
      try await process.register("urn:r:2")
      try await process.broker.updateSubscription(
        "urn:s:1", of: .registrations, with: JSONValue(parsing: #"{"isActive": true}"#),
        context: .core, in: BareBroker.tenant, at: BareBroker.site)
      try await receiver.received(1)
      try await process.broker.updateSubscription(
        "urn:s:1", of: .registrations,
        with: JSONValue(parsing: #"{"entities": [{"type": "Bus"}, {"type": "Room"}]}"#),
        context: .core, in: BareBroker.tenant, at: BareBroker.site)
      try await receiver.received(2)
      #expect(
        receiver.received.map(\.ids) == [
          ["urn:r:1", "urn:r:2"], ["urn:r:1", "urn:r:bus", "urn:r:2"],
        ])
      #expect(receiver.received.allSatisfy { $0.reason == "newlyMatching" })
      #expect(receiver.received[0].body["@context"] != nil)
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("conditions on place, time, scope and Context Source Properties hold")
  func conditions() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.subscribeToRegistrations(
        receiver,
        """
        "watchedAttributes": ["level"], "csf": "rank>3", "scopeQ": "/A/#",
        "geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [1, 2]},
        "temporalQ": {"timerel": "after", "timeAt": "2020-06-01T00:00:00Z"},
        """)
      let interval = #""observationInterval": {"startAt": "2020-01-01T00:00:00Z"}"#
      let place = #""location": {"type": "Point", "coordinates": [1, 2]}"#
      let elsewhere = #""location": {"type": "Point", "coordinates": [5, 2]}"#
      let level = #"[{"entities": [{"type": "Room"}], "propertyNames": ["level"]}]"#
      let other = #"[{"entities": [{"type": "Room"}], "propertyNames": ["other"]}]"#
      for (number, (information, members)) in [
        (other, [interval, place, #""scope": "/A/B""#, #""rank": 4"#]),
        (level, [place, #""scope": "/A/B""#, #""rank": 4"#]),
        (level, [interval, elsewhere, #""scope": "/A/B""#, #""rank": 4"#]),
        (level, [interval, place, #""scope": "/B""#, #""rank": 4"#]),
        (level, [interval, place, #""scope": "/A/B""#, #""rank": 3"#]),
        (level, [interval, place, #""scope": "/A/B""#, #""rank": 4"#]),
      ].enumerated() {
        try await process.register(
          "urn:r:\(number)", information, members.map { ", \($0)" }.joined())
      }
      try await receiver.received(1)
      try await process.outboxIsEmpty()
      #expect(receiver.received.map(\.ids) == [["urn:r:5"]])
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("what expires no longer matches, which is told once, by one of two processes")
  func expiry() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      let other = try await BareBroker.start(on: loop, database)
      let instant = DateTime(microseconds: DateTime.now.microseconds + 2_000_000)
      try await process.register("urn:r:1", rooms, #", "expiresAt": "\#(instant)""#)
      try await process.subscribeToRegistrations(receiver)
      try await receiver.received(1)
      try await until("it has expired") { DateTime.now > instant }
      for broker in [process.broker, other.broker] {
        await Housekeeping(broker, pool: process.pool).round()
      }
      try await receiver.received(2)
      try await process.outboxIsEmpty()
      #expect(receiver.received.map(\.reason) == ["newlyMatching", "noLongerMatching"])
      #expect(try await process.count("registration") == 0)
      await process.shutDown()
      await other.shutDown()
      await receiver.close()
    }
  }

  @Test("a subscription with an interval is told all that match, at once and by the clock")
  func periodic() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database)
      try await process.register("urn:r:1")
      try await process.subscribeToRegistrations(receiver, #""timeInterval": 0.2,"#)
      try await receiver.received(3)
      #expect(receiver.received[0].reason == "newlyMatching")
      #expect(receiver.received.dropFirst().allSatisfy { $0.reason == "updated" })
      #expect(receiver.received.allSatisfy { $0.ids == ["urn:r:1"] })
      await process.shutDown()
      await receiver.close()
    }
  }

  @Test("what a crashed process owed is delivered by another one")
  func crash() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      receiver.behaviour = { _ in .answer(503) }
      let first = try await BareBroker.start(on: loop, database) { $0.lease = .milliseconds(500) }
      try await first.subscribeToRegistrations(receiver)
      try await first.register("urn:r:1")
      try await receiver.received(1)
      await first.crash()
      receiver.behaviour = { _ in .answer(200) }
      let second = try await BareBroker.start(on: loop, database) { $0.lease = .milliseconds(500) }
      try await second.outboxIsEmpty()
      #expect(receiver.received.last?.ids == ["urn:r:1"])
      #expect(receiver.received.last?.wasAccepted == true)
      await second.shutDown()
      await receiver.close()
    }
  }
}
