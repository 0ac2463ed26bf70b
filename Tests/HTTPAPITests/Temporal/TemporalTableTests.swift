import JSON
import Postgres
import TestSupport
import Testing

@Suite("Temporal values as a table")
struct TemporalTableTests {
  private static let room = """
    {"id":"urn:x:1","type":["Room","Office"],"temperature":[
    {"type":"Property","value":-4.50,"unitCode":"CEL","observedAt":"2026-01-01T00:00:00Z"},
    {"type":"Property","value":"=1+1","observedAt":"2026-01-02T00:00:00.5Z"},
    {"type":"Property","value":"a,\\"b\\"\\nc","observedAt":"2026-01-03T00:00:00Z",
      "datasetId":"urn:x:d"},
    {"type":"Property","value":{"json":[1]},"observedAt":"2026-01-04T00:00:00Z"},
    {"type":"Property","value":true,"observedAt":"2026-01-05T00:00:00Z"},
    {"type":"Property","value":"urn:ngsi-ld:null","observedAt":"2026-01-06T00:00:00Z"}],
    "inside":{"type":"Relationship","object":"urn:x:9","observedAt":"2026-01-01T00:00:00Z"},
    "name":{"type":"LanguageProperty","languageMap":{"en":"x","de":"y"},
      "observedAt":"2026-01-01T00:00:00Z"},
    "kind":{"type":"VocabProperty","vocab":"Small","observedAt":"2026-01-01T00:00:00Z"},
    "free":{"type":"JsonProperty","json":{"a":1},"observedAt":"2026-01-01T00:00:00Z"},
    "scope":[{"type":"Property","value":"/A","observedAt":"2026-01-01T00:00:00Z"}]}
    """

  private static let header = "id,type,attribute,datasetId,time,value,unitCode,deletedAt"

  private func withRoom(_ body: (TestClient) async throws -> Void) async throws {
    try await withTestTenant(.socket) { client in
      try await client.record(Self.room)
      try await body(client)
    }
  }

  private func table(
    _ client: TestClient, _ target: String, _ body: String? = nil
  ) async throws -> TestResponse {
    try await client.send(
      body == nil ? "GET" : "POST", target, body, headers: [("Accept", "text/csv")])
  }

  private func rows(_ response: TestResponse) -> [String] {
    let end: Character = "\r\n"
    let lines = response.text.split(separator: end, omittingEmptySubsequences: false)
    #expect(lines.last == "")
    return lines.dropLast().map(String.init)
  }

  @Test("each instance is a row, its value as text")
  func values() async throws {
    try await withRoom { client in
      let response = try await table(
        client, "\(temporalPath)?timerel=after&timeAt=2026-01-01T00:00:00Z")
      #expect(response.status == 200)
      #expect(response["Content-Type"] == "text/csv; charset=utf-8; header=present")
      #expect(response["Link"]?.contains("ngsi-ld-core-context") == true)
      let rows = rows(response)
      let first = "urn:x:1,Room Office"
      #expect(rows.first == Self.header)
      #expect(rows.contains("\(first),temperature,,2026-01-01T00:00:00Z,-4.50,CEL,"))
      #expect(rows.contains("\(first),temperature,,2026-01-02T00:00:00.5Z,'=1+1,,"))
      #expect(
        rows.contains("\(first),temperature,urn:x:d,2026-01-03T00:00:00Z,\"a,\"\"b\"\"\nc\",,"))
      #expect(rows.contains(#"\#(first),temperature,,2026-01-04T00:00:00Z,"{""json"":[1]}",,"#))
      #expect(rows.contains("\(first),temperature,,2026-01-05T00:00:00Z,true,,"))
      let deletion = rows.first { $0.contains("2026-01-06T00:00:00Z,,,20") }
      #expect(deletion?.hasSuffix("Z") == true)
      #expect(rows.contains("\(first),inside,,2026-01-01T00:00:00Z,urn:x:9,,"))
      #expect(
        rows.contains(#"\#(first),name,,2026-01-01T00:00:00Z,"{""en"":""x"",""de"":""y""}",,"#))
      #expect(rows.contains("\(first),kind,,2026-01-01T00:00:00Z,Small,,"))
      #expect(rows.contains(#"\#(first),free,,2026-01-01T00:00:00Z,"{""a"":1}",,"#))
      #expect(rows.contains("\(first),scope,,2026-01-01T00:00:00Z,/A,,"))
      #expect(rows.count == 12)
    }
  }

