import JSONLD
import NGSILD
import NGSILDQuery
import Testing

private typealias Condition = Query.Condition

private func query(_ text: String) throws -> Query {
  try Query(parsing: text, expander: Expander())
}

private func path(_ names: String..., members: [String] = []) -> Query.Path {
  .value(ValuePath(names.map(iri), valueMembers: members))
}

private func term(_ path: Query.Path, _ condition: Query.Condition = .exists) -> Query {
  .term(Query.Term(path, condition))
}

private func exists(_ name: String) -> Query { term(path(name)) }

@Suite("q: parsing")
struct QueryParsingTests {
  @Test(
    "AND binds tighter than OR, and parentheses group",
    arguments: [
      ("a", exists("a")), ("a;b", .and([exists("a"), exists("b")])),
      ("a|b", .or([exists("a"), exists("b")])),
      ("a;b|c", .or([.and([exists("a"), exists("b")]), exists("c")])),
      ("a|b;c", .or([exists("a"), .and([exists("b"), exists("c")])])),
      ("a;(b|c)", .and([exists("a"), .or([exists("b"), exists("c")])])),
      ("(a;(b;c))", .and([exists("a"), exists("b"), exists("c")])),
      ("((a|b)|c)", .or([exists("a"), exists("b"), exists("c")])), ("((a))", exists("a")),
      (
        "(a|(b;(c|d)));e",
        .and([
          .or([exists("a"), .and([exists("b"), .or([exists("c"), exists("d")])])]), exists("e"),
        ])
      ),
    ])
  func structure(text: String, tree: Query) throws { #expect(try query(text) == tree) }

  @Test(
    "a path leads through Attributes to a member or into a value",
    arguments: [
      ("a.b.c", path("a", "b", "c")), ("a[b.c]", path("a", members: ["b", "c"])),
      ("a.b[*]", path("a", "b", members: ["*"])), ("a[zh-Hans]", path("a", members: ["zh-Hans"])),
      ("a[\"b.c\".d]", path("a", members: ["b.c", "d"])),
      ("a.observedAt", .value(ValuePath([iri("a")], member: .observedAt))),
      ("a.b.unitCode", .value(ValuePath([iri("a"), iri("b")], member: .unitCode))),
      ("createdAt", .value(ValuePath(member: .createdAt))),
      ("type", .value(ValuePath(member: .type))), ("a.type", path("a", "type")),
      ("ex:a.b", path("ex:a", "b")), ("https://x.org/v1.0/a.b", path("https://x.org/v1.0/a", "b")),
      ("<https://x.org/a.b>.c", path("https://x.org/a.b", "c")), ("größe_2", path("größe_2")),
      ("<urn:type>", path("urn:type")), ("urn:x:a.b", path("urn:x:a", "b")),
    ])
  func paths(text: String, path: Query.Path) throws { #expect(try query(text) == term(path)) }

  @Test(
    "a linked path follows Relationships, with or without a hint of types",
    arguments: [
      ("r{a}", [], path("a"), 1), ("r{T:a.b}", ["T"], path("a", "b"), 1),
      ("r{T,U:a[b]}", ["T", "U"], path("a", members: ["b"]), 1),
      ("r{<urn:t>:a}", ["urn:t"], path("a"), 1),
      ("r{https://x.org/a}", [], path("https://x.org/a"), 1),
      (
        "r{T:s{U:a.observedAt}}", ["T"],
        .linked(
          relationship: iri("s"), types: [iri("U")],
          path: .value(ValuePath([iri("a")], member: .observedAt))), 2
      ),
    ])
  func links(text: String, types: [String], inner: Query.Path, depth: Int) throws {
    let tree = try query(text)
    #expect(
      tree == term(.linked(relationship: iri("r"), types: types.map(iri), path: inner)))
    #expect(tree.linkDepth == depth)
    #expect(tree.attributes == [iri("r")])
  }

  @Test(
    "operands are numbers, booleans, strings, times, URIs and bare words",
    arguments: [
      ("5", .number(5)), ("-0.5e2", .number(-50)), ("true", .boolean(true)),
      ("false", .boolean(false)), (#""x;y|z)""#, .string("x;y|z)")),
      (#""a\"\u00e9""#, .string("a\"é")),
      (#""""#, .string("")), ("Male", .string("Male")), ("urn:a:1", .uri(IRI("urn:a:1"))),
      ("https://x.org/?a=b..c", .uri(IRI("https://x.org/?a=b..c"))),
      ("<urn:a;b>", .uri(IRI("urn:a;b"))), (#""5""#, .string("5")),
      ("2020-01-01T00:00:00.5Z", .dateTime(DateTime("2020-01-01T00:00:00.5Z")!)),
      ("2020-02-29", .date(Date("2020-02-29")!)), ("12:00:00Z", .time(Time("12:00:00Z")!)),
      (#""2020-02-29""#, .string("2020-02-29")), ("null", .string("null")), ("A-1", .string("A-1")),
    ] as [(String, Query.Value)])
  func values(text: String, value: Query.Value) throws {
    #expect(try query("a==\(text)") == term(path("a"), .equal(.anyOf([value]))))
    #expect(
      try query("a!=\(text);b")
        == .and([
          term(path("a"), .unequal(.anyOf([value]))), exists("b"),
        ]))
  }

  @Test(
    "each operator takes its operands",
    arguments: [
      ("a==1,2", Query.Condition.equal(.anyOf([.number(1), .number(2)]))),
      (
        #"a!="x",true,urn:y"#, .unequal(.anyOf([.string("x"), .boolean(true), .uri(IRI("urn:y"))]))
      ),
      ("a==1..2.5", .equal(.range(.number(1), .number(2.5)))),
      (#"a!="a".."b""#, .unequal(.range(.string("a"), .string("b")))),
      (
        "a==2020-01-01..2020-01-02",
        .equal(.range(.date(Date("2020-01-01")!), .date(Date("2020-01-02")!)))
      ),
      ("a>5", .ordered(.greater, .number(5))), ("a>=5", .ordered(.greaterOrEqual, .number(5))),
      ("a<-5", .ordered(.less, .number(-5))), (#"a<="x""#, .ordered(.lessOrEqual, .string("x"))),
    ])
  func operators(text: String, condition: Query.Condition) throws {
    #expect(try query(text) == term(path("a"), condition))
  }

  @Test(
    "a pattern is quoted, or bare up to an operator",
    arguments: [
      (#"a~="^x|y;\d$""#, #"^x|y;\d$"#), (#"a~="x\"y""#, "x\"y"), ("a~=^x.*$", "^x.*$"),
      ("a~=(x|y)[;|)]z", "(x|y)[;|)]z"), (#"a~=x\|y"#, #"x\|y"#), ("a~=[]|]x", "[]|]x"),
      ("a~=x{1,2}", "x{1,2}"), (#"a~="""#, ""), ("a~=x y", "x y"), (#"a~="a\\""#, #"a\\"#),
      ("a~=[^]|]", "[^]|]"),
    ])
  func patterns(text: String, pattern: String) throws {
    let matches = term(path("a"), .matches(try Pattern(pattern)))
    #expect(try query(text) == matches)
    #expect(try query("(\(text)|b)") == .or([matches, exists("b")]))
    let negated = "a!" + text.dropFirst()
    #expect(
      try query("\(negated);b")
        == .and([
          term(path("a"), .matchesNot(try Pattern(pattern))), exists("b"),
        ]))
  }

  @Test("an exclamation mark asks for absence")
  func absence() throws {
    #expect(try query("!a.b") == term(path("a", "b"), .absent))
    #expect(
      try query("!a;b>1")
        == .and([term(path("a"), .absent), term(path("b"), .ordered(.greater, .number(1)))]))
  }

  @Test(
    "what is no query is refused",
    arguments: [
      "", ";", "|", "a;", "a|", ";a", "a;;b", "a;|b", "()", "(a", "a)", "(a;b", "a(b)", "a b", "9a",
      "_a", "a-b", "a.", ".a", "a..b", "a[", "a[]", "a[b", "a]", "a[b]c", "a[b].c", "a[b][c]",
      "a[b.]", "a[.b]", "a{", "a{}", "a{b", "a}", "a{b}c", "a{{b}}", "a{b}{c}", "a.b{c}", "a{T:}",
      "a{T,U}", "a{:b}", "a{b;c}", "a{b==1}", "a==", "a!=", "a>", "a~=", "a!~=", "a=1", "a===1",
      "a==\"x", "a==x\"", "a==\"x\"y", "a=='x'", "a==\"\\d\"", "a==x y", "a== 1", "a==1 ", " a",
      "a==1,",
      "a==,1", "a==1,,2", "a==1..", "a==..1", "a==1..x", "a==1..\"x\"", "a==true..false", "a==x..y",
      "a==1..2..3", "a==1..2,3", "a==1,2..3", "a>1..2", "a>1,2", "a>=1..2",
      "a<\"a\"..\"b\"", "a>true", "a<false", "a~=1..2", "a~=2020-01-01..2020-01-02",
      "a~=\"a\"..\"b\"", "a~=x,y", "a~=\"x\",\"y\"", "a~=(", "a~=*", "a~=\"[\"", "!a==5", "!a>5",
      "!a~=x", "!", "!!a", "!(a)", "!a{b}!=1", "createdAt.a", "createdAt[a]", "a.observedAt.b",
      "a.observedAt[b]", "a==1e999", "a==01", "a==+1", "a==2020-13-01T00:00:00Z",
      "a==2020-01-01T00:00:00+01:00", "a==2021-02-29", "<a>", "<urn:a", "a\u{0}", "a==\u{0}",
      "a==b==c", "a==(b)", "a==[1]", "a==1;", "a&b", "a,b", "*", "a==\"\\ud800\"", "a==\"\u{1}\"",
      "a:", ":a", "@id", "a<>5", "a=>5", "a<=", "a==<x>",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try query(text) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.isEmpty == false)
  }

  @Test("an error names the text, the place and what would be right")
  func detail() {
    let error = #expect(throws: NGSILDError.self) { try query("größe==") }
    #expect(
      error?.detail
        == "q 'größe==': at character 8, expected a number, true, false, DateTime, Date, Time or "
        + "URI, or a string in double quotes")
  }

  @Test(
    "depth and length have bounds",
    arguments: [
      String(repeating: "(", count: 40) + "a" + String(repeating: ")", count: 40),
      String(repeating: "(", count: 10_000), String(repeating: "a{", count: 8000),
      String(repeating: "a.", count: 8000), "a[" + String(repeating: "a.", count: 5000),
      "a==\"" + String(repeating: "x", count: 20_000) + "\"",
      String(repeating: "a;", count: 256) + "a",
    ])
  func bounds(text: String) {
    let error = #expect(throws: NGSILDError.self) { try query(text) }
    #expect(error?.kind == .tooComplexQuery)
  }

  @Test("operands of the Attributes in expandValues, and of members that hold names, are expanded")
  func expandValues() throws {
    let tree = try Query(
      parsing: "a==x,\"y\",5;b==x;c.a==z;a[m]==w;a.objectType==T;type!=U", expander: Expander(),
      expandValues: [iri("a")])
    #expect(
      tree
        == .and([
          term(path("a"), .equal(.anyOf([.uri(iri("x")), .uri(iri("y")), .number(5)]))),
          term(path("b"), .equal(.anyOf([.string("x")]))),
          term(path("c", "a"), .equal(.anyOf([.uri(iri("z"))]))),
          term(path("a", members: ["m"]), .equal(.anyOf([.uri(iri("w"))]))),
          term(
            .value(ValuePath([iri("a")], member: .objectType)), .equal(.anyOf([.uri(iri("T"))]))),
          term(.value(ValuePath(member: .type)), .unequal(.anyOf([.uri(iri("U"))]))),
        ]))
  }

  @Test("within a body, percent-encoding is resolved")
  func percentEncoding() throws {
    func body(_ text: String) throws -> Query {
      try Query(parsing: text, expander: Expander(), isPercentEncoded: true)
    }
    #expect(try body("a==%22Tesla%22") == query(#"a=="Tesla""#))
    #expect(try body("a==%22%C3%A9%22") == query(#"a=="é""#))
    #expect(try body(#"a=="100%""#) == query(#"a=="100%""#))
    #expect(try body(#"a=="5%x5%4""#) == query(#"a=="5%x5%4""#))
    #expect(throws: NGSILDError.self) { try body("a==%FF") }
  }

  @Test("system members do not count as Attributes")
  func attributes() throws {
    #expect(try query("createdAt>2020-01-01T00:00:00Z;id").attributes.isEmpty)
    #expect(
      try query("a.observedAt|!b;c{d}==1|type==A").attributes == Set(["a", "b", "c"].map(iri)))
    #expect(try query("a").linkDepth == 0)
  }

  @Test("a query can be named for another context")
  func naming() throws {
    let tree = try query("a.b[c]==x;(r{T:d}|!e)")
    let text = tree.text { String($0.text.dropFirst("https://example.org/".count)) }
    #expect(text == #"a.b[c]=="x";(r{T:d}|!e)"#)
    #expect(try query(text) == tree)
  }
}
