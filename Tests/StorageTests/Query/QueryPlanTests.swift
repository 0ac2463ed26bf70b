import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Plans of queries")
struct QueryPlanTests {
  /// Entities of the types `T`, `U` and both, and what plans for them are made with.
  private func withScope(_ body: (TestClient, QueryScope) async throws -> Void) async throws {
    try await withTestTenant { client in
      let types = [#""T""#, #""U""#, #"["T","U"]"#]
      let entities = types.enumerated().map { number, type in
        """
        {"id":"urn:x:\(number)","type":\(type),"a":1,"b":"x",
        "r":{"type":"Relationship","object":"urn:x:0"},
        "g":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}}
        """
      }
      let response = try await client.send(
        "POST", "entityOperations/create", "[\(entities.joined(separator: ","))]")
      try #require(response.status == 201, "\(response.text)")
      let tenant = try await client.tenantNumber()
      let tables = client.broker.tables
      try await body(
        client,
        QueryScope(
          tenant: tenant, now: DateTime("2026-01-01T00:00:00Z")!, names: tables.names,
          typesets: tables.typesets.typesets(of: tenant),
          indexed: tables.indexed.attributes(of: tenant)))
    }
  }

  private func plan(_ parameters: [String: String], in scope: QueryScope) throws -> QueryPlan {
    let request = try QueryRequest(parameters: { parameters[$0] }, expander: Context.core)
    return QueryPlan(EntityQuery(request), in: scope)
  }

  @Test("plans are equal for what means the same, and for nothing else")
  func equality() async throws {
    try await withScope { _, scope in
      let plan = try plan(["type": "T", "q": "a>1"], in: scope)
      let same = try self.plan(["q": "a>1.0", "type": "(T)"], in: scope)
      #expect(plan == same)
      for other in [
        ["type": "T", "q": "a>2"], ["type": "T", "q": "a>=1"], ["type": "U", "q": "a>1"],
        ["type": "T", "q": "a>1", "orderBy": "a"], ["type": "T", "q": "a>1", "id": "urn:x:0"],
      ] {
        let other = try self.plan(other, in: scope)
        #expect(plan != other)
      }
    }
  }

  @Test(
    "typesets are grouped by what is asked of ids",
    arguments: [
      ([#"{"type":"T"}"#], [2]), ([#"{"type":"*"}"#], [3]), ([#"{"type":"Unheard"}"#], []),
      ([#"{"type":"T"}"#, #"{"type":"U"}"#], [3]),
      ([#"{"type":"(T;U)","id":"urn:x:1"}"#, #"{"type":"U"}"#], [2]),
      ([#"{"type":"T","id":"urn:x:1"}"#, #"{"type":"U","id":"urn:x:2"}"#], [1, 1, 1]),
    ])
  func arms(selectors: [String], counts: [Int]) async throws {
    try await withScope { _, scope in
      let body = #"{"type":"Query","entities":[\#(selectors.joined(separator: ","))]}"#
      let request = try QueryRequest(.init(parsing: body), expander: Context.core)
      let plan = QueryPlan(EntityQuery(request), in: scope)
      #expect(plan.arms.map(\.typesets.count).sorted() == counts.sorted())
    }
  }

  @Test(
    "only the tables that are needed are read",
    arguments: [
      (["type": "T"], .entity), (["type": "T", "id": "urn:x:1"], .entity),
      (["type": "T", "orderBy": "id"], .entity), (["type": "T", "orderBy": "createdAt"], .entity),
      (["q": "a>1"], .values), (["type": "T", "orderBy": "a"], .values),
      (["attrs": "a"], .values), (["q": "r{a}>1", "join": "flat"], .values),
      (["q": "a>1;modifiedAt>2020-01-01T00:00:00Z"], .joined),
      (["q": "a>1", "idPattern": "x"], .joined), (["q": "a>1", "orderBy": "id"], .joined),
    ] as [([String: String], QueryPlan.Source)])
  func sources(parameters: [String: String], source: QueryPlan.Source) async throws {
    try await withScope { _, scope in
      let plan = try plan(parameters, in: scope)
      #expect(plan.source == source)
    }
  }

  @Test(
    "a look at few rows is for one range of rows and conditions on each by itself",
    arguments: [
      (["type": "(T;U)", "q": "a>1"], true), (["type": "(T;U)", "attrs": "a"], true),
      (["type": "(T;U)", "q": "a>1|b==\"x\"", "scopeQ": "/x"], true),
      (["type": "T", "q": "a>1"], false), (["type": "(T;U)"], false),
      (["type": "(T;U)", "q": "b~=x"], false), (["type": "(T;U)", "q": "r{a}>1"], false),
      (["type": "(T;U)", "q": "a>1", "id": "urn:x:1"], false),
      (["type": "(T;U)", "q": "a>1", "orderBy": "a"], false),
      (
        [
          "type": "(T;U)", "q": "a>1", "georel": "near;maxDistance==1", "geometry": "Point",
          "coordinates": "[1,2]",
        ], false
      ),
    ])
  func glances(parameters: [String: String], hasGlance: Bool) async throws {
    try await withScope { _, scope in
      let plan = try plan(parameters.merging(["join": "flat"]) { $1 }, in: scope)
      #expect(plan.glances(counts: false) == (hasGlance ? [.walked] : []))
    }
  }

  @Test("values of a request are parameters, never text")
  func parameters() async throws {
    try await withScope { _, scope in
      let one = try plan(["type": "T", "q": "r{a}==\"'; x\"", "join": "flat"], in: scope)
      let other = try plan(["type": "T", "q": "r{a}==\"y\"", "join": "flat"], in: scope)
      let window = PageWindow(EntityQuery())
      #expect(one.page(window).text == other.page(window).text)
      #expect(one.count.text == other.count.text)
    }
  }

  @Test("linked Entities are found one by one, by their ids")
  func links() async throws {
    try await withScope { client, scope in
      let query = ["type": "T", "q": "r{r{a}}>1", "join": "flat", "joinLevel": "2"]
      let page = try plan(query, in: scope).page(PageWindow(EntityQuery()))
      let lines = try await TestDatabase.withBrokerConnection { connection in
        // The few rows of a test would as well be read without an index.
        let results = try await connection.flight([
          "BEGIN", "SET LOCAL enable_seqscan = off", "EXPLAIN \(page)", "ROLLBACK",
        ])
        return results[2].map { $0[0].string }
      }
      // How the Entities themselves are joined with their values depends on how many there are.
      let ofLinks = lines.drop { !$0.contains("SubPlan") }
      let joins = ofLinks.filter { $0.contains("Nested Loop") || $0.contains("Join") }
      #expect(joins.count >= 2 && joins.allSatisfy { $0.contains("Nested Loop") }, "\(lines)")
    }
  }
}
