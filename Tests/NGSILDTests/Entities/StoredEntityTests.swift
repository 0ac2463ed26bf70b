import JSON
import NGSILD
import Testing

@Suite("The stored form of Entities")
struct StoredEntityTests {
  private static let created = "2026-01-01T00:00:00Z"
  private static let modified = "2026-01-02T00:00:00Z"

  /// The timestamps that are kept of an instance and of its sub-Attribute, and what they mean.
  @Test(
    "timestamps that can be told from others are left out",
    arguments: [
      ("", "", [created, created, created, created]),
      (#""modifiedAt":"\#(modified)","#, "", [created, modified, modified, modified]),
      (
        #""createdAt":"\#(modified)","#, #","createdAt":"\#(created)""#,
        [modified, modified, created, created]
      ),
      (
        #""createdAt":"\#(modified)","modifiedAt":"2026-01-03T00:00:00Z","#,
        #","createdAt":"\#(created)","modifiedAt":"\#(modified)""#,
        [modified, "2026-01-03T00:00:00Z", created, modified]
      ),
    ])
  func timestamps(own: String, inner: String, expected: [String]) throws {
    let text =
      #"{"id":"urn:x:1","type":["urn:t"],"createdAt":"\#(Self.created)","#
      + #""modifiedAt":"\#(Self.modified)","urn:a":[{"type":"Property","value":1,\#(own)"#
      + #""urn:s":[{"type":"Property","value":2\#(inner)}]}]}"#
    let entity = Entity(stored: try JSONValue(parsing: text))
    let instance = try #require(entity.attributes.first?.instances.first)
    let sub = try #require(instance.subAttributes.first?.instances.first)
    let times = [instance.createdAt, instance.modifiedAt, sub.createdAt, sub.modifiedAt]
    #expect(times.map(\.description) == expected)
    var writer = JSONWriter(reservingCapacity: 256)
    entity.write(to: &writer)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
  }
}
