import Broker
import EventLoop
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Export and import")
struct ArchiveTests {
  private static let room = """
    {"id":"urn:x:1","type":["Room","Office"],"scope":["/A/C","B"],
    "temperature":[{"type":"Property","value":21.50,"unitCode":"CEL",
      "observedAt":"2026-01-01T12:00:00.5Z","accuracy":{"type":"Property","value":0.5}},
      {"type":"Property","value":1e3,"datasetId":"urn:x:d"}],
    "name":{"type":"LanguageProperty","languageMap":{"de":"Stra\\u00dfe","en":"\\"road\\""}},
    "inside":{"type":"Relationship","object":["urn:x:2","urn:x:3"],"objectType":"Building"},
    "kind":{"type":"VocabProperty","vocab":["Small","Dark"]},
    "free":{"type":"JsonProperty","json":{"b":[null,{}],"a":1}},
    "list":{"type":"ListProperty","valueList":[1,"2026-01-01",[true]]},
    "links":{"type":"ListRelationship","objectList":[{"object":"urn:x:2"}]},
    "since":{"type":"Property","value":"2026-01-01T00:00:00Z"},
    "brief":{"type":"Property","value":1,"expiresAt":"2999-01-01T00:00:00Z"},
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[13.35,52.51]}}}
    """

