import DistributedOperations
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Testing

@Suite("A read asks no source for more than it has registered (4.3.6.1)")
struct ReadPlanTests {
  @Test(
    "a query is narrowed",
    arguments: [
      ReadCase("registered types where none are asked for", "", ["Vehicle"], "?type=Vehicle"),
      ReadCase(
        "the types in common", "type=Vehicle,Building", ["Vehicle"], "?type=Vehicle"),
      ReadCase("no types in common", "type=Building", ["Vehicle"], nil),
      ReadCase(
        "the registered id", "type=Vehicle", ["Vehicle urn:v:1"],
        "?type=Vehicle&id=urn:v:1"),
      ReadCase(
        "registered ids together", "type=Vehicle",
        ["Vehicle urn:v:1", "Vehicle urn:v:2"],
        "?type=Vehicle&id=urn:v:1,urn:v:2"),
      ReadCase("another id", "id=urn:v:2", ["Vehicle urn:v:1"], nil),
      ReadCase(
        "ids that match the registered pattern", "id=urn:v:1,urn:w:1",
        ["Vehicle ~^urn:v:"], "?type=Vehicle&id=urn:v:1"),
      ReadCase(
        "the registered pattern", "type=Vehicle", ["Vehicle ~^urn:v:"],
        "?type=Vehicle&idPattern=%5Eurn:v:"),
      ReadCase(
        "the Attributes in common", "type=Vehicle&attrs=speed,name", ["Vehicle"],
        attributes: ["speed", "other"], "?type=Vehicle&attrs=speed"),
      ReadCase(
        "registered Attributes where all are asked for", "type=Vehicle", ["Vehicle"],
        attributes: ["speed"], "?type=Vehicle&attrs=speed"),
      ReadCase(
        "no Attributes in common", "type=Vehicle&attrs=name", ["Vehicle"],
        attributes: ["speed"], nil),
      ReadCase(
        "picked Attributes", "type=Vehicle&pick=speed", ["Vehicle"],
        "?type=Vehicle&attrs=speed"),
      ReadCase(
        "also Entities without picked Attributes, if they are shown", "type=Vehicle&pick=id,speed",
        ["Vehicle"], "?type=Vehicle"),
      ReadCase(
        "a pattern beside ids", "type=Vehicle&id=urn:v:1,urn:v:2&idPattern=1$", ["Vehicle"],
        "?type=Vehicle&id=urn:v:1"),
      ReadCase(
        "a pattern that no id matches", "type=Vehicle&id=urn:v:1&idPattern=2$", ["Vehicle"], nil),
      ReadCase(
        "of two patterns that of the request", "type=Vehicle&idPattern=2$", ["Vehicle ~^urn:v:"],
        "?type=Vehicle&idPattern=2$"),
      ReadCase(
        "conditions go along", "type=Vehicle&q=speed>20&scopeQ=/A", ["Vehicle"],
        "?type=Vehicle&q=speed%3E20.0&scopeQ=/A"),
    ])
  func narrowing(_ example: ReadCase) throws {
    #expect(try example.forwarded(splits: false) == example.expected)
  }

  @Test("conditions on split Entities stay here, and ask for what they look at")
  func split() throws {
    let example = ReadCase(
      "", "type=Vehicle&attrs=speed&q=mass>20&scopeQ=/A", ["Vehicle"],
      "?type=Vehicle&attrs=mass,speed")
    #expect(try example.forwarded(splits: true) == example.expected)
  }

