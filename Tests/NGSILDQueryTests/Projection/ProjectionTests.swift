import JSONLD
import NGSILD
import NGSILDQuery
import Testing

private typealias Term = ProjectionTerms.Term

private func terms(_ text: String) throws -> ProjectionTerms {
  try ProjectionTerms(parsing: text, as: "pick", expander: Expander())
}

private func projection(
  attrs: String? = nil, pick: String? = nil, omit: String? = nil
) throws -> Projection {
  try Projection(attrs: attrs, pick: pick, omit: omit, expander: Expander())
}

@Suite("Projection")
struct ProjectionTests {
  @Test(
    "terms are members and Attributes, with terms of linked Entities in braces",
    arguments: [
      ("id", [Term(.core(.id))]), ("a", [Term(.attribute(iri("a")))]),
      ("id,a|type", [Term(.core(.id)), Term(.attribute(iri("a"))), Term(.core(.type))]),
      (
        "a{id,b{c}},d",
        [
          Term(
            .attribute(iri("a")),
            linked: ProjectionTerms([
              Term(.core(.id)),
              Term(
                .attribute(iri("b")), linked: ProjectionTerms([Term(.attribute(iri("c")))])),
            ])), Term(.attribute(iri("d"))),
        ]
      ), ("https://x.org/a.b", [Term(.attribute(iri("https://x.org/a.b")))]),
      (
        "<urn:a,b>{c}",
        [Term(.attribute(iri("urn:a,b")), linked: ProjectionTerms([Term(.attribute(iri("c")))]))]
      ),
    ] as [(String, [ProjectionTerms.Term])])
  func parse(text: String, expected: [ProjectionTerms.Term]) throws {
    let parsed = try terms(text)
    #expect(parsed == ProjectionTerms(expected))
    #expect(try terms(parsed.description) == parsed)
  }

  @Test(
    "what is no projection is refused",
    arguments: [
      "", ",", "id,", ",id", "id,,name", "a;b", "a{}", "a{{b}}", "a{,b}", "a{b,}", "a{b", "a}",
      "a{b}}",
      "{a}", "id{a}", "a{b}c", "a b", "9a", "a.b", "@context", "a{b}{c}", "a|", "a[b]", "<a>",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try terms(text) }
    #expect(error?.kind == .badRequestData)
  }

  @Test("nesting has a bound")
  func depth() throws {
    #expect(try terms("a").linkDepth == 0)
    #expect(try terms("a{b},c{d{e}}").linkDepth == 2)
    let error = #expect(throws: NGSILDError.self) { try terms(String(repeating: "a{", count: 99)) }
    #expect(error?.kind == .tooComplexQuery)
  }

  @Test("the strings of a body are lists of their own")
  func body() throws {
    let parsed = try ProjectionTerms(
      parsing: ["id", "a{b}|c"], as: "pick", expander: Expander())
    #expect(try parsed == terms("id,a{b},c"))
    #expect(throws: NGSILDError.self) {
      try ProjectionTerms(parsing: [] as [String], as: "pick", expander: Expander())
    }
  }

  @Test(
    "pick keeps what it lists, omit what it does not",
    arguments: [
      ("id,a", nil, ["id", "a"]), ("a", nil, ["a"]), (nil, "id,a", ["type", "b", "r"]),
      ("r{x}", nil, ["r"]), (nil, "a,r{a}", ["id", "type", "b", "r"]),
      ("id,a,r", "r{a},b", ["id", "a", "r"]), (nil, nil, ["id", "type", "a", "b", "r"]),
    ] as [(String?, String?, [String])])
  func keeps(pick: String?, omit: String?, kept: [String]) throws {
    let projection = try projection(pick: pick, omit: omit)
    let members = ["id", "type", "a", "b", "r"].filter { name in
      projection.keeps(CoreMember(rawValue: name).map { .core($0) } ?? .attribute(iri(name)))
    }
    #expect(members == kept)
  }

  @Test("attrs keeps members that are no Attributes, and asks for one of its Attributes")
  func attrs() throws {
    let projection = try projection(attrs: "a,createdAt")
    #expect(projection.keeps(.core(.id)))
    #expect(projection.keeps(.attribute(iri("a"))))
    #expect(!projection.keeps(.attribute(iri("b"))))
    #expect(projection.attributes == [iri("a")])
    #expect(try NGSILDQueryTests.projection(attrs: "id,type,observedAt").attributes.isEmpty)
    #expect(Projection.everything.keeps(.attribute(iri("b"))))
  }

  @Test(
    "linked Entities have projections of their own",
    arguments: [
      ("r{a,s{b}}", nil, "a,s{b}", nil), ("r", nil, nil, nil), (nil, "a,r{b}", nil, "b"),
      (nil, "a", nil, nil), ("id,r{a,b}", "r{b{c}}", "a,b", "b{c}"), ("r{a},r{b}", nil, "a,b", nil),
      ("r{a},r", nil, nil, nil),
    ] as [(String?, String?, String?, String?)])
  func linked(pick: String?, omit: String?, innerPick: String?, innerOmit: String?) throws {
    #expect(
      try projection(pick: pick, omit: omit).ofEntities(linkedBy: iri("r"))
        == projection(pick: innerPick, omit: innerOmit))
  }

  @Test(
    "contradictory or broken parameters are refused",
    arguments: [
      ("a", "b", nil), ("a", nil, "b"), (nil, "a,id", "id"), (nil, "a{b}", "a{b}"),
      (nil, "a{b}", "a"), (nil, "a{b{c}}", "a{b{c}}"), ("a{b}", nil, nil), ("a|b", nil, nil),
      ("a,,b", nil, nil), ("", nil, nil), (nil, "", nil), (nil, nil, ""),
    ] as [(String?, String?, String?)])
  func contradictions(attrs: String?, pick: String?, omit: String?) {
    let error = #expect(throws: NGSILDError.self) {
      try projection(attrs: attrs, pick: pick, omit: omit)
    }
    #expect(error?.kind == .badRequestData)
  }
}
