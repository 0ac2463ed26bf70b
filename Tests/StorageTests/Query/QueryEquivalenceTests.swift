import Broker
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage
import TestSupport
import Testing

/// The stored forms, with the ids of those that are served.
private struct Sample: Sendable {
  let client: TestClient
  let tenant: TenantNumber
  let documents: [(id: String, document: JSONValue)]
  let byID: [String: JSONValue]
  let now: DateTime

  /// What the broker's evaluator says, which follows Relationships to Entities that are served.
  func matches(_ query: Query, _ entity: JSONValue) -> Bool {
    query.matches(entity, at: now) { byID[$0.text] }
  }

  func ids(_ query: EntityQuery) async throws -> Set<String> {
    var query = query
    query.limit = 1000
    query.wantsCount = true
    let page = try await page(query)
    #expect(page.count == page.ids.count)
    #expect(Set(page.ids).count == page.ids.count)
    return Set(page.ids)
  }

  func page(_ query: EntityQuery) async throws -> EntityPage {
    let (broker, now, tenant) = (client.broker.broker, now, tenant)
    return try await client.broker.loop.task {
      try await broker.queries.page(query, at: now, tenant: tenant)
    }.value
  }

  /// The ids of all pages from the first on, each where the one before says.
  func forwards(_ query: EntityQuery) async throws -> (ids: [String], end: PageNeighbours?) {
    var (query, ids) = (query, [String]())
    while true {
      let page = try await page(query)
      ids += page.ids
      guard page.hasMore else { return (ids, page.neighbours) }
      query.cursor = page.neighbours?.next
    }
  }

  /// The ids of all pages before a place, in the order of the pages' own rows.
  func backwards(_ query: EntityQuery, from end: PageCursor) async throws -> [String] {
    var (query, ids) = (query, [String]())
    query.cursor = end
    while true {
      let page = try await page(query)
      ids = page.ids + ids
      guard page.hasMore else { return ids }
      query.cursor = page.neighbours?.previous
    }
  }

  func expected(_ isMatch: (JSONValue) -> Bool) -> Set<String> {
    Set(documents.filter { isMatch($0.document) }.map(\.id))
  }
}

/// What SQL selects is what the evaluator selects, on random Entities and queries.
@Suite("Queries in SQL")
struct QueryEquivalenceTests {
  private static let entities = 150
  private static let queries = 400

