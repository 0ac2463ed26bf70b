import NGSILD
import NGSILDQuery
import Testing

@Suite("Pattern")
struct PatternTests {
  @Test(
    "a pattern is found anywhere, case-sensitively, over characters",
    arguments: [
      ("b", "abc", true), ("^b", "abc", false), ("C", "abc", false), ("^a.c$", "a\nc", true),
      ("c$", "abc\n", false), ("^.$", "é", true), ("[[:digit:]]+", "a1", true), ("", "", true),
      ("^(a|b){2,3}$", "aba", true), ("urn:.*:\\d+$", "urn:x:12", true), ("é", "É", false),
    ])
  func match(text: String, subject: String, found: Bool) throws {
    #expect(try Pattern(text).matches(subject) == found)
  }

  @Test(
    "what is no pattern is refused by its text",
    arguments: [
      "(", "a)", "[a", "a{2,1}", "*a", "(?<n", "\\", "(*UTF)a", "a\u{0}", "[[:foo:]]", "\\C",
    ])
  func refuse(text: String) {
    let error = #expect(throws: NGSILDError.self) { try Pattern(text) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains("The pattern '\(text)'") == true)
  }

  @Test("a long or deep pattern is too complex or refused")
  func bounds() {
    let long = #expect(throws: NGSILDError.self) {
      try Pattern(String(repeating: "a", count: Pattern.bytesMax + 1))
    }
    #expect(long?.kind == .tooComplexQuery)
    let deep = #expect(throws: NGSILDError.self) {
      try Pattern(String(repeating: "(", count: 400) + String(repeating: ")", count: 400))
    }
    #expect(deep?.kind == .badRequestData)
  }

  @Test(
    "a hostile pattern gives up soon",
    arguments: [
      "^(a+)+$", "^(a|aa)+$", "(a*)*b", "^(a?){30}a{30}b", "(?=(a+))\\1+b", "((a*)*)*c",
      "(.*)*(.*)*x",
    ])
  func hostile(text: String) throws {
    let subject = String(repeating: "a", count: 5000) + "!"
    let pattern = try Pattern(text)
    let clock = ContinuousClock()
    let time = clock.measure { #expect(!pattern.matches(subject)) }
    #expect(time < .seconds(2))
  }

  @Test("many tasks share one pattern")
  func sharing() async throws {
    let pattern = try Pattern("^[a-z]+[0-9]{2}$")
    let found = await withTaskGroup { group in
      for index in 10..<90 { group.addTask { pattern.matches("room\(index)") } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(found == 80)
  }
}
