import Postgres
import Storage
import TestSupport
import Testing

@Suite("The index of Attributes")
struct AttributeIndexTests {
  private static let entities = 40

  private func entity(_ number: Int, _ value: String) -> String {
    #"{"id":"urn:x:\#(number)","type":"T","n":{"type":"Property","value":\#(value)}}"#
  }

  private func createEntities(_ client: TestClient) async throws {
    let all = (0..<Self.entities).map { entity($0, "\($0)") }
    let response = try await client.send(
      "POST", "entityOperations/create", "[\(all.joined(separator: ","))]")
    try #require(response.status == 201, "\(response.text)")
  }

  /// Key and number of each row; then what they should be by `entity_value`.
  private func rows(_ client: TestClient) async throws -> (found: [String], expected: [String]) {
    let tenant = try await client.tenantNumber()
    let found = try await client.query(
      """
      SELECT key || ' ' || number AS row FROM attribute_index WHERE tenant = \(tenant) ORDER BY row
      """)
    let expected = try await client.query(
      """
      SELECT v.key || ' ' || value::float8 AS row
      FROM entity_value AS v, name,
        jsonb_path_query(v.attributes -> name.id::text, '$[*].v[*]') AS value
      WHERE v.tenant = \(tenant) AND name.iri LIKE '%/n' AND jsonb_typeof(value) = 'number'
      ORDER BY row
      """)
    return (found.map { $0[0].string }, expected.map { $0[0].string })
  }

