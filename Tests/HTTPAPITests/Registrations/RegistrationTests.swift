import Broker
import JSON
import NGSILD
import Postgres
import TestSupport
import Testing

private let path = "csourceRegistrations"

/// A registration with an `information` and further members.
private func registration(
  _ id: String, _ information: String = #"[{"entities": [{"type": "Room"}]}]"#,
  _ members: String = ""
) -> String {
  """
  {"id": "\(id)", "type": "ContextSourceRegistration", "endpoint": "http://127.0.0.1:9",
   "information": \(information)\(members.isEmpty ? "" : ", ")\(members)}
  """
}

extension TestClient {
  fileprivate func register(_ bodies: String...) async throws {
    for body in bodies {
      let response = try await send("POST", path, body)
      #expect(response.status == 201, "\(response.text)")
    }
  }
}

extension TestBroker {
  /// Runs `body` while nobody gets a connection for queries.
  fileprivate func withoutQueryConnections(
    _ body: @Sendable @escaping () async throws -> Void
  ) async throws {
    let pool = connections.queries
    let free = pool.configuration.connectionsMax
    try await loop.task { try await Self.take(free, of: pool, body) }.value
  }

  private static func take(
    _ count: Int, of pool: Pool, _ body: () async throws -> Void
  ) async throws {
    guard count > 0 else { return try await body() }
    let outcome = try await pool.withConnection { _ throws(PostgresError) in
      await Result<Void, any Error>.catching { try await take(count - 1, of: pool, body) }
    }
    try outcome.get()
  }
}

extension Result where Failure == any Error {
  fileprivate static func catching(_ body: () async throws -> Success) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}