  /// Entities of which everything has happened.
  private func withEntities(_ body: (TestClient) async throws -> Void) async throws {
    try await withTestTenant { client in
      let requests: [(method: String, target: String, body: String?)] = [
        ("POST", "entities", Self.room),
        ("PATCH", "entities/urn:x:1/attrs", #"{"temperature":{"type":"Property","value":-4}}"#),
        ("DELETE", "entities/urn:x:1/attrs/name", nil),
        ("DELETE", "entities/urn:x:1/attrs/kind", nil),
        ("DELETE", "entities/urn:x:1/attrs/scope", nil),
        ("POST", "entities", #"{"id":"urn:x:2","type":"Room","label":"gone"}"#),
        ("DELETE", "entities/urn:x:2", nil),
        ("POST", "entities", #"{"id":"urn:x:3","type":"Bare"}"#),
        (
          "POST", "temporal/entities",
          """
          {"id":"urn:x:4","type":"Meter",
          "scope":[{"type":"Property","value":"/C","observedAt":"2020-02-01T00:00:00Z"}],
          "count":[\((1...250).map { instance("\($0)", $0 % 28 + 1) }.joined(separator: ","))]}
          """
        ),
        ("PUT", "entities/urn:x:3", #"{"id":"urn:x:3","type":["Other"],"size":1}"#),
      ]
      for (method, target, body) in requests {
        let response = try await client.send(method, target, body)
        try #require(response.status < 300, "\(target): \(response.text)")
      }
      try await addHours(client)
      try await body(client)
    }
  }

  private func instance(_ value: String, _ day: Int) -> String {
    let date = day < 10 ? "0\(day)" : "\(day)"
    return """
      {"type":"Property","value":\(value),"observedAt":"2025-12-\(date)T00:\(value.count)0:00Z",
      "datasetId":"urn:x:\(value)"}
      """
  }

  private func addHours(_ client: TestClient) async throws {
    let tenant = try await client.tenantNumber()
    _ = try await client.query(
      """
      INSERT INTO attribute_hour
      SELECT e.tenant, e.key, name.id, 0, '2020-01-01Z'::timestamptz + i * interval '1 hour',
        i, i + 0.1, i + 0.05, i
      FROM entity AS e, name, generate_series(1, 1200) AS i
      WHERE e.tenant = \(tenant) AND e.id = 'urn:x:4' AND name.iri LIKE '%/count'
      """)
  }

  // MARK: Tools

  private func export(
    _ client: TestClient, _ types: TypeSelection? = nil, from id: String? = nil
  ) async throws -> String {
    let (loop, tables, pool) = (
      client.broker.loop, client.broker.tables, client.broker.connections.history
    )
    let tenant = try await client.tenantNumber()
    let bytes = try await loop.task {
      let archive = ArchiveExport(
        history: HistoryStore(
          names: tables.names, typesets: tables.typesets, queries: pool, pool: pool),
        tenant: tenant, types: types)
      let start = if let id { try await archive.start(at: id) } else { ArchiveExport.Start?.none }
      var bytes: [UInt8] = []
      try await archive.run(from: start ?? .beginning) { lines, _ in
        bytes += lines
        return true
      }
      return bytes
    }.value
    return String(decoding: bytes, as: UTF8.self)
  }

  private func add(_ archive: String, to client: TestClient) async throws -> ArchiveImport.Outcome {
    let configuration = BrokerConfiguration(databaseURL: try await TestDatabase.schemaURL())
    let (loop, tables) = (client.broker.loop, client.broker.tables)
    let tenant = try TenantName(client.tenant ?? "")
    return try await loop.task {
      let pools = [
        configuration.archiveConnections(on: loop), configuration.archiveConnections(on: loop),
      ]
      defer { for pool in pools { pool.close() } }
      let store = EntityStore(
        names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
        keys: EntityStore.newKeys(), writers: pools[0], readers: pools[1])
      let target = ArchiveImport(
        store: store, tenant: try await tables.tenants.create(tenant, in: pools[1]))
      var outcome = ArchiveImport.Outcome()
      let lines = archive.split(separator: "\n").enumerated().map { index, line in
        ArchiveImport.Line(number: index + 1, bytes: Array(line.utf8))
      }
      for start in stride(from: 0, to: lines.count, by: 7) {
        outcome += try await target.add(Array(lines[start..<min(start + 7, lines.count)]))
      }
      return outcome
    }.value
  }

  /// Everything that the API tells of a tenant.
  private func answers(_ client: TestClient) async throws -> [String] {
    let targets =
      [
        "entities?type=*&options=sysAttrs&limit=100", "entities?q=temperature<0",
        "entities?type=*&georel=near;maxDistance==10&geometry=Point&coordinates=[13.35,52.51]",
        "entities?type=Room&count=true&limit=0", "types?details=true", "attributes?details=true",
      ]
      + ["1", "2", "3", "4"].flatMap { id in
        [
          "temporal/entities/urn:x:\(id)?options=sysAttrs",
          "temporal/entities/urn:x:\(id)?format=temporalValues",
        ]
      } + [
        "temporal/entities?type=Room&timerel=before&timeAt=2030-01-01T00:00:00Z&timeproperty=createdAt"
      ]
    var answers: [String] = []
    for target in targets {
      let response = try await client.send("GET", target)
      answers.append("\(target) \(response.status) \(response.text)")
    }
    return answers
  }

  private func withOtherTenant(
    _ client: TestClient, _ body: (TestClient) async throws -> Void
  ) async throws {
    let other = TestClient(client.broker, tenant: newTenantName())
    try await body(other)
    try await other.removeTenant()
  }

  // MARK: Tests

  @Test("what was exported, imported and exported again is the same; so are all answers")
  func roundTrip() async throws {
    try await withEntities { client in
      let archive = try await export(client)
      let expected = try await answers(client)
      try await withOtherTenant(client) { other in
        let outcome = try await add(archive, to: other)
        #expect(outcome.refusals == [])
        #expect(outcome.entities == 4)
        #expect(outcome.hours == 1200)
        #expect(try await export(other) == archive)
        #expect(try await answers(other) == expected)
        let owed = try await other.query(
          "SELECT FROM notification WHERE tenant = \(try await other.tenantNumber())")
        #expect(owed.isEmpty)
      }
    }
  }

  @Test("an import that was broken off is taken up by the same lines")
  func again() async throws {
    try await withEntities { client in
      let archive = try await export(client)
      let lines = archive.split(separator: "\n")
      try await withOtherTenant(client) { other in
        _ = try await add(lines[..<(lines.count / 2)].joined(separator: "\n"), to: other)
        #expect(try await add(archive, to: other).refusals == [])
        #expect(try await add(archive, to: other).refusals == [])
        #expect(try await export(other) == archive)
      }
      #expect(try await add(archive, to: client).refusals == [])
      #expect(try await export(client) == archive)
    }
  }

  @Test("an Entity that has changed since keeps its newer state; an older one is replaced")
  func versions() async throws {
    try await withEntities { client in
      let old = try await export(client)
      try await withOtherTenant(client) { other in
        _ = try await add(old, to: other)
        let change = #"{"size":{"type":"Property","value":2},"new":{"type":"Property","value":3}}"#
        let response = try await client.send("POST", "entities/urn:x:3/attrs", change)
        try #require(response.status == 204, "\(response.text)")
        let new = try await export(client)
        #expect(try await add(old, to: client).refusals == [])
        #expect(try await export(client) == new)
        #expect(try await add(new, to: other).refusals == [])
        #expect(try await export(other) == new)
        #expect(try await other.send("GET", "entities?q=size==2").ids == ["urn:x:3"])
        #expect(try await other.send("GET", "entities?q=new==3").ids == ["urn:x:3"])
      }
    }
  }

  @Test("an export goes on at an Entity, and confines itself to types")
  func parts() async throws {
    try await withEntities { client in
      let archive = try await export(client)
      let rest = try await export(client, from: "urn:x:3")
      #expect(archive.hasSuffix(rest))
      #expect(rest.hasPrefix(#"{"id":"urn:x:3""#))
      let rooms = try await export(
        client, try TypeSelection(parsing: "Office|Bare", expander: Context.core))
      let ids = try rooms.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        .filter { $0["createdAt"] != nil }.compactMap { $0["id"]?.string }
      #expect(ids == ["urn:x:1", "urn:x:3"])
    }
  }

  @Test("lines that are wrong are refused with a reason, and the others are taken")
  func refusals() async throws {
    let state = """
      {"id":"urn:x:1","type":["urn:x:T"],"createdAt":"2026-01-01T00:00:00Z",\
      "modifiedAt":"2026-01-01T00:00:00Z","urn:x:a":[{"type":"Property","value":1}]}
      """
    let past = """
      {"id":"urn:x:1","type":["urn:x:T"],"urn:x:a":[{"type":"Property","value":1,\
      "createdAt":"2026-01-01T00:00:00Z","modifiedAt":"2026-01-01T00:00:00Z",\
      "instanceId":"urn:ngsi-ld:Instance:1"}]}
      """
    let cases = [
      (past, "does not exist"), ("{", "is expected"), ("[]", "no JSON object"),
      (state.replacing(#""urn:x:1""#, with: "1"), "no string"),
      (state.replacing(#"[{"type":"Property","value":1}]"#, with: #"{"value":1}"#), "in the form"),
      (state.replacing(#""value":1"#, with: #""valve":1"#), "no 'value'"),
      (state.replacing("urn:x:a", with: "a"), "'a' is no IRI"),
      (state.replacing(#""2026-01-01T00:00:00Z","m"#, with: #""yesterday","m"#), "no DateTime"),
      (
        state.replacing(
          #"{"type":"Property","value":1}"#,
          with: #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1e300,1]}}"#), ""
      ),
      (state, nil), (past, nil),
      (past.replacing("urn:ngsi-ld:Instance:1", with: "x"), "instanceId"),
      (past.replacing("2026-01-01T00:00:00Z", with: "2026"), "no DateTime"),
      (past.replacing("[{", with: "{").replacing("}]", with: "}"), "of the same hours"),
      (state.replacing("2026-01-01", with: "2025-01-01"), "is another one"),
    ]
    try await withTestTenant { client in
      let outcome = try await add(cases.map(\.0).joined(separator: "\n"), to: client)
      var refusals = outcome.refusals[...]
      for (index, expected) in cases.enumerated() {
        guard let reason = expected.1 else { continue }
        let refusal = refusals.popFirst()
        #expect(refusal?.line == index + 1, "\(expected): \(refusal.map { "\($0)" } ?? "taken")")
        #expect(
          reason.isEmpty || refusal?.reason.contains(reason) == true, "\(refusal?.reason ?? "")")
      }
      #expect(refusals.isEmpty, "\(refusals)")
      #expect(try await client.send("GET", "entities/urn:x:1").status == 200)
      let history = try await client.send("GET", "temporal/entities/urn:x:1")
      #expect(history.json["urn:x:a"]?.count == 1, "\(history.text)")
    }
  }
}
