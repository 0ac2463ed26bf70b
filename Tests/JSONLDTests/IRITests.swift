import JSONLD
import Testing

@Suite("IRIs")
struct IRITests {
  @Test(
    "are compared byte by byte",
    arguments: [
      ("urn:x:1", "urn:x:2"), ("urn:x", "urn:x:1"), ("urn:\u{E9}", "urn:e\u{301}"),
      ("urn:a\u{323}\u{307}", "urn:a\u{307}\u{323}"), ("urn:K", "urn:\u{212A}"),
      ("urn:x:12345678", "urn:x:02345678"), ("", "u"),
    ])
  func difference(one: String, other: String) {
    #expect(IRI(one) == IRI(one))
    #expect(IRI(one) != IRI(other))
    #expect(Set([IRI(one), IRI(other), IRI(one)]).count == 2)
  }

  @Test("are ordered byte by byte, as in the database")
  func order() {
    let ascending = [
      "urn:B", "urn:a", "urn:e\u{301}", "urn:z", "urn:\u{E9}", "urn:\u{FFFD}", "urn:\u{10000}",
    ]
    #expect(ascending.reversed().map { IRI($0) }.sorted() == ascending.map { IRI($0) })
  }
}
