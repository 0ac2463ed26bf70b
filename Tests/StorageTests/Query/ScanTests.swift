import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

/// Whole tables are read only where there is no other way: PostgreSQL's plans over many Entities.
@Suite("Plans over many Entities", .serialized)
struct ScanTests {
  private static let entities = 20_000
  private static let now = DateTime("2026-01-01T00:00:00Z")!

  private static let template = """
    {"id":"urn:x:0","type":"Large",
    "n":{"type":"Property","value":0},"s":{"type":"Property","value":"text 0"},
    "u":{"type":"Property","value":0},
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[0,0]}}}
    """

  /// What the copies of the first Entity differ in.
  private static func copies(of tenant: TenantNumber) -> [SQL] {
    [
      """
      INSERT INTO entity (tenant, key, id, typeset, created, modified, document)
      SELECT tenant, key + 1000000 + i, 'urn:x:' || i, typeset, created, modified,
        replace(document, '"value":0', '"value":' || i % 2000)
      FROM entity, generate_series(1, \(entities)) AS i
      WHERE tenant = \(tenant)
      """,
      """
      UPDATE entity SET document = replace(document, 'text 0', 'text ' || key % 2000)
      WHERE tenant = \(tenant) AND id <> 'urn:x:0'
      """,
      """
      INSERT INTO entity_value (tenant, key, typeset, attrs, attributes)
      SELECT tenant, key + 1000000 + i, typeset, attrs,
        replace(attributes::text, '"v": 0', '"v": ' || i % 2000)::jsonb
      FROM entity_value, generate_series(1, \(entities)) AS i
      WHERE tenant = \(tenant)
      """,
      """
      INSERT INTO entity_geo (tenant, key, attribute, dataset, typeset, geo)
      SELECT tenant, key + 1000000 + i, attribute, dataset, typeset,
        ST_MakePoint(i % 200 * 0.5, i / 200 * 0.5)::geography
      FROM entity_geo, generate_series(1, \(entities)) AS i
      WHERE tenant = \(tenant)
      """,
      """
      INSERT INTO attribute_instance (tenant, entity, attribute, dataset, time, is_observed,
        is_deletion, created, modified, number, document)
      SELECT tenant, entity + i % 50, attribute, dataset, time - i * interval '2 minutes',
        is_observed, is_deletion, created, modified, number, document
      FROM attribute_instance, generate_series(1, \(entities)) AS i
      WHERE tenant = \(tenant) AND number = 0
      """,
    ]
  }

  private func withManyEntities(
    _ body: (TestClient, QueryScope) async throws -> Void
  ) async throws {
    try await withTestTenant { client in
      let response = try await client.send("POST", "entities", Self.template)
      try #require(response.status == 201, "\(response.text)")
      let tenant = try await client.tenantNumber()
      for statement in Self.copies(of: tenant) { _ = try await client.query(statement) }
      try await client.index("n", of: "Large")
      try await client.index("s", of: "Large")
      try await TestDatabase.withBrokerConnection { connection in
        for table in ["entity", "entity_value", "entity_geo", "attribute_instance"] {
          try await connection.script("VACUUM (ANALYZE) \(table)")
        }
      }
      // The broker learns of the indexes by a query.
      _ = try await client.send("GET", "entities?type=Large")
      let tables = client.broker.tables
      try await body(
        client,
        QueryScope(
          tenant: tenant, now: Self.now, names: tables.names,
          typesets: tables.typesets.typesets(of: tenant),
          indexed: tables.indexed.attributes(of: tenant)))
    }
  }