  @Test(
    "parameters select rows as elsewhere",
    arguments: [
      ("attrs=temperature", 7), ("attrs=temperature,inside", 8), ("pick=inside", 1),
      ("attrs=temperature&lastN=2", 3), ("attrs=temperature&lastN=100", 7),
      ("attrs=temperature&timerel=before&timeAt=2026-01-03T00:00:00Z", 3),
      ("attrs=temperature&lastN=1&timerel=before&timeAt=2026-01-03T00:00:00Z", 2),
      ("attrs=temperature&datasetId=urn:x:d", 1), ("omit=temperature,scope", 4),
    ])
  func selection(parameters: String, count: Int) async throws {
    try await withRoom { client in
      let shown = rows(try await table(client, "\(temporalPath)?\(parameters)&options=sysAttrs"))
      #expect(shown.count == 1 + count, "\(shown)")
      #expect(shown[0] == Self.header + ",createdAt,modifiedAt,instanceId")
    }
  }

  @Test("queries make tables of several Entities, page by page, by POST too")
  func queries() async throws {
    try await withRoom { client in
      try await client.record(history("urn:x:2", "Room", "temperature", [instance("7", 1)]))
      let window = "timerel=after&timeAt=2026-01-01T00:00:00Z"
      let all = try await table(client, "temporal/entities?type=Room&pick=temperature&\(window)")
      #expect(rows(all).count == 8)
      let page = try await table(
        client, "temporal/entities?type=Room&pick=temperature&limit=1&offset=1&count=true&\(window)"
      )
      #expect(rows(page).count == 2)
      #expect(
        rows(page).last?.hasPrefix("urn:x:2,Room,temperature,,2026-01-01T00:00:00Z,7,,") == true)
      #expect(page["NGSILD-Results-Count"] == "2")
      #expect(page.all("Link").contains { $0.hasSuffix(#"rel="prev";type="text/csv""#) })
      let none = try await table(client, "temporal/entities?type=None&\(window)")
      #expect(rows(none) == [Self.header])
      let body = """
        {"type":"Query","entities":[{"type":"Room","id":"urn:x:2"}],
        "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}
        """
      let posted = try await table(client, "temporal/entityOperations/query", body)
      #expect(rows(posted).count == 2)
      let scoped = try await table(
        client, "temporal/entities?type=Room&pick=temperature&scopeQ=/A&\(window)")
      #expect(rows(scoped).count == 7)
    }
  }

  @Test("one language is a string; aggregates and unknown Entities are refused")
  func others() async throws {
    try await withRoom { client in
      let german = try await table(client, "\(temporalPath)?pick=name&lang=de")
      #expect(rows(german).last == "urn:x:1,Room Office,name,,2026-01-01T00:00:00Z,y,,")
      let aggregated = try await table(
        client, "\(temporalPath)?format=aggregatedValues&aggrMethods=avg")
      #expect(aggregated.status == 406)
      #expect(try await table(client, "temporal/entities/urn:x:none").status == 404)
      #expect(try await table(client, "\(temporalPath)?attrs=none").status == 404)
    }
  }

  /// More rows than any other answer holds, among them some with the same time.
  @Test("a long history is told to its end, each instance once and in order")
  func long() async throws {
    try await withRoom { client in
      let tenant = try await client.tenantNumber()
      _ = try await client.query(
        """
        INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed,
          is_deletion, created, modified, number, kind, document)
        SELECT i.tenant, i.entity, i.attribute, 0, '2026-02-01Z'::timestamptz + n / 3 * interval '1 s',
          true, false, i.created, i.modified, n, 1, '{"type":"Property","value":' || n || '}'
        FROM attribute_instance AS i JOIN name ON name.id = i.attribute,
          generate_series(0, 19999) AS n
        WHERE i.tenant = \(tenant) AND name.iri LIKE '%/inside'
        """)
      let response = try await table(
        client, "\(temporalPath)?pick=inside&timerel=after&timeAt=2026-02-01T00:00:00Z")
      let values = rows(response).dropFirst().map { $0.split(separator: ",")[3] }
      #expect(values.count == 20_000)
      #expect(values.elementsEqual((0..<20_000).map { "\($0)"[...] }))
    }
  }
}