  @Test(
    "an Entity is retrieved by the best operation that its source knows",
    arguments: [
      (["retrieveEntity", "queryEntity"], "GET /entities/urn:v:1?options=sysAttrs"),
      (["queryEntity", "queryBatch"], "GET /entities?type=Vehicle&id=urn:v:1"),
      (["queryBatch"], "POST /entityOperations/query?options=sysAttrs&limit=9"),
      (["createEntity"], nil),
    ])
  func retrieval(operations: [String], expected: String?) throws {
    let names = operations.map { #""\#($0)""# }.joined(separator: ",")
    let registration = try registration("r", #", "operations": [\#(names)]"#)
    let plan = ReadPlan(retrieving: "urn:v:1", QueryRequest(), from: [registration])
    let request = plan.reads.first?.request(at: address(of: registration), .init(limit: 9))
    let line = request.map { "\($0.method) \($0.url.dropFirst(base.count))" }
    #expect(line.map { String($0.prefix(expected?.count ?? 0)) } == expected)
  }

  @Test("what a source has claimed is not read here")
  func claims() throws {
    let registration = try registration(
      mode: "exclusive", entities: [#""type": "Vehicle", "id": "urn:v:1""#],
      attributes: ["speed"])
    let plan = ReadPlan(retrieving: "urn:v:1", QueryRequest(), from: [registration])
    let own = try #require(plan.own(vehicle("urn:v:1", ["speed", "name"]).whole))
    #expect(own.attributes.map(\.name) == [Context.core.expand("name")])
    let other = try #require(plan.own(vehicle("urn:v:2", ["speed", "name"]).whole))
    #expect(other.attributes.count == 2)
  }

  @Test("an answer is cut down to what was asked for")
  func answers() throws {
    let registration = try registration(attributes: ["speed"])
    let plan = ReadPlan(retrieving: "urn:v:1", QueryRequest(), from: [registration])
    let read = try #require(plan.reads.first)
    #expect(try vehicle("urn:v:2", ["speed"]).part(askedBy: read) == nil)
    let part = try #require(vehicle("urn:v:1", ["speed", "secret"]).part(askedBy: read))
    #expect(try part.whole.attributes.count == 1)
  }

  @Test(
    "beside auxiliary sources, all datasets are asked for",
    arguments: [("inclusive", true), ("auxiliary", false)])
  func datasets(mode: String, areForwarded: Bool) throws {
    let registrations = try [
      registration("1"), registration("2", mode: mode),
    ]
    let request = try QueryRequest(
      parameters: { ["type": "Vehicle", "datasetId": "urn:d:1"][$0] }, expander: Context.core)
    let plan = ReadPlan(querying: request, splits: false, from: registrations)
    #expect(plan.reads.map { $0.filters.datasets != nil } == [areForwarded, areForwarded])
  }

  @Test("sources come in the order of the bytes of their registrations' ids")
  func order() throws {
    let registrations = try ["f", "e\u{301}", "\u{e9}"].map { try registration($0) }
    let plan = ReadPlan(
      retrieving: "urn:v:1", QueryRequest(), from: registrations + registrations.reversed())
    let sources = plan.reads.map { IRI($0.source) }
    #expect(Set(sources).count == 3)
    #expect(sources == sources.sorted())
  }

  @Test("an id has to match the registered pattern also where another one was asked for")
  func twoPatterns() throws {
    let registration = try registration(entities: [#""type": "Vehicle", "idPattern": "^urn:v:""#])
    let request = try QueryRequest(
      parameters: { ["type": "Vehicle", "idPattern": "1$"][$0] }, expander: Context.core)
    let plan = ReadPlan(querying: request, splits: false, from: [registration])
    let read = try #require(plan.reads.first)
    #expect(try vehicle("urn:v:1", []).part(askedBy: read) != nil)
    #expect(try vehicle("urn:w:1", []).part(askedBy: read) == nil)
    #expect(try vehicle("urn:w:1", []).isAsked(by: read))
    #expect(try !vehicle("urn:v:2", []).isAsked(by: read))
  }
}

private let base = "http://source.example/ngsi-ld/v1"

func address(of registration: Registration) -> SourceAddress {
  let origin = RequestOrigin(
    tenantName: "", alias: "me", via: Via(), context: .core, header: { _ in [] })
  return SourceAddress(registration, origin, context: .core)
}

private func vehicle(_ id: String, _ attributes: [String]) throws -> AnsweredEntity {
  let members = attributes.map { #","\#($0)":1"# }.joined()
  return try answeredEntity(#"{"id":"\#(id)","type":"Vehicle"\#(members)}"#)
}

struct ReadCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  private let query: String
  private let entities: [String]
  private let attributes: [String]
  /// The query string of the request, without what all have; nil for none.
  let expected: String?

  init(
    _ title: String, _ query: String, _ entities: [String], attributes: [String] = [],
    _ expected: String?
  ) {
    testDescription = title
    self.query = query
    self.entities = entities
    self.attributes = attributes
    self.expected = expected
  }

  /// Written as a type and an id, or a pattern after a tilde.
  private var infos: [String] {
    entities.map { text in
      let words = text.split(separator: " ")
      let type = #""type": "\#(words[0])""#
      guard words.count > 1 else { return type }
      return words[1].hasPrefix("~")
        ? #"\#(type), "idPattern": "\#(words[1].dropFirst())""# : #"\#(type), "id": "\#(words[1])""#
    }
  }

  func forwarded(splits: Bool) throws -> String? {
    let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
    let parameters = Dictionary(
      uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
    let request = try QueryRequest(parameters: { parameters[$0] }, expander: Context.core)
    let registration = try registration(entities: infos, attributes: attributes)
    let plan = ReadPlan(querying: request, splits: splits, from: [registration])
    #expect(plan.reads.count < 2)
    let url = plan.reads.first?.request(at: address(of: registration), .init(limit: 9)).url
    return url.map { String($0.dropFirst("\(base)/entities".count)) }?
      .replacing("&options=sysAttrs&limit=9", with: "")
  }
}