  /// - Parameters:
  ///   - type: of all Entities; nil for random ones.
  ///   - indexes: Attributes that are indexed, some before they are written.
  private func withSample(
    _ generator: inout SeededGenerator, type: String? = nil, indexes: [String] = [],
    _ body: (inout SeededGenerator, Sample) async throws -> Void
  ) async throws {
    let texts = (0..<Self.entities).map { generator.entity("urn:x:\($0)", type) }
    var copy = generator
    try await withTestTenant { client in
      if !indexes.isEmpty {
        // Creates the tenant.
        _ = try await client.send("POST", "entities", #"{"id":"urn:x:0","type":"T"}"#)
        _ = try await client.send("DELETE", "entities/urn:x:0")
      }
      let early = indexes.prefix(indexes.count / 2)
      for name in early {
        for type in SeededGenerator.typeNames { try await client.index(name, of: type) }
      }
      let response = try await client.send(
        "POST", "entityOperations/create", "[\(texts.joined(separator: ","))]")
      try #require(response.status == 201, "\(response.text)")
      for name in indexes.dropFirst(early.count) {
        for type in SeededGenerator.typeNames { try await client.index(name, of: type) }
      }
      let tenant = try await client.tenantNumber()
      // Other tests may reap what has expired at any time.
      let rows = try await client.query(
        "SELECT id, document FROM entity WHERE tenant = \(tenant) AND typeset IS NOT NULL")
      let now = DateTime.now
      let documents = rows.map {
        (id: $0[0].string, document: JSONValue(storedDocument: $0[1].bytes))
      }
      let served = documents.filter { _, document in
        document["expiresAt"].flatMap { DateTime($0) }.map { $0 > now } ?? true
      }
      try #require(!served.isEmpty && served.count < Self.entities)
      let byID = Dictionary(uniqueKeysWithValues: served.map { ($0.id, $0.document) })
      try await body(
        &copy,
        Sample(client: client, tenant: tenant, documents: served, byID: byID, now: now))
    }
  }

  /// Fails with the smallest Entity among those that differ.
  private func report(
    _ query: String, _ found: Set<String>, _ expected: Set<String>, _ sample: Sample, _ seed: UInt64
  ) {
    let wrong = found.symmetricDifference(expected)
    let smallest = sample.documents.filter { wrong.contains($0.id) }
      .min { $0.document.rawText.utf8.count < $1.document.rawText.utf8.count }
    Issue.record(
      """
      seed \(seed): \(query) selects \(found.count), not \(expected.count); \
      \(smallest.map { found.contains($0.id) ? "too much" : "not" } ?? "unknown") \
      \(smallest?.document.rawText.replacing("https://uri.etsi.org/ngsi-ld/default-context/", with: "") ?? "\(wrong)")
      """)
  }

  @Test(
    "q selects what it selects in the broker, with and without indexes",
    arguments: [[], SeededGenerator.attributeNames])
  func queries(indexes: [String]) async throws {
    var generator = SeededGenerator(printingSeedOf: "q in SQL")
    let seed = generator.seed
    var failures = 0
    try await withSample(&generator, indexes: indexes) { generator, sample in
      for _ in 0..<Self.queries where failures < 5 {
        let query = generator.query()
        guard try await differs(query, sample) else { continue }
        failures += 1
        // One term that differs says more than the whole.
        var smallest = query
        for term in query.terms where try await differs(.term(term), sample) {
          smallest = .term(term)
        }
        report(
          "\(smallest)", try await sample.ids(entityQuery(smallest)),
          sample.expected { sample.matches(smallest, $0) }, sample, seed)
      }
    }
  }

  private func entityQuery(_ query: Query) -> EntityQuery {
    var whole = EntityQuery()
    whole.query = query
    return whole
  }

  private func differs(_ query: Query, _ sample: Sample) async throws -> Bool {
    try await sample.ids(entityQuery(query))
      != sample.expected { sample.matches(query, $0) }
  }

  @Test("scopeQ, types, attrs and ids select what they select in the broker")
  func selections() async throws {
    var generator = SeededGenerator(printingSeedOf: "selections in SQL")
    let seed = generator.seed
    try await withSample(&generator) { generator, sample in
      for _ in 0..<200 {
        var query = EntityQuery()
        if generator.chance(50) { query.scopes = generator.scopeQuery() }
        if generator.chance(20) {
          query.attributes = generator.list(1...2) {
            Context.core.expand($0.pick(["a", "b", "no"]))
          }
        }
        query.selectors = generator.list(0...3) { $0.selector(ids: 0...Self.entities) }
        if generator.chance(20) { query.query = generator.query(depth: 1) }
        let wanted = query
        let expected = sample.expected { wanted.selects($0, in: sample) }
        let found = try await sample.ids(query)
        guard found != expected else { continue }
        report("\(query)", found, expected, sample, seed)
        return
      }
    }
  }

  @Test("pages by their places cover everything once, forwards and backwards")
  func places() async throws {
    var generator = SeededGenerator(printingSeedOf: "places of pages in SQL")
    try await withSample(&generator, indexes: ["a", "b"]) { generator, sample in
      for _ in 0..<100 {
        var query = EntityQuery()
        if generator.chance(70) { query.selectors = [generator.selector(ids: 0...Self.entities)] }
        if generator.chance(60) { query.query = generator.query(depth: 1) }
        query.limit = 1000
        let whole = try await sample.page(query).ids
        query.limit = generator.pick([20, 50, 80])
        let (forwards, end) = try await sample.forwards(query)
        #expect(forwards == whole, "\(query)")
        guard let end, case .after(let last) = end.next else { continue }
        let backwards = try await sample.backwards(query, from: .before(last + 1))
        #expect(backwards == whole, "\(query)")
      }
    }
  }

  @Test("where a look at few rows does, it finds what the whole query does")
  func glances() async throws {
    var generator = SeededGenerator(printingSeedOf: "looks at few rows in SQL")
    try await withSample(&generator, type: "T", indexes: ["a", "b"]) { generator, sample in
      for _ in 0..<200 {
        var query = entityQuery(generator.query(depth: generator.number(0...1)))
        query.limit = 1000
        let whole = try await sample.page(query).ids
        query.limit = generator.pick([0, 1, 5, 20])
        query.offset = generator.pick([0, 0, 3, 30, 70])
        query.wantsCount = query.limit == 0 || generator.chance(30)
        let rest = whole.dropFirst(query.offset)
        // The second time by the look that sufficed, or by none.
        for _ in 1...2 {
          let page = try await sample.page(query)
          #expect(page.ids == Array(rest.prefix(query.limit)), "\(query)")
          #expect(page.hasMore == (rest.count > query.limit), "\(query)")
          #expect(page.count == (query.wantsCount ? whole.count : nil), "\(query)")
        }
      }
    }
  }
}

extension EntityPage {
  fileprivate var ids: [String] {
    documents.map { JSONValue(storedDocument: $0)["id"]?.string ?? "" }
  }
}

extension EntityQuery {
  /// The same conditions, evaluated in the broker.
  fileprivate func selects(_ entity: JSONValue, in sample: Sample) -> Bool {
    (selectors.isEmpty || selectors.contains { $0.matches(entity) })
      && scopes?.matches(entity) ?? true && query.map { sample.matches($0, entity) } ?? true
      && (attributes.isEmpty
        || attributes.contains {
          Query.term(.init(.value(ValuePath([$0])), .exists)).matches(entity, at: sample.now)
        })
  }
}
