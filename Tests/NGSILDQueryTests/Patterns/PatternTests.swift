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

  @Test(
    "what is more than POSIX, or read otherwise elsewhere, is refused",
    arguments: [
      "(?=a)", "(?!a)", "(?<=a)b", "(?i)a", "(?R)", "(?>a)", "(*FAIL)", "(a)\\1", "\\bA", "\\x41",
      "\\Qa", "a++", "a*+", "a??+", "a{2}{3}", "a**", "^*", "a{256}", "a{x}", "a{,3}", "a{1", "a{}",
      "a{1,2,3}", "a|*", "(+)", "\\u0041", "\\pL",
    ])
  func unsupported(text: String) {
    let error = #expect(throws: NGSILDError.self) { try Pattern(text) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains("POSIX") == true)
  }

  @Test(
    "what is POSIX, or little more, is accepted",
    arguments: [
      "a{2}", "a{2,}", "a{0,255}", "a*?b+?c??d{1}?", "(?:a|b)*", "\\.\\*\\{\\\\", "[*+?{(]", "[]*]",
      "[^]*]",
      "[[:alpha:]*]+", "[\\]*]", "()", "a|", "a}", "a]", "\\d\\w\\s\\D\\W\\S\\n", "^$", "é*",
    ])
  func supported(text: String) throws { #expect(try Pattern(text).text == text) }

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
    "repetitions of repetitions have a bound, and the pattern is named",
    arguments: [
      "((a{1,255}){1,255}){1,255}", "(a{0,255}){9}", "((((a{0,20}){0,20}){0,20}){0,20})b",
      "(?:(x|y|\\d){1,100}[a-z]){50}", "((a?){255}){255}", "(a{255}){2}(b{255}){2}(c{255}){5}",
      "((((((((a{9}){9}){9}){9}){9}){9}){9}){9}", "(a{99}b{99}){11}",
    ])
  func size(text: String) {
    let error = #expect(throws: NGSILDError.self) { try Pattern(text) }
    #expect(error?.kind == .tooComplexQuery)
    #expect(error?.detail.contains("'\(text)'") == true)
  }

  @Test(
    "repetitions within the bound are accepted",
    arguments: [
      "(a{255}){8}", "(ab|c{10}){100}", "[a-z]{255}\\d{255}", "((a{2}){2}){2}", "(a*)*b+",
    ])
  func smallRepetitions(text: String) throws { #expect(try Pattern(text).text == text) }

  @Test(
    "a hostile pattern gives up soon",
    arguments: [
      "^(a+)+$", "^(a|aa)+$", "(a*)*[xy]", "^(a?){30}a{30}b", "a+[xy]", "(?:a?){12}a+[xy]",
      "(?:a?){9}a*a*[xy]", "((a*)*)*[xy]",
      "(.*)*(.*)*[xy]", "(a?){14}[xy]", "(?:a{0,9}){4}[xy]", "(a|a){10}[xy]",
    ], [100, 5000, Pattern.subjectBytesMax - 1, 1 << 20])
  func hostile(text: String, count: Int) throws {
    let subject = String(repeating: "a", count: count) + "!"
    let pattern = try Pattern(text)
    let time = ContinuousClock().measure { #expect(!pattern.matches(subject)) }
    #expect(time < .seconds(3))
  }

  @Test(
    "honest patterns are found in long texts",
    arguments: [
      "^start.*end$", "middle.*end$", "start.*middle", ".*end", "iddl[a-z]e*",
    ])
  func long(text: String) throws {
    let filler = String(repeating: "ab", count: 20_000)
    #expect(try Pattern(text).search("start\(filler)middle\(filler)end") == .found)
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
