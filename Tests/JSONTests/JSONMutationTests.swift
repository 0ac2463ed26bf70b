import JSON
import TestSupport
import Testing

@Suite("Generated JSON")
struct JSONMutationTests {
  private static let pieces = [
    "null", "tru", "{}", "[]", "\"\"", "0", "-0.5e-7", "1e999", "01", "\"\\u00e9\"", "\"\\ud83d\"",
    "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"a\":1", "\"a\"", "\"é\"", "[[[[", "\\", "\"", "\u{1}",
    " ", "\u{FEFF}",
  ].map { Array($0.utf8) }

  @Test("a text comes back with its values, however often it is written")
  func roundTrips() throws {
    var generator = SeededGenerator(printingSeedOf: "JSON")
    for _ in 0..<GeneratedCases.json.count / 2 {
      let text = generator.json()
      let value = try #require(try? JSONValue(parsing: text), "seed \(generator.seed): \(text)")
      guard let problem = problem(of: value) else { continue }
      Issue.record("seed \(generator.seed): \(text) \(problem)")
      return
    }
  }

  @Test("a mutated text is refused at a place within it, or comes back")
  func mutations() {
    var generator = SeededGenerator(printingSeedOf: "mutated JSON")
    for _ in 0..<GeneratedCases.json.count / 2 {
      let bytes = generator.mutateJSON(Array(generator.json().utf8), with: Self.pieces)
      guard let problem = problem(of: bytes) else { continue }
      Issue.record("seed \(generator.seed): \(String(decoding: bytes, as: UTF8.self)) \(problem)")
      return
    }
  }

  private func problem(of bytes: [UInt8]) -> String? {
    do throws(JSONError) {
      return problem(of: try JSONValue(parsing: bytes))
    } catch {
      return 0...bytes.count ~= error.offset && !error.description.isEmpty
        ? nil : "is refused at \(error.offset): \(error)"
    }
  }

  /// Written, a value takes no more bytes, reads as the same, and is written the same again.
  private func problem(of value: JSONValue) -> String? {
    let written = write(value)
    guard written.utf8.count <= value.text.bytes.count else { return "grows to \(written)" }
    guard let again = try? JSONValue(parsing: written), again == value else {
      return "is written as \(written)"
    }
    return write(again) == written ? nil : "is written as \(written), then as \(write(again))"
  }

  private func write(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return writer.text
  }
}

extension SeededGenerator {
  /// A JSON text with white space, escapes and all forms of numbers.
  fileprivate mutating func json(depth: Int = 4) -> String {
    switch number(0...(depth > 0 ? 9 : 5)) {
    case 0: pick(["null", "true", "false"])
    case 1, 2: pick(["0", "-0", "7", "-12.50", "1e5", "1E+2", "12345678901234567890", "0.1e-300"])
    case 3...5: jsonString()
    case 6, 7:
      "[" + blank() + list(0...4) { $0.json(depth: depth - 1) }.joined(separator: blank() + ",")
        + blank() + "]"
    default: jsonObject(depth: depth)
    }
  }

  private mutating func jsonObject(depth: Int) -> String {
    let names = Set(list(0...4) { $0.jsonString() }).sorted()
    var spellings: Set<String> = []
    let members = names.filter { spellings.insert(characters(of: $0)).inserted }
      .map { "\($0)\(blank()):\(blank())\(json(depth: depth - 1))" }
    return "{" + blank() + members.joined(separator: blank() + ",") + "}"
  }

  /// What a member's name means, since two spellings of one name stand for a duplicate.
  private func characters(of name: String) -> String {
    name.replacing("\\u00e9", with: "é")
      .replacing("\\ud83d\\ude00", with: "😀").replacing("\\u0061", with: "a")
  }

  private mutating func blank() -> String { pick(["", "", "", " ", "\n", "\t \r"]) }

  private mutating func jsonString() -> String {
    let parts = list(0...5) {
      $0.pick([
        "a", "b", "speed", "\\\"", "\\\\", "\\n", "\\u00e9", "é", "\\/", "😀", "\\ud83d\\ude00",
        "\\u0061", "\u{7F}", "\u{FFFF}", "日本語の長い文字列", "\\u001f",
      ])
    }
    return "\"" + parts.joined() + "\""
  }
}
