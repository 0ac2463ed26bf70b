import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Testing

private func selector(_ text: String) throws -> EntitySelector {
  try EntitySelector(JSONValue(parsing: text), expander: Expander())
}

@Suite("Entity selector")
struct EntitySelectorTests {
  @Test("a URL's parameters make a selector")
  func parameters() throws {
    #expect(
      try EntitySelector(type: "A|B", id: "urn:a,urn:b", idPattern: "^urn", expander: Expander())
        == EntitySelector(
          types: .anyOf([[iri("A")], [iri("B")]]), ids: [IRI("urn:a"), IRI("urn:b")],
          idPattern: Pattern("^urn")))
    #expect(
      try EntitySelector(type: nil, id: nil, idPattern: nil, expander: Expander())
        == EntitySelector())
  }

  @Test(
    "wrong parameters are refused",
    arguments: [
      ("", nil, nil), ("A|", nil, nil), (nil, "", nil), (nil, "a", nil), (nil, "urn:a,", nil),
      (nil, "urn:a,b", nil), (nil, "urn:a b", nil), (nil, ":a", nil), (nil, "urn:", nil),
      (nil, "1rn:a", nil), (nil, nil, "("), (nil, "urn:<a>", nil),
    ] as [(String?, String?, String?)])
  func refuseParameters(type: String?, id: String?, idPattern: String?) {
    let error = #expect(throws: NGSILDError.self) {
      try EntitySelector(type: type, id: id, idPattern: idPattern, expander: Expander())
    }
    #expect(error?.kind == .badRequestData)
  }

  @Test("in a body, id takes precedence over idPattern")
  func body() throws {
    #expect(
      try selector(#"{"type":"A","id":"urn:a","idPattern":"x"}"#)
        == EntitySelector(types: .anyOf([[iri("A")]]), ids: [IRI("urn:a")]))
    #expect(
      try selector(#"{"type":"*","idPattern":"x"}"#)
        == EntitySelector(types: .any, idPattern: Pattern("x")))
    #expect(
      try selector(#"{"type":"A","id":["urn:a","urn:b"]}"#).ids == [IRI("urn:a"), IRI("urn:b")])
    let list = try EntitySelector.list(
      JSONValue(parsing: #"[{"type":"A"},{"type":"B"}]"#), expander: Expander())
    #expect(list.count == 2)
  }

  @Test(
    "a broken element of entities is refused",
    arguments: [
      "[]", "1", "{}", #"{"id":"urn:a"}"#, #"{"type":1}"#, #"{"type":["A"]}"#, #"{"type":"A|"}"#,
      #"{"type":"A","id":"a"}"#, #"{"type":"A","id":[]}"#, #"{"type":"A","id":[1]}"#,
      #"{"type":"A","id":["urn:a","b"]}"#, #"{"type":"A","id":{}}"#, #"{"type":"A","idPattern":1}"#,
      #"{"type":"A","idPattern":"["}"#, #"{"type":"A","id":"urn:a","idPattern":"["}"#,
      #"{"type":"A","ID":"urn:a"}"#,
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try selector(text) }
    #expect(error?.kind == .badRequestData)
  }

  @Test("entities is a list of one or more", arguments: ["[]", "{}", "null", "[1]"])
  func refuseList(text: String) {
    #expect(throws: NGSILDError.self) {
      try EntitySelector.list(JSONValue(parsing: text), expander: Expander())
    }
  }

  @Test(
    "an Entity is selected by type, id and pattern together",
    arguments: [
      ("A", nil, nil, true), ("B", nil, nil, false), (nil, "urn:a:1", nil, true),
      (nil, "urn:a:2", nil, false), ("A", "urn:a:2,urn:a:1", nil, true), (nil, nil, "a:1$", true),
      (nil, nil, "^a", false), ("A", "urn:a:1", "2", false), (nil, nil, nil, true),
      ("*", nil, nil, true),
    ] as [(String?, String?, String?, Bool)])
  func match(type: String?, id: String?, idPattern: String?, selected: Bool) throws {
    let selector = try EntitySelector(
      type: type, id: id, idPattern: idPattern, expander: Expander())
    let entity = try JSONValue(parsing: #"{"id":"urn:a:1","type":["https://example.org/A"]}"#)
    #expect(selector.matches(entity) == selected)
    #expect(selector.matches(id: IRI("urn:a:1"), types: [iri("A")]) == selected)
  }
}

@Suite("Lists of URIs and names")
struct ListTests {
  @Test(
    "datasetId selects instances, @none the default one",
    arguments: [
      ("urn:d:1", [false, true, false]), ("@none", [true, false, false]),
      ("@none,urn:d:2,urn:d:1", [true, true, true]),
    ])
  func datasets(text: String, kept: [Bool]) throws {
    let selection = try DatasetSelection(parsing: text)
    #expect([nil, "urn:d:1", "urn:d:2"].map(selection.keeps) == kept)
    #expect(try DatasetSelection(parsing: selection.description) == selection)
  }

  @Test(
    "what is no datasetId is refused", arguments: ["", "d", "urn:a,", "@None", "urn:a b", "@none,"])
  func refuseDatasets(text: String) {
    #expect(throws: NGSILDError.self) { try DatasetSelection(parsing: text) }
  }

  @Test("in a body, datasetId is an array")
  func datasetArray() throws {
    #expect(
      try DatasetSelection(JSONValue(parsing: #"["@none","urn:a,b"]"#))
        == DatasetSelection(ids: [IRI("urn:a,b")], includesDefault: true))
    for text in ["[]", "{}", #""urn:a""#, "[1]", #"["a"]"#] {
      #expect(throws: NGSILDError.self) { try DatasetSelection(JSONValue(parsing: text)) }
    }
  }

  @Test("names are expanded")
  func names() throws {
    func names(_ text: String) throws -> Set<IRI> {
      try Query.attributeNames(parsing: text, as: "expandValues", expander: Expander())
    }
    #expect(try names("a,urn:x:b") == [iri("a"), iri("urn:x:b")])
    for text in ["", "a,", ",a", "a b", "9", "a;b"] {
      #expect(throws: NGSILDError.self) { try names(text) }
    }
  }
}