  /// A query, and the index that its plan has to read.
  private static let cases: [(parameters: [String: String], index: String)] = [
    (["type": "Large"], "entity_"), (["type": "Large", "q": "n==7"], "number"),
    (["type": "Large", "q": "n==7,8,9"], "number"), (["type": "Large", "q": "n>1990"], "number"),
    (["type": "Large", "q": "n==3..4"], "number"), (["q": "n==7"], "number"),
    (["type": "Large", "q": #"s=="text 7""#], "text"),
    (["type": "Large", "q": "n==7;u==7"], "number"),
    (["type": "Large", "q": "n==7", "orderBy": "u"], "number"),
    (["type": "Large", "q": "n==7", "idPattern": "7$"], "number"),
    (
      [
        "type": "Large", "georel": "near;maxDistance==10000", "geometry": "Point",
        "coordinates": "[3,3]",
      ], "entity_geo_geo"
    ),
    (["type": "Large", "id": "urn:x:1,urn:x:2"], "entity_tenant_id_key"),
  ]

  @Test("pages and counts of selective queries read ranges of indexes")
  func queries() async throws {
    try await withManyEntities { client, scope in
      for (parameters, index) in Self.cases {
        let request = try QueryRequest(parameters: { parameters[$0] }, expander: Context.core)
        let plan = QueryPlan(EntityQuery(request), in: scope)
        // To count a type that nearly all Entities here have, PostgreSQL may well read the whole table.
        let counts = parameters == ["type": "Large"] ? [] : [plan.count]
        var query = EntityQuery(request)
        let pages = [nil, PageCursor.after(1000), .before(1_000_000)].map { cursor in
          query.cursor = cursor
          return plan.page(PageWindow(query))
        }
        for statement in pages + counts {
          let scans = try await scans(of: statement, client)
          let isWhole = scans.contains { $0.contains("Seq Scan") }
          #expect(!isWhole, "\(parameters): \(scans)")
          #expect(scans.contains { $0.contains(index) }, "\(parameters): \(scans)")
        }
      }
      try await checkGlances(client, scope)
      try await checkHistory(client, scope)
      try await checkLongReads(client, scope)
    }
  }

  /// Looks at few rows, in the sessions that take them.
  private func checkGlances(_ client: TestClient, _ scope: QueryScope) async throws {
    let cases: [([String: String], [(Glance, index: String)])] = [
      (["type": "Large", "q": "n>7"], [(.found, "number_key"), (.walked, "_pkey")]),
      (["type": "Large", "q": "s==\"text 7\""], [(.found, "text_key"), (.walked, "_pkey")]),
      (["type": "Large", "q": "u==7"], [(.walked, "entity_value_typeset")]),
    ]
    for (parameters, glances) in cases {
      let request = try QueryRequest(parameters: { parameters[$0] }, expander: Context.core)
      let query = EntityQuery(request)
      let plan = QueryPlan(query, in: scope)
      #expect(plan.glances(counts: false) == glances.map(\.0))
      #expect(plan.glances(counts: true) == [glances[0].0])
      for (glance, index) in glances {
        for counts in [false, true] where plan.glances(counts: counts).contains(glance) {
          let statement = plan.statement(of: glance, PageWindow(query), counts: counts)
          let scans = try await client.readHistory(["EXPLAIN \(statement)"])[0]
            .map { $0[0].string }
            .filter { $0.contains("Scan") && !$0.contains("CTE Scan") }
          #expect(!scans.contains { $0.contains("Seq Scan") }, "\(scans)")
          #expect(scans.contains { $0.contains(index) }, "\(parameters) \(index): \(scans)")
        }
      }
    }
  }

  /// The last 24 hours of one Attribute.
  private func checkHistory(_ client: TestClient, _ scope: QueryScope) async throws {
    let row = try await client.query(
      "SELECT min(key), min(modified) FROM entity WHERE tenant = \(scope.tenant)")[0]
    let end = DateTime(microseconds: row[1].timestamp.microseconds)
    let start = DateTime(microseconds: end.microseconds - 86_400_000_000)
    let query = try TemporalQuery(
      timerel: "between", timeAt: "\(start)", endTimeAt: "\(end)", timeproperty: nil, lastN: nil)
    var part = HistoryPart(query)
    part.attributes = .only([Context.core.expand("n")])
    let statement = HistoryPlan(part, limits: HistoryLimits(), in: scope)
      .instances(of: .keys([row[0].int64]), in: scope)
    let scans = try await scans(of: statement, client)
    #expect(!scans.isEmpty)
    #expect(!scans.contains { $0.contains("Seq Scan") }, "\(scans)")
    let ofHistory = scans.filter { $0.contains(" on attribute_instance") }
    #expect(!ofHistory.isEmpty && ofHistory.allSatisfy { $0.contains("_time_") }, "\(scans)")
  }

  /// The last values, hourly averages, and pieces of a table, in the sessions that read them.
  private func checkLongReads(_ client: TestClient, _ scope: QueryScope) async throws {
    let key = try await client.query(
      "SELECT min(key) FROM entity WHERE tenant = \(scope.tenant)")[0][0].int64
    let plan = HistoryPlan(
      HistoryPart(TemporalQuery(interval: nil, lastN: 100)), limits: HistoryLimits(), in: scope)
    let number = try #require(scope.names.number(of: Context.core.expand("n")))
    let rest = SeriesPieces.Rest(series: SeriesKey(entity: key, attribute: number), after: nil)
    let averages = try #require(try Aggregation(aggrMethods: "avg", aggrPeriodDuration: "PT1H"))
    for statement in [
      plan.instances(of: .keys([key]), in: scope), plan.piece(of: [rest], limit: 100, in: scope),
      plan.aggregates(averages, of: .keys([key]), in: scope),
    ] {
      let lines = try await client.readHistory(["EXPLAIN \(statement)"])[0].map { $0[0].string }
      let ofHistory = lines.filter { $0.contains("Scan") && $0.contains("attribute_instance") }
      #expect(!ofHistory.isEmpty)
      #expect(!ofHistory.contains { $0.contains("Seq Scan") }, "\(ofHistory)")
    }
  }

  /// The lines of the plan that say what is read.
  private func scans(of statement: SQL, _ client: TestClient) async throws -> [String] {
    try await client.query("EXPLAIN \(statement)").map { $0[0].string }
      .filter { $0.contains("Scan") }
  }
}
