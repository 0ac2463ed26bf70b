import Glibc
import Testing

@testable import kontext

@Suite("kontext export and kontext import")
struct ArchiveCommandTests {
  @Test(
    "says what is wrong",
    arguments: [
      ("export file", "is expected"), ("export --resume", "is expected"),
      ("export --type (", "type"), ("export --yes", "is no option of 'kontext export'"),
      ("import a b", "is expected"), ("import --from-line 0", "is expected"),
      ("import --from-line x", "is expected"), ("import --type A", "is no option"),
    ])
  func refusals(line: String, sentence: String) {
    let words = line.split(separator: " ").map(String.init)
    let error = #expect(throws: ConfigurationError.self) {
      if words[0] == "export" {
        _ = try ExportCommand(Array(words.dropFirst()), databaseURL: "postgresql:///x")
      } else {
        _ = try ImportCommand(Array(words.dropFirst()), databaseURL: "postgresql:///x")
      }
    }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  // MARK: Files

  private static let state = #"{"id":"urn:x:NUMBER","type":["urn:x:T"],"createdAt":"2026"}"# + "\n"
  private static let past = #"{"id":"urn:x:1","type":["urn:x:T"],"urn:x:a":[]}"# + "\n"

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let path = "/tmp/kontext-archive-\(UInt64.random(in: 0...(.max)))"
    defer { unlink(path) }
    let file = try ArchiveFile(creating: path)
    #expect(file.write(Array(text.utf8)))
    try body(path)
  }

  private func lines(_ path: String) throws -> [String] {
    var reader = try LineReader(path: path)
    var lines: [String] = []
    while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(reader.number == lines.count)
    return lines
  }

  @Test(
    "an export goes on with the last Entity that a file has", arguments: [0, 1, 40_000])
  func resuming(pastLines: Int) throws {
    let first = Self.state.replacing("NUMBER", with: "1")
    let second = Self.state.replacing("NUMBER", with: "2")
    let past = String(repeating: Self.past, count: pastLines)
    for (rest, id, kept) in [
      (second + past, "urn:x:2", 1 + pastLines),
      (second + past + "{\"id", "urn:x:2", 1 + pastLines),
      (String(second.dropLast(5)), "urn:x:1", 0), ("", "urn:x:1", 0),
    ] {
      try withFile(first + past + rest) { path in
        let file = try ArchiveFile(resuming: path)
        #expect(file.resumesAt == id)
        let lines = try lines(path)
        #expect(lines.count == kept)
      }
    }
    for text in ["", String(first.dropLast(3))] {
      try withFile(text) { path in
        let file = try ArchiveFile(resuming: path)
        #expect(file.resumesAt == nil)
        let lines = try lines(path)
        #expect(lines.isEmpty)
      }
    }
  }

  @Test("a file that is there is not overwritten")
  func existing() throws {
    try withFile("x") { path in
      let error = #expect(throws: ConfigurationError.self) { _ = try ArchiveFile(creating: path) }
      #expect(error?.description.contains("--resume") == true)
      let lines = try lines(path)
      #expect(lines == ["x"])
    }
  }
}
