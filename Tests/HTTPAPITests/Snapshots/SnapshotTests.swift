import JSON
import Storage
import TestSupport
import Testing

@Suite("Snapshots")
struct SnapshotTests {
  private static let rooms =
    #"{"type":"Snapshot","snapshotQueries":[{"type":"Query","entities":[{"type":"Room"}]}]}"#

  @Test("a Snapshot keeps what its queries found, whatever becomes of that")
  func frozen() async throws {
    try await withTestTenant { client in
      try await client.create(room, entity("urn:x:2", "Room", #""level":9"#))
      try await client.create(entity("urn:x:3", "Room", #""level":1"#))
      let id = try await client.snapshot(
        """
        {"type":"Snapshot","snapshotQueries":[
        {"type":"Query","entities":[{"type":"Room"}],"q":"level>5"},
        {"type":"Query","entities":[{"type":"Room","id":"urn:ngsi-ld:Room:1"}]},
        {"type":"Query","entities":[{"type":"Room"}],"q":"level>=9"}]}
        """)
      let before = try await client.stored()
      _ = try await client.send("PATCH", "entities/urn:x:2/attrs", #"{"level":1}"#)
      _ = try await client.send("DELETE", roomPath)
      let found = try await client.send("GET", "entities?type=Room", headers: selecting(id))
      #expect(found.ids == ["urn:ngsi-ld:Room:1", "urn:x:2"])
      #expect(found["NGSILD-Snapshot"] == id)
      let kept = try await client.send(
        "GET", "\(roomPath)?options=sysAttrs", headers: selecting(id))
      #expect(kept.json == before)
      #expect(
        try await client.send("GET", "entities?q=level==9", headers: selecting(id)).ids
          == ["urn:x:2"])
      let near = "georel=near;maxDistance==10&geometry=Point&coordinates=[13.4,52.5]"
      #expect(
        try await client.send("GET", "entities?\(near)", headers: selecting(id)).ids
          == ["urn:ngsi-ld:Room:1"])
      let types = try await client.send("GET", "types/Room", headers: selecting(id))
      #expect(types.json["entityCount"]?.integer == 2)
      #expect(
        try await client.send("GET", "temporal/\(roomPath)", headers: selecting(id)).status == 404)
    }
  }

  @Test(
    "the status tells what came of the queries",
    arguments: [
      (["level>5"], "success", ["success"]),
      (["level>5", "level>50"], "partial", ["success", "empty"]),
      (["level>50"], "empty", ["empty"]),
    ])
  func status(queries: [String], status: String, details: [String]) async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "Room", #""level":9"#))
      let list = queries.map { #"{"type":"Query","entities":[{"type":"Room"}],"q":"\#($0)"}"# }
        .joined(separator: ",")
      let id = try await client.snapshot(
        #"{"type":"Snapshot","snapshotLifetime":"PT1H","snapshotQueries":[\#(list)]}"#)
      let shown = try await client.send("GET", "snapshots/\(id)").json
      #expect(shown["snapshotStatus"]?.string == status)
      #expect(shown["snapshotPriority"]?.integer == 5)
      #expect(shown["snapshotLifetime"]?.string == "PT1H")
      #expect(
        shown["snapshotQueriesDetails"]?.elements.map { $0["resultStatus"]?.string } == details)
      for name in ["createdAt", "modifiedAt", "expiresAt", "lastUsedAt"] {
        #expect(shown[named: name]?.string?.isEmpty == false, "\(name)")
      }
    }
  }

  @Test("a temporal query brings the history with its timestamps, and no more of it than asked for")
  func history() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "Room"))
      let values = (1...5).map {
        #"{"type":"Property","value":\#($0),"observedAt":"2026-01-0\#($0)T00:00:00Z"}"#
      }.joined(separator: ",")
      let added = try await client.send(
        "POST", "temporal/entities/urn:x:1/attrs", #"{"level":[\#(values)]}"#)
      #expect(added.status == 204)
      let temporalQ =
        #"{"timerel":"between","timeAt":"2026-01-02T00:00:00Z","endTimeAt":"2026-01-05T00:00:00Z"}"#
      let id = try await client.snapshot(
        """
        {"type":"Snapshot","snapshotTemporalQueries":[{"type":"Query",
        "entities":[{"type":"Room"}],"attrs":["level"],"temporalQ":\(temporalQ)}]}
        """)
      let path = "temporal/entities/urn:x:1?options=sysAttrs"
      let whole = try await client.send("GET", path).json["level"]
      let instances = try #require(whole).elements.filter {
        ["2", "3", "4"].contains($0["value"]?.rawText)
      }
      let kept = try await client.send("GET", path, headers: selecting(id)).json["level"]
      #expect(kept?.elements.map(\.rawText) == instances.map(\.rawText))
      let shown = try await client.send("GET", "snapshots/\(id)").json
      let details = shown["snapshotTemporalQueriesDetails"]?.elements.map(\.self) ?? []
      #expect(details.map { $0["resultStatus"]?.string } == ["success"])
    }
  }

  @Test("writes on a Snapshot change the copy alone, and notify nobody")
  func writes() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      let merged = try await client.send(
        "PATCH", roomPath, #"{"temperature":{"type":"Property","value":99}}"#,
        headers: selecting(id))
      #expect(merged.status == 204, "\(merged.text)")
      let created = try await client.send(
        "POST", "entities", entity("urn:x:9", "Room"), headers: selecting(id))
      #expect(created.status == 201)
      #expect(try await client.simplified()?["temperature"]?.double == 20.5)
      #expect(try await client.send("GET", "entities/urn:x:9").status == 404)
      let copy = try await client.send(
        "GET", "entities?type=Room&format=simplified", headers: selecting(id))
      #expect(copy.ids == ["urn:ngsi-ld:Room:1", "urn:x:9"])
      #expect(copy.json.elements.map { $0["temperature"]?.integer } == [99, nil])
    }
  }

  @Test("a clone has data of its own")
  func clone() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      let response = try await client.send(
        "POST", "snapshots/\(id)/clone", #"{"type":"Snapshot","snapshotPriority":9}"#)
      #expect(response.status == 201)
      let clone = try await client.ready(response)
      #expect(try await client.send("DELETE", "snapshots/\(id)").status == 204)
      #expect(try await client.send("GET", "snapshots/\(id)").status == 404)
      try await client.workOnSnapshots()
      let gone = try await client.send("GET", roomPath, headers: selecting(id))
      #expect(gone.status == 404)
      #expect(gone.errorType == "ResourceNotFound")
      #expect(try await client.send("GET", roomPath, headers: selecting(clone)).status == 200)
      let shown = try await client.send("GET", "snapshots/\(clone)").json
      #expect(shown["snapshotStatus"]?.string == "success")
      #expect(shown["snapshotPriority"]?.integer == 9)
      #expect(shown["snapshotQueries"]?.count == 1)
    }
  }

  @Test("an update changes what may change, and shows it")
  func update() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      let path = "snapshots/\(id)"
      let expiry = try await client.send("GET", path).json["expiresAt"]?.string ?? ""
      let updated = try await client.send(
        "PATCH", path, #"{"snapshotPriority":2,"snapshotLifetime":"P20D"}"#)
      #expect(updated.status == 200)
      #expect(updated.json["snapshotPriority"]?.integer == 2)
      #expect(updated.json["expiresAt"]?.string ?? "" > expiry)
      let removed = try await client.send(
        "PATCH", path, #"{"snapshotLifetime":"urn:ngsi-ld:null"}"#)
      #expect(removed.json["snapshotLifetime"] == nil)
      #expect(removed.json["snapshotPriority"]?.integer == 2)
      #expect(try await client.send("PATCH", path, #"{"snapshotStatus":"empty"}"#).status == 200)
      #expect(
        try await client.send("GET", path).json["snapshotStatus"]?.string == "success")
    }
  }

  @Test("a purge removes what its query selects")
  func purge() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let kept = try await client.snapshot(Self.rooms)
      let body = Self.rooms.replacing(
        #""type":"Snapshot","#, with: #""type":"Snapshot","snapshotPriority":2,"#)
      let gone = try await client.snapshot(body)
      let refused = try await client.send("DELETE", "snapshots?q=speed%3E50")
      #expect(refused.errorType == "BadRequestData")
      #expect(try await client.send("DELETE", "snapshots?q=snapshotPriority%3E9").status == 404)
      let query = [
        "snapshotPriority%3C5", "snapshotStatus==%22success%22",
        "createdAt%3E2026-01-01T00:00:00Z",
      ]
      let purged = try await client.send("DELETE", "snapshots?q=" + query.joined(separator: ";"))
      #expect(purged.status == 204)
      #expect(try await client.send("GET", "snapshots/\(gone)").status == 404)
      #expect(try await client.send("GET", "snapshots/\(kept)").status == 200)
    }
  }

  @Test("nothing is left of what expired or was deleted, and nothing of it is listed as a tenant")
  func removal() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      #expect(try await client.dataTenants() == 1)
      let short = Self.rooms.replacing(
        #""type":"Snapshot","#, with: #""type":"Snapshot","snapshotLifetime":"PT1S","#)
      #expect(try await client.send("POST", "snapshots", short).status == 201)
      #expect(try await client.send("DELETE", "snapshots/\(id)").status == 204)
      try await Task.sleep(for: .milliseconds(1100))
      try await client.workOnSnapshots()
      try await client.workOnSnapshots()
      #expect(try await client.dataTenants() == 0)
      let pool = client.broker.connections.queries
      let names = try await client.broker.loop.task {
        try await TenantStore(pool: pool).list().map(\.name)
      }.value
      #expect(names.contains(client.tenant ?? ""))
      #expect(!names.contains { $0.hasPrefix("\u{1}") })
    }
  }

  @Test("its use is not noted while it is prepared, which would undo the preparation")
  func useWhilePreparing() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      for (status, isNoted) in [("preparing", false), ("success", true)] {
        _ = try await client.query(
          "UPDATE snapshot SET status = \(status), last_used = 'epoch' WHERE id = \(id)")
        _ = try await client.send("GET", "entities?type=Room", headers: selecting(id))
        let noted = try await client.query(
          "SELECT last_used > 'epoch' FROM snapshot WHERE id = \(id)")[0][0].bool
        #expect(noted == isNoted, "\(status)")
      }
    }
  }

  @Test("what a dead process left is executed by another one, once")
  func takenUp() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let id = try await client.snapshot(Self.rooms)
      // As if the process had died before it committed anything.
      let data = try await client.query("SELECT data FROM snapshot WHERE id = \(id)")[0][0].int
      _ = try await client.query(
        "UPDATE snapshot SET status = 'preparing', results = '{}' WHERE id = \(id)")
      for table in ["entity", "entity_value", "entity_geo", "typeset", "census"] {
        _ = try await client.query(
          "DELETE FROM \(identifier: table) WHERE tenant = \(data)")
      }
      try await withTestBroker { other in
        async let one: Void = client.workOnSnapshots()
        async let two: Void = TestClient(other, tenant: client.tenant).workOnSnapshots()
        _ = try await (one, two)
      }
      let shown = try await client.send("GET", "snapshots/\(id)").json
      #expect(shown["snapshotStatus"]?.string == "success")
      let found = try await client.send("GET", "entities?type=Room", headers: selecting(id))
      #expect(found.ids == ["urn:ngsi-ld:Room:1"])
    }
  }

  @Test("a Snapshot goes with its tenant")
  func tenantRemoval() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      _ = try await client.snapshot(Self.rooms)
      let name = try TenantName(client.tenant ?? "")
      let pool = client.broker.connections.queries
      let numbers = try await client.broker.loop.task {
        let store = TenantStore(pool: pool)
        let numbers = try await store.markRemoved(name)
        for number in numbers {
          try await store.removeContents(of: number) { _ in }
          try await store.remove(number)
        }
        return numbers
      }.value
      #expect(numbers.count == 2)
      for number in numbers {
        for table in ["entity", "snapshot", "census"] {
          let left = try await client.query(
            "SELECT count(*) FROM \(identifier: table) WHERE tenant = \(number)")
          #expect(left[0][0].int == 0, "\(table)")
        }
      }
    }
  }

  @Test("who asked for it is told when it is ready, changed and gone")
  func notifications() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      try await ContextServer.run { server, url in
        server.set("/told", "")
        let body = Self.rooms.replacing(
          #""type":"Snapshot","#, with: #""type":"Snapshot","endpoint":"\#(url)/told","#)
        let id = try await client.snapshot(body)
        try await server.receives(1)
        _ = try await client.send("PATCH", "snapshots/\(id)", #"{"snapshotPriority":1}"#)
        try await server.receives(2)
        #expect(try await client.send("DELETE", "snapshots/\(id)").status == 204)
        try await server.receives(3)
        let told = server.bodies(of: "/told").map { json(String(decoding: $0, as: UTF8.self)) }
        for notification in told {
          #expect(notification["type"]?.string == "SnapshotNotification")
          #expect(notification["snapshotId"]?.string == id)
          #expect(notification["snapshotStatus"]?.string == "success")
        }
        #expect(told.map { $0["snapshotPriority"]?.integer } == [5, 1, 1])
        let isGone = told.map {
          $0["expiresAt"]?.string ?? "" <= $0["notifiedAt"]?.string ?? ""
        }
        #expect(isGone == [false, false, true])
      }
    }
  }

  @Test("tenants do not see each other's Snapshots")
  func tenants() async throws {
    try await withTestTenant { one in
      try await one.create(room)
      let id = try await one.snapshot(Self.rooms)
      try await withTestTenant { other in
        try await other.create(entity("urn:x:1", "Room"))
        #expect(try await other.send("GET", "snapshots/\(id)").status == 404)
        let selected = try await other.send(
          "GET", "entities?type=Room", headers: [("NGSILD-Snapshot", id)])
        #expect(selected.status == 404)
      }
    }
  }

  @Test(
    "what is wrong is refused",
    arguments: [
      ("{}", "'type' is missing"),
      (#"{"type":"Snapshot"}"#, "Neither 'snapshotQueries' nor"),
      (#"{"type":"Snapshot","id":"x","snapshotQueries":[]}"#, "The Snapshot id"),
      (#"{"type":"Snapshot","snapshotQueries":[]}"#, "an array of one or more Queries"),
      (
        #"{"type":"Snapshot","snapshotQueries":[{"type":"Query","entities":[{"type":"V"}],"temporalQ":{"timerel":"after","timeAt":"2020-01-01T00:00:00Z"}}]}"#,
        "'temporalQ' belongs"
      ),
      (
        #"{"type":"Snapshot","snapshotTemporalQueries":[{"type":"Query","entities":[{"type":"V"}]}]}"#,
        "no 'temporalQ'"
      ),
      (
        #"{"type":"Snapshot","snapshotLifetime":"soon","snapshotQueries":[{"type":"Query","entities":[{"type":"V"}]}]}"#,
        "no duration"
      ),
      (
        #"{"type":"Snapshot","snapshotPriority":11,"snapshotQueries":[{"type":"Query","entities":[{"type":"V"}]}]}"#,
        "from 1 to 10"
      ),
      (
        #"{"type":"Snapshot","endpoint":"mailto:a@b","snapshotQueries":[{"type":"Query","entities":[{"type":"V"}]}]}"#,
        "no http or https URL"
      ),
      (
        #"{"type":"Snapshot","snapshotQueries":[{"type":"Query"}]}"#, ""
      ),
    ])
  func refusals(body: String, detail: String) async throws {
    try await withTestTenant { client in
      let response = try await client.send("POST", "snapshots", body)
      #expect(response.status == 400)
      #expect(response.detail.contains(detail), "\(response.detail)")
    }
  }

  @Test("an id is used once, and Snapshots have no subscribers")
  func conflicts() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let body = Self.rooms.replacing(
        #""type":"Snapshot","#, with: #""type":"Snapshot","id":"urn:s:1","#)
      let id = try await client.snapshot(body)
      #expect(try await client.send("POST", "snapshots", body).status == 409)
      #expect(
        try await client.send("GET", "subscriptions", headers: selecting(id)).errorType
          == "OperationNotSupported")
      #expect(try await client.send("GET", "snapshots").status == 405)
    }
  }

  private func selecting(_ id: String) -> [(name: String, value: String)] {
    [("NGSILD-Snapshot", id)]
  }
}