@Suite("Context Source Registrations over HTTP")
struct RegistrationTests {
  @Test("a registration is created, shown, updated and deleted", arguments: Transport.allCases)
  func lifeCycle(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let created = try await client.send("POST", path, registration("urn:r:1"))
      #expect(created.status == 201)
      #expect(created.body.isEmpty)
      #expect(created["Location"] == "/ngsi-ld/v1/\(path)/urn:r:1")
      #expect(
        try await client.send("GET", "\(path)/urn:r:1").json
          == JSONValue(parsing: registration("urn:r:1")))
      let updated = try await client.send(
        "PATCH", "\(path)/urn:r:1", #"{"endpoint": "http://new", "level": 3}"#)
      #expect(updated.status == 204)
      let shown = try await client.send("GET", "\(path)/urn:r:1?options=sysAttrs").json
      #expect(shown["endpoint"]?.string == "http://new")
      #expect(shown["level"]?.integer == 3)
      #expect(shown["createdAt"] != nil && shown["modifiedAt"] != nil)
      #expect(try await client.send("DELETE", "\(path)/urn:r:1").status == 204)
      #expect(try await client.send("GET", "\(path)/urn:r:1").status == 404)
    }
  }

  @Test("an id is made where none is given")
  func generated() async throws {
    try await withTestTenant { client in
      let body = registration("urn:r:1").replacing(#""id": "urn:r:1", "#, with: "")
      let created = try await client.send("POST", path, body)
      #expect(
        created["Location"]?.hasPrefix(
          "/ngsi-ld/v1/\(path)/urn:ngsi-ld:ContextSourceRegistration:") == true)
    }
  }

  @Test("what is wrong is refused, and changes nothing")
  func refusals() async throws {
    try await withTestTenant { client in
      try await client.register(registration("urn:r:1"))
      for (method, target, body, status) in [
        ("POST", "", registration("urn:r:1"), 409), ("POST", "", "{}", 400),
        ("POST", "", registration("urn:r:2", "null"), 400),
        ("POST", "", registration("urn:r:2", "[]", #""mode": "shared""#), 400),
        ("GET", "/urn:r:2", nil, 404), ("GET", "/no-uri", nil, 400), ("GET", "", nil, 400),
        ("PATCH", "/urn:r:2", "{}", 404), ("PATCH", "/no-uri", "{}", 400),
        ("PATCH", "/urn:r:1", #"{"information": null}"#, 400),
        ("PATCH", "/urn:r:1", #"{"description": "d", "mode": "exclusive"}"#, 400),
        ("PATCH", "", "{}", 405), ("DELETE", "", nil, 405), ("DELETE", "/urn:r:2", nil, 404),
        ("DELETE", "/no-uri", nil, 400), ("GET", "?id=x", nil, 400), ("GET", "?q=(a", nil, 400),
        ("GET", "?georel=within", nil, 400), ("GET", "?type=A&timerel=before", nil, 400),
        ("GET", "?csf=a==1", nil, 400),
      ] as [(String, String, String?, Int)] {
        let response = try await client.send(method, path + target, body)
        #expect(response.status == status, "\(method) \(target) \(body ?? ""): \(response.text)")
      }
      let shown = try await client.send("GET", "\(path)/urn:r:1").json
      #expect(try shown == JSONValue(parsing: registration("urn:r:1")))
    }
  }

  @Test("discovery finds what the parameters ask for, and nothing else")
  func discovery() async throws {
    try await withTestTenant { client in
      try await client.register(
        registration("urn:r:room"),
        registration(
          "urn:r:hall", #"[{"entities": [{"type": "Hall"}], "propertyNames": ["level"]}]"#),
        registration("urn:r:one", #"[{"entities": [{"type": "Room", "id": "urn:e:1"}]}]"#),
        registration(
          "urn:r:pattern", #"[{"entities": [{"type": "Room", "idPattern": "^urn:e:.*7$"}]}]"#),
        registration(
          "urn:r:place", #"[{"entities": [{"type": "Place"}]}]"#,
          #""location": {"type": "Polygon", "coordinates": [[[0,0],[10,0],[10,10],[0,10],[0,0]]]}"#),
        registration(
          "urn:r:past", #"[{"entities": [{"type": "Past"}]}]"#,
          #""observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}"#
        ),
        registration(
          "urn:r:old", #"[{"entities": [{"type": "Past"}]}]"#,
          #""managementInterval": {"startAt": "2020-01-01T00:00:00Z"}"#),
        registration(
          "urn:r:sensor", #"[{"entities": [{"type": "Property"}]}]"#,
          #""sourceType": {"type": "Property", "value": "sensor"}, "rank": 4, "scope": ["/A/B", "/C"]"#
        ))
      for (parameters, ids) in [
        ("type=Hall", ["hall"]), ("type=Room", ["room", "one", "pattern"]),
        ("type=Room&id=urn:e:1", ["room", "one"]), ("id=urn:e:17&type=Room", ["room", "pattern"]),
        ("type=Room&idPattern=2$", ["room", "pattern"]), ("type=Hall&attrs=level", ["hall"]),
        ("type=Hall&attrs=other", []), ("type=Hall&q=level>3", ["hall"]),
        ("type=Hall&q=other>3", []), ("type=Past", []),
        ("type=Past&timerel=before&timeAt=2020-06-01T00:00:00Z", ["past"]),
        ("type=Past&timerel=after&timeAt=2022-06-01T00:00:00Z", []),
        (
          "type=Past&timerel=between&timeAt=2019-06-01T00:00:00Z&endTimeAt=2020-06-01T00:00:00Z",
          ["past"]
        ),
        (
          "type=Past&timerel=after&timeAt=2022-06-01T00:00:00Z&timeproperty=modifiedAt", ["old"]
        ),
        ("type=Property&csf=sourceType==%22sensor%22", ["sensor"]),
        ("type=Property&csf=sourceType==%22robot%22", []), ("type=Property&csf=rank>3", ["sensor"]),
        ("type=Room&csf=rank>3", []), ("type=Property&csf=mode==%22inclusive%22", ["sensor"]),
        ("type=Property&q=rank>3", ["sensor"]), ("type=Property&q=rank>4", []),
        ("type=Property&q=unknown>4", ["sensor"]), ("type=Property&scopeQ=/A/%23", ["sensor"]),
        ("type=Property&scopeQ=/B", []), ("type=Room&scopeQ=/A/B", []),
        ("type=Place&georel=within&geometry=Point&coordinates=[5,5]", ["place"]),
        ("type=Place&georel=within&geometry=Point&coordinates=[50,5]", []),
        ("type=Room&georel=within&geometry=Point&coordinates=[5,5]", []),
        (
          "type=Place&georel=near;maxDistance==1000&geometry=Point&coordinates=[5,5]", ["place"]
        ),
        ("type=Place&georel=near;maxDistance==1000&geometry=Point&coordinates=[50,5]", []),
        ("type=Place&georel=near;minDistance==1000&geometry=Point&coordinates=[5,5]", ["place"]),
        ("type=Place&georel=disjoint&geometry=Point&coordinates=[5,5]", ["place"]),
        (
          "type=Place&georel=disjoint&geometry=Polygon"
            + "&coordinates=[[[-1,-1],[11,-1],[11,11],[-1,11],[-1,-1]]]", []
        ),
        (
          "type=Place&georel=within&geometry=Point&coordinates=[5,5]&geoproperty=operationSpace",
          []
        ),
      ] as [(String, [String])] {
        let response = try await client.send("GET", "\(path)?\(parameters)&count=true")
        #expect(response.ids == ids.map { "urn:r:\($0)" }, "\(parameters): \(response.text)")
        #expect(response["NGSILD-Results-Count"] == "\(ids.count)")
      }
      let page = try await client.send("GET", "\(path)?type=Room&limit=1&offset=1")
      #expect(page.ids == ["urn:r:one"])
      #expect(page.headers.count { $0.name == "Link" && $0.value.contains("rel=\"next\"") } == 1)
      #expect(page.headers.count { $0.name == "Link" && $0.value.contains("rel=\"prev\"") } == 1)
    }
  }

  @Test("what one source alone has, neither another one nor this broker has")
  func conflicts() async throws {
    try await withTestTenant { client in
      let speed = #"[{"entities": [{"type": "Car", "id": "urn:c:1"}], "propertyNames": ["speed"]}]"#
      let name = #"[{"entities": [{"type": "Car", "id": "urn:c:2"}], "propertyNames": ["name"]}]"#
      try await client.create(
        #"{"id": "urn:c:2", "type": "Car", "name": {"type": "Property", "value": "n"}}"#)
      try await client.register(registration("urn:r:1", speed, #""mode": "exclusive""#))
      for (information, mode, status) in [
        (speed, "exclusive", 409), (speed, "redirect", 409), (speed, "inclusive", 201),
        (speed, "auxiliary", 201), (name, "exclusive", 409), (name, "redirect", 409),
        (name, "inclusive", 201), (#"[{"entities": [{"type": "Car"}]}]"#, "redirect", 409),
        (#"[{"entities": [{"type": "Bus"}]}]"#, "redirect", 201),
        (#"[{"entities": [{"type": "Bus"}]}]"#, "redirect", 201),
        (#"[{"propertyNames": ["name"]}]"#, "redirect", 409),
      ] {
        let id = "urn:r:\(UInt32.random(in: 0...(.max)))"
        let response = try await client.send(
          "POST", path, registration(id, information, #""mode": "\#(mode)""#))
        #expect(response.status == status, "\(mode) \(information)")
        guard status == 409 else { continue }
        #expect(response.json["type"]?.string == "https://uri.etsi.org/ngsi-ld/errors/Conflict")
      }
      // An update is held to the same, but not against itself.
      try await client.register(registration("urn:r:2", speed))
      let update = try await client.send("PATCH", "\(path)/urn:r:2", #"{"mode": "exclusive"}"#)
      #expect(update.status == 409)
      let itself = try await client.send("PATCH", "\(path)/urn:r:1", #"{"tenant": "t"}"#)
      #expect(itself.status == 204)
    }
  }

  @Test("what excludes others is registered, or refused, while queries have all their connections")
  func exhaustedQueries() async throws {
    try await withTestBroker { broker in
      let client = TestClient(broker, tenant: newTenantName())
      try await client.create(#"{"id": "urn:c:1", "type": "Car"}"#)
      let car = #"[{"entities": [{"type": "Car"}]}]"#
      let bus = #"[{"entities": [{"type": "NewBus"}], "propertyNames": ["new"]}]"#
      try await broker.withoutQueryConnections {
        for (id, information, status) in [("1", car, 409), ("2", bus, 201)] {
          let response = try await client.send(
            "POST", path, registration("urn:r:\(id)", information, #""mode": "redirect""#))
          #expect(response.status == status, "\(response.text)")
        }
        for (information, status) in [(car, 409), (bus, 204)] {
          let response = try await client.send(
            "PATCH", "\(path)/urn:r:2", #"{"information": \#(information)}"#)
          #expect(response.status == status, "\(response.text)")
        }
      }
      try await client.removeTenant()
    }
  }

  @Test("of registrations that exclude each other, one is made, however many are sent at once")
  func race() async throws {
    try await withTestTenant { client in
      let speed = #"[{"entities": [{"type": "Car", "id": "urn:c:1"}], "propertyNames": ["speed"]}]"#
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 1...8 {
          group.addTask {
            try await client.send(
              "POST", path, registration("urn:r:\(number)", speed, #""mode": "exclusive""#)
            ).status
          }
        }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 7))
    }
  }

  @Test("a registration that has expired is nowhere to be found, reaped or not")
  func expiry() async throws {
    try await withTestTenant { client in
      let instant = DateTime(microseconds: DateTime.now.microseconds + 15_000_000)
      try await client.register(
        registration(
          "urn:r:1", #"[{"entities": [{"type": "Room"}]}]"#, #""expiresAt": "\#(instant)""#))
      let found = try await client.send("GET", "\(path)?type=Room").ids
      #expect(found == ["urn:r:1"] || DateTime.now >= instant)
      while DateTime.now < instant { try await Task.sleep(for: .milliseconds(20)) }
      for isReaped in [false, true] {
        #expect(try await client.send("GET", "\(path)?type=Room").ids == [], "\(isReaped)")
        #expect(try await client.send("GET", "\(path)/urn:r:1").status == 404)
        #expect(try await client.send("PATCH", "\(path)/urn:r:1", "{}").status == 404)
        #expect(try await client.send("DELETE", "\(path)/urn:r:1").status == 404)
        try await client.broker.housekeep()
      }
      try await client.register(registration("urn:r:1"))
    }
  }

  @Test("tenants know nothing of each other's registrations")
  func tenants() async throws {
    try await withTestTenant { one in
      try await withTestTenant { other in
        try await one.register(registration("urn:r:1"))
        try await other.register(registration("urn:r:2"))
        #expect(try await one.send("GET", "\(path)?type=Room").ids == ["urn:r:1"])
        #expect(try await other.send("GET", "\(path)?type=Room").ids == ["urn:r:2"])
        #expect(try await other.send("DELETE", "\(path)/urn:r:1").status == 404)
      }
    }
  }

  @Test("names are compacted with the context of the request, secrets are shown as given")
  func names() async throws {
    try await withTestTenant { client in
      let context = #", "@context": {"Room": "https://example.org/Room"}}"#
      let created = try await client.send(
        "POST", path, registration("urn:r:1").dropLast() + context,
        headers: [("Content-Type", "application/ld+json")])
      #expect(created.status == 201)
      let shown = try await client.send(
        "GET", "\(path)/urn:r:1", headers: [("Accept", "application/ld+json")]
      ).json
      let entity = shown["information"]?.elements.first { _ in true }?["entities"]?.elements
      #expect(entity?.first { _ in true }?["type"]?.string == "https://example.org/Room")
      #expect(shown["@context"] != nil)
    }
  }
}

@Suite("Subscriptions to registrations over HTTP")
struct RegistrationSubscriptionTests {
  private static let body = """
    {"id": "urn:s:1", "type": "Subscription", "entities": [{"type": "Room"}],
     "notificationTrigger": ["entityDeleted"],
     "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}}
    """

  @Test("they are created, updated, listed, shown and deleted, apart from those to Entities")
  func lifeCycle() async throws {
    try await withTestTenant { client in
      let path = "csourceSubscriptions"
      let created = try await client.send("POST", path, Self.body)
      #expect(created.status == 201)
      #expect(created["Location"] == "/ngsi-ld/v1/\(path)/urn:s:1")
      #expect(try await client.send("POST", path, Self.body).status == 409)
      #expect(try await client.send("GET", "subscriptions/urn:s:1").status == 404)
      #expect(try await client.send("POST", "subscriptions?local=true", Self.body).status == 201)
      let updated = try await client.send("PATCH", "\(path)/urn:s:1", #"{"isActive": false}"#)
      #expect(updated.status == 204)
      let shown = try await client.send("GET", "\(path)/urn:s:1").json
      #expect(shown["status"]?.string == "paused")
      #expect(shown["notificationTrigger"] == nil)
      #expect(try await client.send("GET", "\(path)?count=true")["NGSILD-Results-Count"] == "1")
      #expect(try await client.send("DELETE", "\(path)/urn:s:1").status == 204)
      #expect(try await client.send("GET", "\(path)/urn:s:1").status == 404)
      #expect(try await client.send("GET", "subscriptions/urn:s:1").status == 200)
    }
  }

  @Test("registrations are not shown as GeoJSON")
  func geoJSON() async throws {
    try await withTestTenant { client in
      let body = Self.body.replacing(
        #""uri":"#, with: #""accept": "application/geo+json", "uri":"#)
      let response = try await client.send("POST", "csourceSubscriptions", body)
      #expect(response.status == 400)
    }
  }
}
