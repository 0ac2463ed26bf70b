import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import TestSupport
import Testing

/// Each parser, on texts that a seeded generator makes.
///
/// A tree survives being written and read. A text with mutations is refused, as bad or as too
/// complex, or reads as a tree that survives.
@Suite("Generated texts")
struct GeneratedTests {
  /// How many bytes one byte of a text may become: a letter a name in a vocabulary.
  private static let growthMax = 64

  @Test("there are 100,000 cases and more in a normal run")
  func total() { #expect(GeneratedCases.total >= 100_000) }

  /// Pieces with which mutations replace others.
  private static let pieces =
    [
      "a", "T", "1", "-", "_", "é", "\u{301}", "😀", "\u{0}", " ", "%", "+", "#", "/", ":", "@none",
      "*",
    ]
    + [
      "\"", "\\", "'", ";", "|", ",", "(", ")", "{", "}", "[", "]", "<", ">", "=", "!", "~", ".",
      "..",
    ]
    + [
      "==", "!=", "!~=", ">=", "://", "true", "1e5", "2020-02-29", "T00:00:00Z", "q=", "type",
      "\\u",
    ]

  private func survive<Tree: Equatable & CustomStringConvertible>(
    _ parser: GeneratedCases, make: (inout SeededGenerator) -> Tree,
    text: (Tree) -> String = { $0.description }, parse: (String) throws -> Tree
  ) {
    var generator = SeededGenerator(printingSeedOf: "\(parser)")
    for _ in 0..<parser.count / 2 {
      let tree = make(&generator)
      let text = text(tree)
      let parsed = try? parse(text)
      guard parsed == tree else {
        Issue.record(
          "seed \(generator.seed): '\(text)' reads as '\(parsed.map(\.description) ?? "")'")
        return
      }
      let mutation = generator.mutate(text, with: Self.pieces)
      if let problem = problem(of: mutation, parse: parse) {
        Issue.record("seed \(generator.seed): '\(mutation)' \(problem)")
        return
      }
    }
  }

  private func problem<Tree: Equatable & CustomStringConvertible>(
    of text: String, parse: (String) throws -> Tree
  ) -> String? {
    do {
      let tree = try parse(text)
      let again = try parse(tree.description)
      guard again == tree else { return "reads as '\(tree)', then as '\(again)'" }
      let size = tree.description.utf8.count
      return size <= Self.growthMax * (text.utf8.count + 1) ? nil : "grows to \(size) bytes"
    } catch let error as NGSILDError {
      return [.badRequestData, .tooComplexQuery].contains(error.kind) && !error.detail.isEmpty
        ? nil : "fails with \(error)"
    } catch {
      return "fails with \(error)"
    }
  }

  @Test("type selections")
  func types() {
    survive(
      .typeSelections, make: { $0.typeSelection() },
      parse: {
        try TypeSelection(parsing: $0, expander: Expander())
      })
  }

  @Test("scope queries")
  func scopes() {
    survive(.scopeQueries, make: { $0.scopeQuery() }, parse: { try ScopeQuery(parsing: $0) })
  }

  @Test("q")
  func queries() throws {
    let entity = try JSONValue(
      parsing: """
        {"id":"urn:a","type":["https://example.org/T"],"createdAt":"2020-01-01T00:00:00Z",
        "https://example.org/a":[{"type":"Property","value":{"a":[1,"é",true,{"a":null}]},
        "https://example.org/b2":[{"type":"Relationship","object":["urn:a","urn:b"]}]}],
        "https://example.org/speed":[{"type":"LanguageProperty","languageMap":{"a":["x"]}}],
        "ex:a":[{"type":"Relationship","object":"urn:a"}]}
        """)
    let now = DateTime(microseconds: 0)
    survive(
      .queries, make: { $0.query() },
      parse: { text in
        let query = try Query(parsing: text, expander: Expander())
        _ = query.matches(entity, at: now) { _ in entity }
        return query
      })
  }

  @Test("q, named for another context")
  func compactedQueries() {
    let prefix = "https://example.org/"
    survive(
      .compactedQueries, make: { $0.query() },
      text: { query in
        query.text { name in
          name.text.hasPrefix(prefix) ? String(name.text.dropFirst(prefix.count)) : "<\(name)>"
        }
      },
      parse: { try Query(parsing: $0, expander: Expander(), isPercentEncoded: false) })
  }

  @Test("projections")
  func projections() {
    survive(
      .projections, make: { $0.projectionTerms() },
      parse: {
        try ProjectionTerms(parsing: $0, as: "pick", expander: Expander())
      })
  }

  private struct OrderBy: Equatable, CustomStringConvertible {
    let terms: [Ordering.Term]
    var description: String { terms.map(\.description).joined(separator: ",") }
  }

  @Test("orderings")
  func orderings() {
    survive(
      .orderings, make: { OrderBy(terms: $0.orderTerms()) },
      parse: {
        OrderBy(terms: try Ordering.terms(parsing: $0, expander: Expander()))
      })
  }

  @Test("language filters")
  func languages() {
    survive(
      .languageFilters,
      make: { generator in
        let text = generator.list(1...4) {
          $0.pick(["en", "fr-CH", "*", "de;q=0.5", "nl;q=0", "zh-Hant-TW;q=0.123"])
        }.joined(separator: ",")
        return try! LanguageFilter(parsing: text)
      },
      parse: { text in
        let filter = try LanguageFilter(parsing: text)
        #expect(filter.choose(from: ["de", "@none", "fr"]) != nil)
        return filter
      })
  }

  @Test("geo-relations")
  func relations() {
    survive(
      .geoRelations,
      make: {
        $0.pick(
          [
            .near(
              GeoNear(
                distance: .random(in: 0.001...1e7, using: &$0), bound: $0.pick([.within, .beyond]))),
            .within, .contains, .intersects, .equals, .disjoint, .overlaps,
          ] as [GeoRelation])
      }, parse: { try GeoRelation(parsing: $0) })
  }

  @Test("geometries")
  func geometries() {
    let texts = [
      #"{"type":"Point","coordinates":[-3.7,40.4,0]}"#,
      #"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#,
      #"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}"#,
    ]
    survive(
      .geometries, make: { try! Geometry(JSONValue(parsing: $0.pick(texts))) },
      parse: { text in
        guard let value = try? JSONValue(parsing: text) else {
          throw NGSILDError.badRequestData("no JSON")
        }
        return try Geometry(value)
      })
  }

  @Test("DateTimes")
  func dateTimes() {
    survive(
      .dateTimes, make: { $0.dateTime() }, parse: { try DateTime(parsing: $0, of: "observedAt") })
  }

  @Test("patterns")
  func patterns() {
    survive(
      .patterns, make: { $0.pattern() },
      parse: { text in
        let pattern = try Pattern(text)
        _ = pattern.matches("aab;x\"1é\\zz")
        return pattern
      })
  }

  @Test("texts of noise")
  func noise() {
    var generator = SeededGenerator(printingSeedOf: "noise")
    for _ in 0..<GeneratedCases.noise.count {
      let text = generator.list(0...12) { $0.pick(Self.pieces) }.joined()
      let problems = [
        problem(of: text) { try Query(parsing: $0, expander: Expander(), isPercentEncoded: true) },
        problem(of: text) { try TypeSelection(parsing: $0, expander: Expander()) },
        problem(of: text) { try ScopeQuery(parsing: $0) },
        problem(of: text) { try ProjectionTerms(parsing: $0, as: "omit", expander: Expander()) },
        problem(of: text) { try DatasetSelection(parsing: $0) },
      ].compactMap(\.self)
      guard problems.isEmpty else {
        Issue.record("seed \(generator.seed): '\(text)' \(problems)")
        return
      }
    }
  }
}
