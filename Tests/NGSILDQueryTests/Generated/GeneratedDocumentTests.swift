import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import TestSupport
import Testing

/// What comes as parameters of a URL and as members of a body: both read as the same, or both are
/// refused.
@Suite("Generated parameters and documents")
struct GeneratedDocumentTests {
  private static let pieces = [
    "", "a", "1", "-", "0", "1e5", "1e999", "90.5", "-181", "[", "]", ",", ";", "==", ".", "null",
    "\"x\"", "{}", "é", " ", ":", "Z", "+01:00", "T", "2020-02-29", "near", "within", "Point",
    "Polygon", "before", "between", "observedAt", "type", "urn:x:1", "@none", "(", ")", "|", "*",
  ]

  /// The members of one query, by their names; some are mutated or missing.
  private typealias Members = [String: String]

  private func run<Tree: Equatable>(
    _ parser: GeneratedCases, make: (inout SeededGenerator) -> Members,
    parameters: (Members) throws(NGSILDError) -> Tree,
    document: (JSONValue) throws(NGSILDError) -> Tree
  ) {
    var generator = SeededGenerator(printingSeedOf: "\(parser)")
    var accepted = 0
    for _ in 0..<parser.count {
      var members = make(&generator)
      if generator.chance(60), let name = members.keys.sorted().randomElement(using: &generator) {
        members[name] =
          generator.chance(5) ? nil : generator.mutate(members[name] ?? "", with: Self.pieces)
      }
      let one = outcome { () throws(NGSILDError) in try parameters(members) }
      let other = outcome { () throws(NGSILDError) in try document(json(members)) }
      guard one == other, one != .broken else {
        Issue.record(
          "seed \(generator.seed): \(members) reads as \(one), in a document as \(other)")
        return
      }
      if case .tree = one { accepted += 1 }
    }
    #expect(accepted > parser.count / 4)
  }

  private enum Outcome<Tree: Equatable>: Equatable {
    case tree(Tree)
    case refused
    /// Refused without a reason or with the wrong one.
    case broken
  }

  private func outcome<Tree: Equatable>(_ parse: () throws(NGSILDError) -> Tree) -> Outcome<Tree> {
    do throws(NGSILDError) {
      return .tree(try parse())
    } catch {
      return [.badRequestData, .tooComplexQuery].contains(error.kind) && !error.detail.isEmpty
        ? .refused : .broken
    }
  }

  /// Whole numbers stand as numbers in `lastN`, anything else as strings.
  private func json(_ members: Members) -> JSONValue {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      writer.name(name)
      if name == "lastN", let number = Int(value), value.allSatisfy(\.isNumber) {
        writer.integer(number)
      } else {
        writer.string(value)
      }
    }
    writer.endObject()
    return try! JSONValue(parsing: writer.bytes)
  }

  @Test("geo-queries")
  func geoQueries() {
    run(
      .geoQueries, make: { $0.geoQuery() },
      parameters: { members throws(NGSILDError) in
        let query = try GeoQuery(
          georel: members["georel"], geometry: members["geometry"],
          coordinates: members["coordinates"], geoproperty: members["geoproperty"],
          expander: Expander())
        guard let query else { throw .badRequestData("no geo-query") }
        return query
      },
      document: { value throws(NGSILDError) in try GeoQuery(value, expander: Expander()) })
  }

  @Test("temporal queries")
  func temporalQueries() {
    run(
      .temporalQueries, make: { $0.temporalQuery() },
      parameters: { members throws(NGSILDError) in
        guard members["timerel"] != nil else { throw .badRequestData("no timerel") }
        return try TemporalQuery(
          timerel: members["timerel"], timeAt: members["timeAt"], endTimeAt: members["endTimeAt"],
          timeproperty: members["timeproperty"], lastN: members["lastN"])
      }, document: { value throws(NGSILDError) in try TemporalQuery(value) })
  }

  @Test("entity selectors")
  func entitySelectors() {
    run(
      .entitySelectors, make: { $0.entitySelector() },
      parameters: { members throws(NGSILDError) in
        guard members["type"] != nil else { throw .badRequestData("no type") }
        return try EntitySelector(
          type: members["type"], id: members["id"], idPattern: members["idPattern"],
          expander: Expander())
      },
      document: { value throws(NGSILDError) in
        // One URI is a list of one.
        guard value["id"]?.string?.contains(",") != true else {
          return try EntitySelector(
            type: value["type"]?.string, id: value["id"]?.string, idPattern: nil,
            expander: Expander())
        }
        return try EntitySelector(value, expander: Expander())
      })
  }

  @Test("lists of URIs and datasetIds")
  func lists() {
    var generator = SeededGenerator(printingSeedOf: "lists")
    for _ in 0..<GeneratedCases.lists.count {
      let uris = generator.list(1...4) { $0.pick(["urn:x:1", "https://e.org/a?b=c", "a:é", "x:"]) }
      var text = uris.joined(separator: ",")
      if generator.chance(70) { text = generator.mutate(text, with: Self.pieces) }
      let uriProblem = problem(text) { try parseURIs(text, as: "id").map(\.text) }
      let datasetProblem = problem(text) {
        let selection = try DatasetSelection(parsing: text)
        #expect(try DatasetSelection(parsing: selection.description) == selection)
        return text.split(separator: ",").map(String.init)
      }
      guard uriProblem == nil, datasetProblem == nil else {
        Issue.record("seed \(generator.seed): \(uriProblem ?? "") \(datasetProblem ?? "")")
        return
      }
    }
  }

  /// What is accepted is all of the text; a refusal names it.
  private func problem(_ text: String, _ parse: () throws -> [String]) -> String? {
    do {
      let items = try parse().joined(separator: ",")
      return items == text ? nil : "'\(text)' reads as '\(items)'"
    } catch let error as NGSILDError {
      return error.kind == .badRequestData && error.detail.contains("'")
        ? nil : "'\(text)' fails with \(error)"
    } catch {
      return "'\(text)' fails with \(error)"
    }
  }
}

extension SeededGenerator {
  fileprivate mutating func geoQuery() -> [String: String] {
    let (geometry, coordinates) = pick([
      ("Point", "[-3.7,40.4]"), ("Point", "[1,2,3]"), ("LineString", "[[0,0],[1,1]]"),
      ("MultiPoint", "[[0,0],[1,1]]"), ("Polygon", "[[[0,0],[1,0],[1,1],[0,0]]]"),
    ])
    var members = [
      "georel": pick(["near;maxDistance==2000", "near;minDistance==0.5", "within", "disjoint"]),
      "geometry": geometry, "coordinates": coordinates,
    ]
    if chance(30) {
      members["geoproperty"] = pick(["location", "observationSpace", "https://e/x"])
    }
    return members
  }

  fileprivate mutating func temporalQuery() -> [String: String] {
    var members = ["timerel": pick(["before", "after", "between"])]
    members["timeAt"] = pick(["2020-01-01T00:00:00Z", "2026-12-31T23:59:59.999999Z"])
    if members["timerel"] == "between" { members["endTimeAt"] = "2027-01-01T00:00:00Z" }
    if chance(30) { members["timeproperty"] = pick(["observedAt", "createdAt", "deletedAt"]) }
    if chance(30) { members["lastN"] = pick(["1", "5", "1000"]) }
    return members
  }

  fileprivate mutating func entitySelector() -> [String: String] {
    var members = ["type": typeSelection().description]
    if chance(40) {
      members["id"] = pick(["urn:x:1", "https://e.org/1"])
    } else if chance(50) {
      members["idPattern"] = pattern().text
    }
    return members
  }
}