extension ContextServer {
  fileprivate func receives(_ count: Int) async throws {
    while requests(of: "/told") < count { try await Task.sleep(for: .milliseconds(25)) }
  }
}

extension TestClient {
  /// Creates a Snapshot, and waits until it is ready; returns its id.
  func snapshot(_ body: String) async throws -> String {
    let response = try await send("POST", "snapshots", body)
    try #require(response.status == 201, "\(response.text)")
    return try await ready(response)
  }

  fileprivate func ready(_ created: TestResponse) async throws -> String {
    let location = try #require(created["Location"])
    while true {
      let shown = try await send("GET", location)
      try #require(shown.status == 200, "\(shown.text)")
      if shown.json["snapshotStatus"]?.string != "preparing" {
        return shown.json["id"]?.string ?? ""
      }
      try await Task.sleep(for: .milliseconds(25))
    }
  }

  fileprivate func workOnSnapshots() async throws {
    try await broker.loop.task { [broker] in
      await broker.broker.snapshots.work(removingAfter: .zero)
    }.value
  }

  /// How many tenants there are for the data of Snapshots.
  fileprivate func dataTenants() async throws -> Int {
    let tenant = tenant ?? ""
    return try await query(
      """
      SELECT count(*) FROM tenant WHERE owner = (SELECT id FROM tenant WHERE name = \(tenant))
      """)[0][0].int
  }
}
