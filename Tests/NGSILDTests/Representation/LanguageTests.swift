import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Reduction of LanguageProperties to one language (4.15)")
struct LanguageTests {
  private static let bell = #"{"languageMap":{"en":"Bell","fr":["Cloche","Sonnette"]}}"#

  @Test(
    "each format shows the text of the best language, and which one it is",
    arguments: [
      (.normalized, "en", #"{"type":"Property","value":"Bell","lang":"en"}"#),
      (.normalized, "FR-ch", #"{"type":"Property","value":["Cloche","Sonnette"],"lang":"fr"}"#),
      (.normalized, "de", #"{"type":"Property","value":"Bell","lang":"en"}"#),
      (.concise, "en", #"{"value":"Bell","lang":"en"}"#),
      (.simplified, "en", #""Bell""#), (.simplified, "fr", #"["Cloche","Sonnette"]"#),
    ] as [(Representation.Format, String, String)])
  func formats(format: Representation.Format, language: String, shown: String) throws {
    let text = try show(Self.bell, format, language)
    #expect(text == #"{"id":"urn:x:1","type":"T","a":\#(shown)}"#)
  }

  @Test("all instances and sub-Attributes are reduced, other Attributes are not")
  func everywhere() throws {
    let given = """
      [{"languageMap":{"@none":"x"},"s":{"languageMap":{"de":"y","en":"z"}},"t":1},
       {"languageMap":{"de":"v"},"datasetId":"urn:d:1"},{"value":1,"datasetId":"urn:d:2"}]
      """
    let shown = [
      #"{"type":"Property","value":"x","lang":"@none","#
        + #""s":{"type":"Property","value":"z","lang":"en"},"t":{"type":"Property","value":1}}"#,
      #"{"type":"Property","value":"v","lang":"de","datasetId":"urn:d:1"}"#,
      #"{"type":"Property","value":1,"datasetId":"urn:d:2"}"#,
    ]
    #expect(
      try show(given, .normalized, "en")
        == #"{"id":"urn:x:1","type":"T","a":[\#(shown.joined(separator: ","))]}"#)
    #expect(
      try show(given, .simplified, "en")
        == #"{"id":"urn:x:1","type":"T","a":{"dataset":{"@none":"x","urn:d:1":"v","urn:d:2":1}}}"#)
  }

  private func show(
    _ given: String, _ format: Representation.Format, _ language: String
  ) throws -> String {
    try Entity(#""a":\#(given)"#).shown(
      as: Representation(
        format: format, language: LanguageFilter(parsing: language), context: .core))
  }
}