  @Test("texts and references in different Unicode normal forms are different values")
  func normalForms() async throws {
    try await withTestTenant { client in
      let values = ["\u{e9}", "e\u{301}"].map {
        #"{"n":"\#($0)","r":{"type":"Relationship","object":"urn:r:\#($0)"}}"#
      }
      _ = try await client.send("POST", "entities", #"{"id":"urn:x:1","type":"T"}"#)
      _ = try await client.send("POST", "entities/urn:x:1/attrs", values[0])
      for name in ["n", "r"] { try await client.index(name, of: "T") }
      #expect(try await client.send("PATCH", "entities/urn:x:1/attrs", values[1]).status == 204)
      for (query, count) in [
        ("n==%22%C3%A9%22", 0), ("n==%22e%CC%81%22", 1), ("r==urn:r:%C3%A9", 0),
        ("r==urn:r:e%CC%81", 1),
      ] {
        let found = try await client.send("GET", "entities?type=T&q=\(query)")
        #expect(found.ids.count == count, "\(query): \(found.text)")
      }
    }
  }

  @Test("follows every kind of write, also before the Attribute is declared")
  func following() async throws {
    try await withTestTenant { client in
      try await createEntities(client)
      try await client.index("n", of: "T")
      let writes = [
        ("PATCH", "entities/urn:x:1/attrs", #"{"n":{"type":"Property","value":[1,2,3]}}"#),
        ("PATCH", "entities/urn:x:2", #"{"n":{"value":77}}"#),
        ("PATCH", "entities/urn:x:1/attrs/n", #"{"value":[5]}"#),
        ("POST", "entities/urn:x:3/attrs", #"{"m":{"type":"Property","value":1}}"#),
        ("PUT", "entities/urn:x:4", entity(4, "[4,4]")),
        ("DELETE", "entities/urn:x:5/attrs/n", nil), ("DELETE", "entities/urn:x:6", nil),
        ("POST", "entities", entity(900, "9")),
        ("POST", "entities/urn:x:7/attrs", #"{"type":"U"}"#),
      ]
      for (method, target, body) in writes {
        let response = try await client.send(method, target, body)
        #expect(response.status < 300, "\(method) \(target): \(response.text)")
        let (found, expected) = try await rows(client)
        #expect(found == expected, "\(method) \(target)")
      }
      #expect(try await rows(client).found.count > Self.entities / 2)
    }
  }

  @Test("misses nothing that is written while Entities are entered")
  func writesMeanwhile() async throws {
    try await withTestTenant { client in
      try await createEntities(client)
      try await withTestBroker { broker in
        // A broker that has not heard of any declaration.
        let other = TestClient(broker, tenant: client.tenant)
        for round in 1...5 {
          try await withThrowingTaskGroup { group in
            for (writer, client) in [client, other].enumerated() {
              group.addTask { try await write(round, writer, by: client) }
            }
            group.addTask { try await client.index("n", of: "T") }
            try await group.waitForAll()
          }
          let (found, expected) = try await rows(client)
          #expect(found == expected)
          #expect(!found.isEmpty)
          #expect(try await client.removeIndex("n", of: "T"))
          #expect(try await rows(client).found.isEmpty)
        }
      }
    }
  }

  @Test("what went by a write that did not know the declaration, goes from the index too")
  func orphans() async throws {
    try await withTestTenant { client in
      try await createEntities(client)
      _ = try await client.send("POST", "entities", #"{"id":"urn:x:u","type":"U"}"#)
      try await client.index("n", of: "T")
      // As if the index were still being made.
      let tenant = try await client.tenantNumber()
      let key = { (number: Int) -> SQL in
        "(SELECT key FROM entity WHERE tenant = \(tenant) AND id = \("urn:x:\(number)"))"
      }
      let other: SQL = "(SELECT typeset FROM entity WHERE tenant = \(tenant) AND id = 'urn:x:u')"
      for statement in [
        "UPDATE indexed_attribute SET is_ready = false, filled = 0 WHERE tenant = \(tenant)",
        "DELETE FROM entity_value WHERE tenant = \(tenant) AND key = \(key(1))",
        "UPDATE entity_value SET typeset = \(other) WHERE tenant = \(tenant) AND key = \(key(2))",
      ] as [SQL] {
        _ = try await client.query(statement)
      }
      #expect(try await rows(client).found.count == Self.entities)
      try await client.index("n", of: "T")
      let values = try await rows(client).found.map { Int($0.split(separator: " ")[1]) }
      #expect(Set(values) == Set((0..<Self.entities).filter { $0 != 1 && $0 != 2 }))
    }
  }

  private func write(_ round: Int, _ writer: Int, by client: TestClient) async throws {
    for number in 0..<60 {
      let id = (number * 7 + writer) % (Self.entities + 10)
      let target = "entities/urn:x:\(id)"
      switch number % 4 {
      case 0: _ = try await client.send("DELETE", target)
      case 1: _ = try await client.send("POST", "entities", entity(id, "\(number)"))
      default:
        let values = (0...(number % 3)).map { "\($0 + round)" }.joined(separator: ",")
        let body = #"{"n":{"type":"Property","value":[\#(values)]}}"#
        _ = try await client.send("PATCH", "\(target)/attrs", body)
      }
    }
  }

  @Test("is completed where it was interrupted")
  func resuming() async throws {
    try await withTestTenant { client in
      try await createEntities(client)
      try await client.index("n", of: "T")
      let tenant = try await client.tenantNumber()
      let keys = try await client.query(
        "SELECT key FROM entity_value WHERE tenant = \(tenant) ORDER BY key")
      let middle = keys[Self.entities / 2][0].int64
      _ = try await client.query(
        "UPDATE indexed_attribute SET is_ready = false, filled = \(middle) WHERE tenant = \(tenant)"
      )
      _ = try await client.query(
        "DELETE FROM attribute_index WHERE tenant = \(tenant) AND key > \(middle)")
      let listed = try await client.withIndexStore { store, _ in try await store.list(of: tenant) }
      #expect(listed.map(\.isReady) == [false])
      try await client.index("n", of: "T")
      let (found, expected) = try await rows(client)
      #expect(found == expected)
    }
  }

  @Test("keeps what another type's declaration wants")
  func twoTypes() async throws {
    try await withTestTenant { client in
      let entities = [#""T""#, #""U""#, #"["T","U"]"#].enumerated().map { number, type in
        #"{"id":"urn:x:\#(number)","type":\#(type),"n":{"type":"Property","value":\#(number)}}"#
      }
      _ = try await client.send(
        "POST", "entityOperations/create", "[\(entities.joined(separator: ","))]")
      let values = { try await rows(client).found.map { $0.suffix(1) }.sorted() }
      try await client.index("n", of: "T")
      #expect(try await values() == ["0", "2"])
      try await client.index("n", of: "U")
      #expect(try await values() == ["0", "1", "2"])
      #expect(try await client.removeIndex("n", of: "T"))
      #expect(try await values() == ["1", "2"])
      #expect(try await !client.removeIndex("n", of: "T"))
    }
  }
}
