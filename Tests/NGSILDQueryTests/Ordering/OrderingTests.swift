import JSON
import NGSILD
import NGSILDQuery
import Testing

private func ordering(
  _ orderBy: String?, collation: String? = nil, from: String? = nil, geometry: String? = nil
) throws -> Ordering? {
  try Ordering(
    orderBy: orderBy, collation: collation, orderFrom: from, orderGeometry: geometry,
    expander: Expander())
}

@Suite("Ordering")
struct OrderingTests {
  @Test(
    "terms are paths with a direction",
    arguments: [
      ("a", [Ordering.Term(ValuePath([iri("a")]))]),
      ("a;desc", [Ordering.Term(ValuePath([iri("a")]), .descending)]),
      (
        "id,type;asc,createdAt;desc",
        [
          Ordering.Term(ValuePath(member: .id)), Ordering.Term(ValuePath(member: .type)),
          Ordering.Term(ValuePath(member: .createdAt), .descending),
        ]
      ),
      ("a.b;dist-asc", [Ordering.Term(ValuePath([iri("a"), iri("b")]), .nearestFirst)]),
      (
        "a.observedAt,a[m.n];dist-desc",
        [
          Ordering.Term(ValuePath([iri("a")], member: .observedAt)),
          Ordering.Term(ValuePath([iri("a")], valueMembers: ["m", "n"]), .farthestFirst),
        ]
      ),
    ])
  func parse(text: String, terms: [Ordering.Term]) throws {
    #expect(try ordering(text, from: "[1,2]")?.terms == terms)
    let canonical = terms.map(\.description).joined(separator: ",")
    #expect(try ordering(canonical, from: "[1,2]")?.terms == terms)
  }

  @Test("reference and collation are read")
  func reference() throws {
    let full = try ordering(
      "a", collation: "de-u-co-phonebk", from: "[[1,2],[3,4]]", geometry: "LineString")
    #expect(full?.reference?.text == #"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#)
    #expect(full?.collation?.tag == "de-u-co-phonebk")
    #expect(try ordering("a;dist-asc", from: "[1,2]")?.reference?.kind == .point)
    #expect(try ordering(nil) == nil)
    #expect(try ordering("id;desc")?.isByIdAlone == true)
    #expect(try ordering("id,a")?.isByIdAlone == false)
    #expect(try ordering("a")?.isByIdAlone == false)
  }

  @Test(
    "what is no ordering is refused",
    arguments: [
      ("", nil, nil, nil), (",", nil, nil, nil), ("a,", nil, nil, nil), ("a;", nil, nil, nil),
      ("a;up", nil, nil, nil), ("a;desc;asc", nil, nil, nil), ("a;DESC", nil, nil, nil),
      ("a b", nil, nil, nil), ("9", nil, nil, nil), ("!a", nil, nil, nil), ("a{b}", nil, nil, nil),
      ("a;dist-asc", nil, nil, nil), ("a[", nil, nil, nil), ("id.a", nil, nil, nil),
      ("a", nil, "[1]", nil), ("a", nil, "1,2", nil), ("a", nil, "[1,2]", "GeometryCollection"),
      ("a", nil, "[1,2]", "LineString"), ("a", "", nil, nil), ("a", "english", nil, nil),
      ("a", "d", nil, nil), ("a", "de_DE", nil, nil), ("a", "de-", nil, nil),
      ("a", "de-u", nil, nil),
      ("a", "de--x", nil, nil), ("a", "de-toolongsubtag", nil, nil), ("a", "d\"e", nil, nil),
      ("a", "de-u-x", nil, nil),
    ] as [(String, String?, String?, String?)])
  func refuse(text: String, collation: String?, from: String?, geometry: String?) {
    let error = #expect(throws: NGSILDError.self) {
      try ordering(text, collation: collation, from: from, geometry: geometry)
    }
    #expect(error?.kind == .badRequestData)
  }

  @Test("collations are language tags", arguments: ["und", "und-u-ks-identic", "de", "zh-Hans-CN"])
  func collation(tag: String) throws { #expect(try Collation(parsing: tag).tag == tag) }

  @Test(
    "the member ordering is read from a body",
    arguments: [
      (#"{"orderBy":["a;desc","b"]}"#, "a;desc,b", nil, nil),
      (#"{"orderBy":["a;dist-asc"],"coordinates":[1,2]}"#, "a;dist-asc", "[1,2]", nil),
      (
        #"{"orderBy":["a"],"coordinates":[1,2],"geometry":"Point","collation":"de"}"#, "a", "[1,2]",
        "de"
      ),
    ] as [(String, String, String?, String?)])
  func body(text: String, orderBy: String, from: String?, collation: String?) throws {
    let read = try Ordering(JSONValue(parsing: text), expander: Expander())
    #expect(try read == ordering(orderBy, collation: collation, from: from))
  }

  @Test(
    "a broken ordering is refused",
    arguments: [
      "[]", "{}", #"{"orderBy":[]}"#, #"{"orderBy":"a"}"#, #"{"orderBy":[1]}"#,
      #"{"orderBy":["a;x"]}"#,
      #"{"orderBy":["a"],"coordinates":"[1,2]"}"#,
      #"{"orderBy":["a"],"coordinates":[1,2],"geometry":1}"#,
      #"{"orderBy":["a"],"collation":1}"#, #"{"orderBy":["a;dist-asc"]}"#,
      #"{"orderBy":["a"],"x":1}"#,
      #"{"orderBy":["a"],"coordinates":[1]}"#,
    ])
  func refuseBody(text: String) {
    let error = #expect(throws: NGSILDError.self) {
      try Ordering(JSONValue(parsing: text), expander: Expander())
    }
    #expect(error?.kind == .badRequestData)
  }
}
