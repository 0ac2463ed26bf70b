import JSON
import JSONLD
import Testing

@Suite("Names seen before")
struct NameCacheTests {
  private func compact(_ iri: String, _ names: inout CompactedNames) -> String {
    var bytes: [UInt8] = []
    Array(iri.utf8).withUnsafeBufferPointer { names.append($0, to: &bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("many names stay right while the memory grows and starts anew", arguments: [3, 20_000])
  func growth(count: Int) async throws {
    let context = try await makeContext(#"{"ex":"https://example.org/"}"#)
    var compacted = context.compactedNames
    var expanded = context.expandedNames
    for round in 0..<2 {
      for number in 0..<count {
        #expect(compact("https://example.org/a\(number)", &compacted) == "ex:a\(number)")
        Array("ex:a\(number)".utf8).withUnsafeBufferPointer { name in
          expanded.withEntry(bytes: name) { member, contents in
            #expect(member == .name(IRI("https://example.org/a\(number)")), "round \(round)")
            #expect(contents.elementsEqual("https://example.org/a\(number)".utf8))
          }
        }
      }
    }
  }

  @Test("names of every length are told apart")
  func lengths() {
    var names = Context.core.compactedNames
    for _ in 0..<2 {
      for length in 1...1500 {
        let name = String(repeating: "a", count: length)
        #expect(compact(defaultVocabulary + name, &names) == name)
      }
    }
  }

  @Test("escapes in names are resolved on the way in and made on the way out")
  func escapes() throws {
    let object = try JSONValue(parsing: #"{"v\u0061lue":1,"a\"b":2}"#)
    var names = Context.core.expandedNames
    let members = object.members.map { names.member($0.name) }
    #expect(members == [.coreTerm(.value), .name(IRI(defaultVocabulary + "a\"b"))])
    let iri = try JSONValue(parsing: #""\#(defaultVocabulary)a\"b""#)
    var compacted = Context.core.compactedNames
    let contents = compacted.withContents(of: iri) { String(decoding: $0, as: UTF8.self) }
    #expect(contents == #"a\"b"#)
  }

  @Test("tasks read while others fill")
  func concurrency() async throws {
    let context = try await makeContext(#"{"ex":"https://example.org/"}"#)
    await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var names = context.compactedNames
          var wrong = 0
          for number in 0..<5000 {
            let suffix = (number * 7 + task * 13) % 1500
            if compact("https://example.org/\(suffix)", &names) != "ex:\(suffix)" { wrong += 1 }
          }
          return wrong
        }
      }
      for await wrong in group { #expect(wrong == 0) }
    }
  }
}
