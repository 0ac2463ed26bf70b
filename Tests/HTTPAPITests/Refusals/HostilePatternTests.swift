import JSON
import TestSupport
import Testing

/// Patterns that are made to take long, where PostgreSQL's regular expressions meet them.
@Suite("Hostile patterns in queries")
struct HostilePatternTests {
  /// Whether an answer comes within a bound that is generous for a busy machine.
  private func answer(
    _ client: TestClient, _ query: String
  ) async throws -> TestResponse {
    let start = ContinuousClock.now
    let response = try await client.send("GET", "entities?type=T&\(query)")
    #expect(ContinuousClock.now - start < .seconds(10), "\(query)")
    return response
  }

  @Test(
    "repetitions that would need too many states are too complex, in any place",
    arguments: ["((a{1,255}){1,255}){1,255}", "((((a{0,20}){0,20}){0,20}){0,20})b", "(a?){255}{9}"])
  func tooComplex(pattern: String) async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "T", #""s":"aaa""#))
      for query in [
        "idPattern=\(percentEncoded(pattern))", "q=\(percentEncoded("s~=\"\(pattern)\""))",
      ] {
        let response = try await answer(client, query)
        #expect([400, 403].contains(response.status))
        #expect(response.detail.contains(pattern))
      }
    }
  }

  @Test(
    "what makes other engines search for ever is answered",
    arguments: [
      ("^(a+)+$", false), ("(a*)*b", false), ("^(a|aa)+$", false), ("(x+x+)+y", false),
      ("(a|b)*a(a|b){200}", true), ("(.*a){100}", true), ("(a?){255}a{255}", true),
      ("(a*?b*?){100}c", false), ("((a{1,12}){1,12}){1,12}b", false),
      ("(((a|b|c|d){1,9})*x){1,9}", false),
    ])
  func search(pattern: String, isFound: Bool) async throws {
    let text = String(repeating: "a", count: 50_000)
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "T", "\"s\":\"\(text)!\""))
      let response = try await answer(client, "q=\(percentEncoded("s~=\"\(pattern)\""))&pick=id")
      #expect(response.status == 200, "\(response.text.prefix(200))")
      #expect(response.ids == (isFound ? ["urn:x:1"] : []))
    }
  }

  @Test("a search that takes longer than a query may is cancelled, and the next one is answered")
  func timeout() async throws {
    var generator = SeededGenerator(printingSeedOf: "hostile text")
    let text = String(
      decoding: (0..<4_000_000).map { _ in generator.chance(50) ? 97 : 98 }, as: UTF8.self)
    try await withTestBroker(queryTimeout: .seconds(1)) { broker in
      let client = TestClient(broker, tenant: newTenantName())
      try await client.create(entity("urn:x:1", "T", "\"s\":\"\(text)\""))
      let query = percentEncoded("s~=\"((a|b)*a(a|b){100}){8}c\"")
      let response = try await answer(client, "q=\(query)")
      #expect(response.status == 503, "\(response.text.prefix(200))")
      #expect(response.detail.contains("took too long"))
      #expect(try await answer(client, "q=s~=zz").status == 200)
      try await client.removeTenant()
    }
  }
}
