import JSON
import Postgres
import TestSupport
import Testing

@Suite("Subscriptions over Context Sources (5.8.1, 5.8.2, 5.8.5, 5.8.6)")
struct DistributedSubscriptionTests {
  private static let speed = #""entities": [{"type": "Room"}], "propertyNames": ["size"]"#

  @Test("a change at a source is told as if it were one here")
  func change() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await chain.subscribe()
        try await chain.copies(1, at: source)
        try await source.create(entity("urn:x:1", "Room", #""size":3,"name":"x""#))
        let told = try await chain.told(1)[0]
        #expect(told["subscriptionId"]?.string == "urn:s:1")
        #expect(
          told["data"]?.rawText
            == #"[{"id":"urn:x:1","type":"Room","size":{"type":"Property","value":3},"#
            + #""name":{"type":"Property","value":"x"}}]"#)
        _ = try await source.send("PATCH", "entities/urn:x:1/attrs", #"{"size":4}"#)
        #expect(try await chain.told(2)[1].entity["size"]?["value"]?.integer == 4)
      }
    }
  }

  @Test("of a source's change, what it has registered is told, as the subscriber wants it")
  func narrowing() async throws {
    try await Chain.run { chain in
      try await chain.source("a", Self.speed) { source in
        try await chain.subscribe(notification: #""format":"simplified","#)
        try await chain.copies(1, at: source)
        try await source.create(entity("urn:x:1", "Room", #""name":"x""#))
        try await source.create(entity("urn:x:2", "Room", #""size":3,"name":"y""#))
        let told = try await chain.told(1)
        #expect(told[0].entity.rawText == #"{"id":"urn:x:2","type":"Room","size":3}"#)
      }
    }
  }

  @Test("an update reaches the copy; paused, it is silent; deleted, it is gone")
  func lifecycle() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await chain.subscribe(members: #""q":"size>1","#)
        try await chain.subscribe(id: "urn:s:2", path: "/other")
        try await chain.copies(2, at: source)
        try await chain.update(#"{"q":"size>2"}"#)
        try await chain.copy(at: source) { $0["q"]?.string == "size>2.0" }
        try await source.create(entity("urn:x:1", "Room", #""size":2"#))
        _ = try await source.send("PATCH", "entities/urn:x:1/attrs", #"{"size":3}"#)
        #expect(try await chain.told(1)[0].entity["size"]?["value"]?.integer == 3)
        try await chain.update(#"{"isActive":false}"#)
        try await chain.copy(at: source) { $0["isActive"]?.boolean == false }
        _ = try await source.send("PATCH", "entities/urn:x:1/attrs", #"{"size":4}"#)
        try await chain.update(#"{"isActive":true,"q":"urn:ngsi-ld:null"}"#)
        try await chain.until {
          try await source.send("GET", "subscriptions").json.elements.allSatisfy {
            $0["isActive"]?.boolean == true && $0["q"] == nil
          }
        }
        _ = try await source.send("PATCH", "entities/urn:x:1/attrs", #"{"size":5}"#)
        #expect(try await chain.told(2)[1].entity["size"]?["value"]?.integer == 5)
        try await chain.unsubscribe()
        try await chain.copies(1, at: source)
        _ = try await source.send("PATCH", "entities/urn:x:1/attrs", #"{"size":6}"#)
        // Those of the other one, which goes on.
        #expect(try await chain.told(5, "/other").last?.entity["size"]?["value"]?.integer == 6)
        #expect(try await chain.told(2).count == 2)
      }
    }
  }

  @Test("a registration that comes later brings a copy, and takes it away when it goes")
  func registration() async throws {
    try await Chain.run { chain in
      try await chain.subscribe()
      try await chain.source("a") { source in
        try await chain.copies(1, at: source)
        let update = try await chain.hub.send(
          "PATCH", "csourceRegistrations/urn:r:a",
          #"{"information":[{"entities":[{"type":"Room"}],"propertyNames":["size"]}]}"#)
        #expect(update.status == 204)
        try await chain.copy(at: source) {
          $0["watchedAttributes"]?.rawText == #"["size"]"#
        }
        let deletion = try await chain.hub.send("DELETE", "csourceRegistrations/urn:r:a")
        #expect(deletion.status == 204)
        try await chain.copies(0, at: source)
        try await chain.keptCopies(0)
      }
    }
  }

  @Test("parts of an Entity are put together, and conditions hold for the whole")
  func split() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { a in
        try await chain.source("b") { b in
          try await b.create(entity("urn:x:1", "Room", #""name":"x""#))
          _ = try await chain.hub.send(
            "POST", "entities?local=true", entity("urn:x:1", "Room", #""here":1"#))
          try await chain.subscribe(
            members: #""splitEntities":true,"q":"size>2;name==\"x\"","#,
            notification: #""format":"simplified","#)
          try await chain.copies(1, at: a)
          try await a.create(entity("urn:x:1", "Room", #""size":1"#))
          _ = try await a.send("PATCH", "entities/urn:x:1/attrs", #"{"size":3}"#)
          #expect(
            try await chain.told(1)[0].entity
              == json(#"{"id":"urn:x:1","type":"Room","here":1,"size":3,"name":"x"}"#))
        }
      }
    }
  }

  @Test("what goes at a source is told as deleted, if that is asked for")
  func deletion() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await chain.subscribe(
          members: #""notificationTrigger":["entityDeleted","attributeDeleted"],"#)
        try await chain.copies(1, at: source)
        try await source.create(entity("urn:x:1", "Room", #""size":3,"name":"x""#))
        _ = try await source.send("DELETE", "entities/urn:x:1/attrs/name")
        let attribute = try await chain.told(1)[0].entity
        #expect(attribute["name"]?["value"]?.string == "urn:ngsi-ld:null")
        #expect(attribute["size"]?["value"]?.integer == 3)
        _ = try await source.send("DELETE", "entities/urn:x:1")
        let entity = try await chain.told(2)[1].entity
        #expect(entity["deletedAt"]?.string != nil)
        #expect(entity["createdAt"] == nil)
      }
    }
  }

  @Test("a periodic notification tells of sources too, and needs no copy")
  func periodic() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await source.create(entity("urn:x:1", "Room", #""size":3"#))
        _ = try await chain.hub.send(
          "POST", "entities?local=true", entity("urn:x:2", "Room", #""size":4"#))
        try await chain.subscribe(members: #""timeInterval":0.2,"#)
        // A source that does not answer in time is left out, and is asked again the next time.
        try await chain.until {
          let ids = try await chain.told(1).map { notification in
            Set(notification["data"]?.elements.compactMap { $0["id"]?.string } ?? [])
          }
          return ids.count { $0 == ["urn:x:1", "urn:x:2"] } >= 2
        }
        try await chain.copies(0, at: source)
      }
    }
  }

  @Test("throttled, what sources tell comes together")
  func throttling() async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await chain.subscribe(members: #""throttling":1,"#)
        try await chain.copies(1, at: source)
        for number in 1...3 {
          try await source.create(entity("urn:x:\(number)", "Room", #""size":3"#))
        }
        // How many come together depends on how fast the machine is.
        try await chain.until {
          try await chain.told(0).reduce(0) { $0 + ($1["data"]?.count ?? 0) } == 3
        }
      }
    }
  }

  @Test(
    "nobody is told of what has no copy here",
    arguments: [
      (#""type":"Notification","subscriptionId":"urn:ngsi-ld:Subscription:unknown""#, 404),
      (#""type":"Notification""#, 400), (#""type":"Notice","subscriptionId":"urn:s:1""#, 400),
      (#""type":"Notification","subscriptionId":"urn:s:1""#, 404),
    ])
  func unknown(members: String, status: Int) async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        try await chain.subscribe()
        try await chain.copies(1, at: source)
        let room = entity("urn:x:1", "Room", #""size":3"#)
        let response = try await chain.hub.send(
          "POST", "/ngsi-ld/ex/remote-notify", #"{\#(members),"data":[\#(room)]}"#)
        #expect(response.status == status, "\(response.text)")
        try await source.create(entity("urn:x:2", "Room", #""size":3"#))
        #expect(try await chain.told(1)[0].entity["id"]?.string == "urn:x:2")
      }
    }
  }

  @Test("what a source has not registered is not believed")
  func untrusted() async throws {
    try await Chain.run { chain in
      try await chain.source("a", Self.speed) { source in
        try await chain.subscribe(notification: #""format":"simplified","#)
        let copy = try await chain.copy(at: source) { _ in true }
        let id = try #require(copy["id"]?.string)
        let entities = [
          entity("urn:x:1", "Car", #""size":1"#),
          entity("urn:x:2", "Room", #""size":2,"name":"no""#),
        ]
        let response = try await chain.hub.send(
          "POST", "/ngsi-ld/ex/remote-notify",
          """
          {"type":"Notification","subscriptionId":"\(id)",
           "data":[\(entities.joined(separator: ","))]}
          """)
        #expect(response.status == 200, "\(response.text)")
        let told = try await chain.told(1)
        #expect(told.count == 1)
        #expect(told[0].entity.rawText == #"{"id":"urn:x:2","type":"Room","size":2}"#)
        let garbage = try await chain.hub.send(
          "POST", "/ngsi-ld/ex/remote-notify",
          #"{"type":"Notification","subscriptionId":"\#(id)","data":[{"id":"x"}]}"#)
        #expect(garbage.status == 400)
      }
    }
  }

  @Test("what stays here reaches no source", arguments: [true, false])
  func local(byParameter: Bool) async throws {
    try await Chain.run { chain in
      try await chain.source("a") { source in
        let members = byParameter ? "" : #""localOnly":true,"#
        try await chain.subscribe(
          members: members, query: byParameter ? "?local=true" : "")
        try await chain.subscribe(id: "urn:s:2")
        try await chain.copies(1, at: source)
        try await chain.keptCopies(1)
      }
    }
  }

  @Test("what the broker itself subscribes to among registrations is shown, and not to be changed")
  func internalSubscription() async throws {
    try await Chain.run { chain in
      #expect(try await chain.hub.send("GET", "csourceSubscriptions").text == "[]")
      try await chain.subscribe()
      let list = try await chain.hub.send("GET", "csourceSubscriptions?count=true")
      #expect(list["NGSILD-Results-Count"] == "1")
      let shown = try #require(list.json.elements.first { _ in true })
      #expect(shown["entities"]?.rawText == #"[{"type":"Room"}]"#)
      let uri = shown["notification"]?["endpoint"]?["uri"]?.string
      #expect(uri?.hasSuffix("/ngsi-ld/ex/remote-notify") == true)
      let path = "csourceSubscriptions/\(try #require(shown["id"]?.string))"
      #expect(try await chain.hub.send("GET", path).json == shown)
      #expect(try await chain.hub.send("PATCH", path, #"{"description":"x"}"#).status == 404)
      #expect(try await chain.hub.send("DELETE", path).status == 404)
      try await chain.unsubscribe()
      #expect(try await chain.hub.send("GET", "csourceSubscriptions").text == "[]")
    }
  }

  @Test("brokers that are registered with each other keep one copy each way")
  func loop() async throws {
    try await Chain.run { chain in
      let hub = try #require(chain.hub.tenant)
      try await chain.source("a") { source in
        let back = try await source.send(
          "POST", "csourceRegistrations",
          """
          {"id": "urn:r:back", "type": "ContextSourceRegistration", "tenant": "\(hub)",
           "endpoint": "http://127.0.0.1:\(source.broker.port)",
           "information": [{"entities": [{"type": "Room"}]}]}
          """)
        #expect(back.status == 201)
        try await chain.subscribe()
        try await chain.copies(1, at: source)
        try await source.create(entity("urn:x:1", "Room", #""size":3"#))
        _ = try await chain.told(1)
        _ = try await chain.hub.send(
          "POST", "entities?local=true", entity("urn:x:2", "Room", #""size":3"#))
        let told = try await chain.told(2)
        #expect(told.map { $0.entity["id"]?.string } == ["urn:x:1", "urn:x:2"])
        #expect(try await chain.hub.send("GET", "subscriptions").json.count == 1)
      }
    }
  }

  @Test("a source that was away gets its copy when it is back, and loses it so too")
  func away() async throws {
    try await Chain.run { chain in
      let copies = "/far/ngsi-ld/v1/subscriptions"
      chain.server.set(copies, "", status: 503)
      try await chain.federation.register(
        "a", endpoint: "\(chain.address)/far", #","operations":["federationOps"]"#)
      try await chain.subscribe()
      try await chain.until { chain.server.requests(of: copies) > 0 }
      chain.server.set(copies, "", status: 201)
      try await chain.until {
        try await chain.keep()
        return chain.server.requests(of: copies) > 1
      }
      let bodies = chain.server.bodies(of: copies).map { String(decoding: $0, as: UTF8.self) }
      #expect(bodies[0] == bodies[1])
      let id = try #require(json(bodies[0])["id"]?.string)
      try await chain.until { try await chain.count("present IS NOT NULL") == 1 }
      chain.server.set("\(copies)/\(id)", "", status: 503)
      try await chain.unsubscribe()
      try await chain.until { chain.server.requests(of: "\(copies)/\(id)") > 0 }
      #expect(try await chain.count("wanted IS NULL") == 1)
      chain.server.set("\(copies)/\(id)", "", status: 204)
      try await chain.until {
        try await chain.keep()
        return try await chain.count("true") == 0
      }
    }
  }

  @Test("a source that has the copy already is told what it is to be like")
  func repetition() async throws {
    try await Chain.run { chain in
      let copies = "/far/ngsi-ld/v1/subscriptions"
      chain.server.set(copies, "{}", status: 409)
      try await chain.federation.register(
        "a", endpoint: "\(chain.address)/far", #","operations":["federationOps"]"#)
      try await chain.subscribe(members: #""q":"size>1","#)
      try await chain.until { chain.server.requests(of: copies) > 0 }
      let body = json(String(decoding: chain.server.bodies(of: copies)[0], as: UTF8.self))
      let path = "\(copies)/\(body["id"]?.string ?? "")"
      try await chain.until { chain.server.requests(of: path) > 0 }
      let update = json(String(decoding: chain.server.bodies(of: path)[0], as: UTF8.self))
      #expect(update["q"] == body["q"])
      #expect(update["id"] == nil)
    }
  }

  @Test("another process sees through what one has begun")
  func takeover() async throws {
    try await Chain.run { chain in
      let copies = "/far/ngsi-ld/v1/subscriptions"
      chain.server.set(copies, "", status: 503)
      try await chain.federation.register(
        "a", endpoint: "\(chain.address)/far", #","operations":["federationOps"]"#)
      try await chain.subscribe()
      try await chain.until { try await chain.count("attempts > 0") == 1 }
      chain.server.set(copies, "", status: 201)
      try await withTestBroker { other in
        try await chain.until {
          try await Task.sleep(for: .milliseconds(250))
          try await other.housekeep()
          return try await chain.count("present IS NOT NULL") == 1
        }
      }
    }
  }
}

/// A hub with a subscriber, and its sources.
struct Chain {
  let federation: Federation
  let server: ContextServer
  /// Of the subscriber.
  let address: String

  /// Over a socket, so that the hub knows how it is called.
  var hub: TestClient { TestClient(federation.broker, .socket, tenant: federation.hub.tenant) }

  static func run(_ body: (Chain) async throws -> Void) async throws {
    try await ContextServer.run { server, address in
      for path in ["/told", "/other"] { server.set(path, "") }
      try await Federation.run { federation in
        try await body(Chain(federation: federation, server: server, address: address))
      }
    }
  }

  func source(
    _ id: String, _ information: String = #""entities": [{"type": "Room"}]"#,
    _ body: (TestClient) async throws -> Void
  ) async throws {
    try await federation.source(
      id, information, #", "operations": ["federationOps"]"#, body)
  }

  func subscribe(
    id: String = "urn:s:1", members: String = "", notification: String = "",
    path: String = "/told", query: String = ""
  ) async throws {
    let response = try await hub.send(
      "POST", "subscriptions\(query)",
      """
      {"id": "\(id)", "type": "Subscription", "entities": [{"type": "Room"}], \(members)
       "notification": {\(notification)"endpoint": {"uri": "\(address)\(path)"}}}
      """)
    try #require(response.status == 201, "\(response.text)")
  }

  func update(_ fragment: String) async throws {
    let response = try await hub.send("PATCH", "subscriptions/urn:s:1", fragment)
    try #require(response.status == 204, "\(response.text)")
  }

  func unsubscribe() async throws {
    let response = try await hub.send("DELETE", "subscriptions/urn:s:1")
    try #require(response.status == 204)
  }

  /// All notifications, once there are so many.
  func told(
    _ count: Int, _ path: String = "/told", at location: SourceLocation = #_sourceLocation
  ) async throws -> [JSONValue] {
    try await until(at: location) { server.requests(of: path) >= count }
    return server.bodies(of: path).map { json(String(decoding: $0, as: UTF8.self)) }
  }

  /// Waits until a source has so many copies.
  func copies(
    _ count: Int, at source: TestClient, location: SourceLocation = #_sourceLocation
  ) async throws {
    try await until(at: location) {
      try await source.send("GET", "subscriptions").json.count == count
    }
  }

  /// Waits until a source has a copy of some kind.
  @discardableResult
  func copy(
    at source: TestClient, location: SourceLocation = #_sourceLocation,
    where condition: (JSONValue) -> Bool
  ) async throws -> JSONValue {
    var found: JSONValue?
    try await until(at: location) {
      found = try await source.send("GET", "subscriptions").json.elements.first(where: condition)
      return found != nil
    }
    return try #require(found)
  }

  /// Waits until the hub knows of so many copies.
  func keptCopies(_ count: Int) async throws {
    try await until { try await self.count("true") == count }
  }

  func count(_ condition: SQL) async throws -> Int {
    try await hub.query(
      """
      SELECT count(*) FROM subscription_copy
      WHERE tenant = (SELECT id FROM tenant WHERE name = \(hub.tenant ?? "")) AND \(condition)
      """)[0][0].int
  }

  /// What the broker does in the background; not too often, since it does it for all tests.
  func keep() async throws {
    try await Task.sleep(for: .milliseconds(250))
    try await federation.broker.housekeep()
  }

  func until(
    at location: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
  ) async throws {
    try await TestSupport.until("what line \(location.line) waits for", condition)
  }
}

extension JSONValue {
  /// The first Entity of a notification.
  fileprivate var entity: JSONValue { self["data"]?.elements.first { _ in true } ?? self }
}
