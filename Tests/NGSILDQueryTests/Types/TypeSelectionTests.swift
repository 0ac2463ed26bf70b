import JSONLD
import NGSILD
import NGSILDQuery
import Testing

@Suite("Type selection")
struct TypeSelectionTests {
  @Test(
    "a selection reads as alternatives of types",
    arguments: [
      ("*", TypeSelection.any), ("A", .anyOf([[iri("A")]])),
      ("A|B", .anyOf([[iri("A")], [iri("B")]])), ("A,B", .anyOf([[iri("A")], [iri("B")]])),
      ("(A;B)", .anyOf([[iri("A"), iri("B")]])), ("A;B", .anyOf([[iri("A"), iri("B")]])),
      ("(A)", .anyOf([[iri("A")]])),
      ("(A;B),C|D", .anyOf([[iri("A"), iri("B")], [iri("C")], [iri("D")]])),
      ("https://schema.org/v1.0/Car", .anyOf([[iri("https://schema.org/v1.0/Car")]])),
      ("<urn:a;b>", .anyOf([[iri("urn:a;b")]])), ("ex:Car", .anyOf([[iri("ex:Car")]])),
      ("Tür_2", .anyOf([[iri("Tür_2")]])),
    ])
  func parse(text: String, selection: TypeSelection) throws {
    #expect(try TypeSelection(parsing: text, expander: Expander()) == selection)
  }

  @Test(
    "what is no selection is refused",
    arguments: [
      "", "|", "A|", ",A", "A,,B", "(A", "A)", "()", "((A))", "(A|B", "A B", "9A", "*,A", "(*)",
      "A;", "(A;)", "A-B", "<A>", "<urn:a", "A.B", "_A", "A\u{0}",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) {
      try TypeSelection(parsing: text, expander: Expander())
    }
    #expect(error?.kind == .badRequestData)
  }

  @Test(
    "an Entity is selected by its types",
    arguments: [
      ("*", ["Z"], true), ("A", ["A"], true), ("A", ["B"], false), ("A|B", ["B"], true),
      ("(A;B)", ["A"], false), ("(A;B)", ["B", "C", "A"], true), ("(A;B)|C", ["C"], true),
      ("A;B|C", ["A"], false),
    ])
  func match(text: String, types: [String], selected: Bool) throws {
    let selection = try TypeSelection(parsing: text, expander: Expander())
    #expect(selection.matches(types: types.map(iri)) == selected)
    #expect(selection.matches(types: Set(types.map(iri))) == selected)
  }

  @Test("a selection can be named for another context")
  func naming() throws {
    let selection = try TypeSelection(parsing: "(A;B)|C", expander: Expander())
    #expect(selection.text { "ex:" + $0.text.suffix(1) } == "(ex:A;ex:B)|ex:C")
  }
}
