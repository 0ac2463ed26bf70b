import NGSILD
import Testing

@Suite("Language filter")
struct LanguageFilterTests {
  @Test(
    "languages are ranked by weight, then by order",
    arguments: [
      ("en", ["en"], []), ("fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5", ["fr-ch", "fr", "en", "*"], []),
      ("en;q=0.1,fr", ["fr", "en"], []), ("a;q=0.5,b;q=0.5,c;q=0.51", ["c", "a", "b"], []),
      ("*", ["*"], []), ("\"en, fr\"", ["en", "fr"], []), (" en ; q=1.000 ", ["en"], []),
      ("en;q=0,*", ["*"], ["en"]), ("de-Latn-DE-1996", ["de-latn-de-1996"], []),
    ] as [(String, [String], [String])])
  func parse(text: String, ranges: [String], unwanted: [String]) throws {
    let filter = try LanguageFilter(parsing: text)
    #expect(filter.ranges == ranges)
    #expect(filter.unwanted == unwanted)
    #expect(try LanguageFilter(parsing: filter.description) == filter)
  }

  @Test(
    "what is no filter is refused",
    arguments: [
      "", ",", "en,", ",en", "en,,fr", "en;", "en;q", "en;q=", "en;q=2", "en;q=1.001",
      "en;q=0.1234",
      "en;q=-1", "en;q=x", "en;q=0.5;q=0.4", "en fr", "e_n", "en-", "-en", "toolongtag", "1en",
      "**",
      "en-*", "é", "\"", "en;p=0.5",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try LanguageFilter(parsing: text) }
    #expect(error?.kind == .badRequestData)
  }

  @Test("more languages than the bound are too complex")
  func bound() {
    let error = #expect(throws: NGSILDError.self) {
      try LanguageFilter(parsing: String(repeating: "en,", count: 64) + "en")
    }
    #expect(error?.kind == .tooComplexQuery)
  }

  @Test(
    "the best language is chosen, and there always is one",
    arguments: [
      ("en", ["fr", "en"], "en"), ("EN-us", ["fr", "en-US"], "en-US"),
      ("nl-BE", ["en", "nl"], "nl"),
      ("en", ["fr", "en-US"], "en-US"), ("fr,en", ["en", "fr"], "fr"),
      ("fr;q=0.1,en", ["en", "fr"], "en"),
      ("de", ["fr", "@none"], "@none"), ("de", ["fr", "en"], "fr"), ("*", ["fr", "en"], "fr"),
      ("de,*", ["fr", "@none"], "fr"), ("fr-CH,en", ["en", "fr-FR"], "fr-FR"),
      ("fr;q=0,*", ["fr", "en"], "en"), ("fr;q=0", ["fr"], "fr"), ("en", [], nil),
      ("zh-Hant-TW", ["zh-Hans", "zh"], "zh"), ("en", ["eng", "@none"], "@none"),
    ] as [(String, [String], String?)])
  func choose(text: String, tags: [String], chosen: String?) throws {
    #expect(try LanguageFilter(parsing: text).choose(from: tags) == chosen)
  }
}
