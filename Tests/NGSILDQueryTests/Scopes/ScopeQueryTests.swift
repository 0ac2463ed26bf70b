import JSON
import NGSILD
import NGSILDQuery
import Testing

@Suite("Scope query")
struct ScopeQueryTests {
  @Test(
    "a scope query has one canonical text",
    arguments: [
      ("/A/B", "/A/B"), ("A/B", "/A/B"), ("/A/+/C", "/A/+/C"), ("/A/ /C", "/A/+/C"),
      ("/A/#", "/A/#"), ("/#", "/#"), ("/A,/B", "/A|/B"), ("(/A;/B)", "(/A;/B)"),
      ("/A;/B", "(/A;/B)"), ("(/A;/B/#)|/C", "(/A;/B/#)|/C"), ("/+", "/+"), ("/+/#", "/+/#"),
      ("/Ä_1/日本", "/Ä_1/日本"), ("(/A)", "/A"),
    ])
  func parse(text: String, canonical: String) throws {
    let query = try ScopeQuery(parsing: text)
    #expect(query.description == canonical)
    #expect(try ScopeQuery(parsing: canonical) == query)
  }

  @Test(
    "what is no scope query is refused",
    arguments: [
      "", "/", "//A", "/A/", "/A//B", "#", "/#/A", "/A#", "/1A", "/A-B", "/A/++", "(/A", "/A)",
      "((/A))", "/A|", "|/A", "/A;;/B", "()", "/A B", "/A/ /",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try ScopeQuery(parsing: text) }
    #expect(error?.kind == .badRequestData)
  }

  @Test(
    "an Entity is selected by its scopes",
    arguments: [
      ("/Madrid", #""/Madrid""#, true), ("/Madrid", #""Madrid""#, true),
      ("/Madrid", #"["/Madrid/Gardens"]"#, false), ("/Madrid/#", #"["/Madrid/Gardens"]"#, true),
      ("/Madrid/#", #"["/Madrid"]"#, true), ("/Madrid/#", #"["/Madri"]"#, false),
      ("/Madrid/+", #"["/Madrid"]"#, false), ("/Madrid/+", #"["/Madrid/A"]"#, true),
      ("/Madrid/+", #"["/Madrid/A/B"]"#, false), ("/+/A", #"["/X/A"]"#, true),
      ("/#", #"["/X"]"#, true), ("/#", "[]", false), ("/#", #""""#, false),
      ("(/A;/B)", #"["/B","/A"]"#, true), ("(/A;/B)", #"["/A"]"#, false),
      ("/A|/B", #"["/B"]"#, true), ("/a", #"["/A"]"#, false),
    ])
  func match(text: String, scope: String, selected: Bool) throws {
    let entity = try JSONValue(parsing: #"{"id":"urn:a","scope":\#(scope)}"#)
    #expect(try ScopeQuery(parsing: text).matches(entity) == selected)
  }

  @Test("an Entity without scope is never selected")
  func noScope() throws {
    #expect(try !ScopeQuery(parsing: "/#").matches(JSONValue(parsing: #"{"id":"urn:a"}"#)))
  }
}
