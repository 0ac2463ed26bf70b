import DistributedOperations
import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Entities from several sources become one (4.5.5)")
struct EntityMergeTests {
  @Test(
    "of instances with the same dataset the most recent one counts",
    arguments: [
      MergeCase(
        "the later observation",
        [
          #"{"speed":{"type":"Property","value":1,"observedAt":"2026-01-01T10:00:00Z"}}"#,
          #"{"speed":{"type":"Property","value":2,"observedAt":"2026-01-01T11:00:00Z"}}"#,
        ], #"{"speed":2}"#),
      MergeCase(
        "an observation before none",
        [
          #"{"speed":{"type":"Property","value":1,"modifiedAt":"2026-01-09T10:00:00Z"}}"#,
          #"{"speed":{"type":"Property","value":2,"observedAt":"2026-01-01T10:00:00Z"}}"#,
        ], #"{"speed":2}"#),
      MergeCase(
        "without observations the later change",
        [
          #"{"speed":{"type":"Property","value":1,"modifiedAt":"2026-01-01T10:00:00Z"}}"#,
          #"{"speed":{"type":"Property","value":2,"modifiedAt":"2026-01-01T11:00:00Z"}}"#,
        ], #"{"speed":2}"#),
      MergeCase(
        "of equals the first",
        [
          #"{"speed":{"type":"Property","value":1}}"#,
          #"{"speed":{"type":"Property","value":2}}"#,
        ], #"{"speed":1}"#),
      MergeCase(
        "what has expired does not count",
        [
          #"{"speed":{"type":"Property","value":1,"observedAt":"2026-01-01T11:00:00Z","#
            + #""expiresAt":"2026-01-01T00:00:00Z"}}"#,
          #"{"speed":{"type":"Property","value":2,"observedAt":"2026-01-01T10:00:00Z"}}"#,
        ], #"{"speed":2}"#),
      MergeCase(
        "different Attributes add up",
        [
          #"{"speed":{"type":"Property","value":1}}"#,
          #"{"name":{"type":"Property","value":2}}"#,
        ], #"{"speed":1,"name":2}"#),
      MergeCase(
        "different datasets add up, the default one first",
        [
          #"{"speed":{"type":"Property","value":1,"datasetId":"urn:d:1"}}"#,
          #"{"speed":{"type":"Property","value":2}}"#,
        ], #"{"speed":{"dataset":{"@none":2,"urn:d:1":1}}}"#),
    ])
  func recency(_ example: MergeCase) throws {
    #expect(try merged(example.versions) == example.expected)
  }

  @Test(
    "an auxiliary source adds Attributes that nobody else has",
    arguments: [
      (#"{"name":{"type":"Property","value":9}}"#, #"{"speed":1,"name":9}"#),
      (
        #"{"speed":{"type":"Property","value":9,"observedAt":"2026-01-01T11:00:00Z"}}"#,
        #"{"speed":1}"#
      ),
      (
        #"{"speed":{"type":"Property","value":9,"datasetId":"urn:d:1"}}"#, #"{"speed":1}"#
      ),
    ])
  func auxiliary(supplement: String, expected: String) throws {
    let own = #"{"speed":{"type":"Property","value":1}}"#
    #expect(try merged([own], auxiliary: [supplement]) == expected)
  }

  @Test("an Entity that an auxiliary source alone has is one")
  func auxiliaryAlone() throws {
    #expect(
      try merged([], auxiliary: [#"{"name":{"type":"Property","value":9}}"#]) == #"{"name":9}"#)
  }

  @Test("types and scopes are united, and timestamps span all versions")
  func members() throws {
    let merge = try merge(
      [
        #"{"type":"A","scope":["/x"],"createdAt":"2026-01-02T00:00:00Z","#
          + #""modifiedAt":"2026-01-03T00:00:00Z"}"#,
        #"{"type":["B","A"],"scope":"/y","createdAt":"2026-01-01T00:00:00Z","#
          + #""modifiedAt":"2026-01-02T00:00:00Z"}"#,
      ])
    let entity = try #require(merge.result)
    #expect(entity.types == ["A", "B"].map { Context.core.expand($0) })
    #expect(entity.scopes == ["/x", "/y"])
    #expect(entity.createdAt == DateTime("2026-01-01T00:00:00Z"))
    #expect(entity.modifiedAt == DateTime("2026-01-03T00:00:00Z"))
  }

  @Test("scopes in different Unicode normal forms are different")
  func normalForms() throws {
    let merge = try merge(["{\"scope\":\"/\u{e9}\"}", "{\"scope\":[\"/e\u{301}\",\"/\u{e9}\"]}"])
    #expect(merge.result?.scopes.map { Array($0.utf8).count } == [3, 4])
  }

  @Test("an Entity expires where all versions do, with the last of them")
  func expiry() throws {
    let merge = try merge(
      [#"{"expiresAt":"2026-05-01T00:00:00Z"}"#, #"{"expiresAt":"2026-06-01T00:00:00Z"}"#])
    #expect(merge.result?.expiresAt?.text == "2026-06-01T00:00:00Z")
  }

  @Test("where a version never expires, the others' expiry is that of their Attributes")
  func sharedExpiry() throws {
    let merge = try merge(
      [
        #"{"a":{"type":"Property","value":1}}"#,
        #"{"expiresAt":"2026-05-01T00:00:00Z","b":{"type":"Property","value":1},"#
          + #""c":{"type":"Property","value":1,"expiresAt":"2026-04-01T00:00:00Z"},"#
          + #""d":{"type":"Property","value":1,"expiresAt":"2026-07-01T00:00:00Z"}}"#,
      ])
    let entity = try #require(merge.result)
    #expect(entity.expiresAt == nil)
    #expect(
      entity.attributes.map { $0.instances[0].expiresAt }
        == [nil, "2026-05-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"].map {
          $0.flatMap { DateTime($0) }
        })
  }

  @Test("a version that has expired is none")
  func expired() throws {
    let merge = try merge([#"{"expiresAt":"2025-12-31T00:00:00Z"}"#])
    #expect(merge.result == nil)
  }

  // MARK: Helpers

  private func merge(_ versions: [String], auxiliary: [String] = []) throws -> EntityMerge {
    var merge = EntityMerge(at: try #require(DateTime("2026-02-01T00:00:00Z")))
    for version in versions { merge.add(try entity(version)) }
    for version in auxiliary { merge.add(try entity(version), isAuxiliary: true) }
    return merge
  }

  private func merged(_ versions: [String], auxiliary: [String] = []) throws -> String {
    let entity = try #require(try merge(versions, auxiliary: auxiliary).result)
    var writer = JSONWriter()
    entity.write(to: &writer)
    let representation = Representation(format: .simplified, context: .core)
    var shown = JSONWriter()
    _ = representation.write(
      stored: JSONValue(written: writer), at: .earliest, to: &shown)
    return try members(of: JSONValue(parsing: shown.bytes))
  }

  /// The JSON without id and type.
  private func members(of entity: JSONValue) throws -> String {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in entity.members where !name.isString("id") && !name.isString("type") {
      writer.name(name.string ?? "")
      writer.value(value)
    }
    writer.endObject()
    return writer.text
  }

  /// An Entity of a source that names only what matters.
  private func entity(_ members: String) throws -> Entity {
    let value = try JSONValue(parsing: members)
    let type = value["type"] == nil ? #""type":"T","# : ""
    let body = #"{"id":"urn:x:1",\#(type)\#(members.dropFirst())"#
      .replacing(",}", with: "}")
    return try answeredEntity(body).whole
  }
}

struct MergeCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let versions: [String]
  /// Simplified.
  let expected: String

  init(_ title: String, _ versions: [String], _ expected: String) {
    testDescription = title
    self.versions = versions
    self.expected = expected
  }
}
