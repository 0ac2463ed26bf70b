import JSONLD
import NGSILD
import Testing

@Suite("What has expired counts as absent (4.22)")
struct ExpiryTests {
  private static let past = #""expiresAt":"2026-01-15T00:00:00Z""#
  private static let point = #"{"type":"Point","coordinates":[1,2]}"#

  @Test("an expired instance is gone with any change, and no change of its own")
  func reaping() throws {
    let stored = try Entity(
      #""a":[{"value":1,\#(Self.past)},{"value":2,"datasetId":"urn:d:2"}],"b":1"#)
    let change = try Provision.updateAttributes.operation(#""b":2"#)
      .apply(to: stored, id: stored.id, at: changed).change
    #expect(change.attributes.map(\.name.text) == [vocabulary + "b"])
    #expect(change.expired.map(\.name.text) == [vocabulary + "a"])
    #expect(change.expired.map(\.datasetId) == [nil])
    #expect(
      try change.after?.members == Entity(#""a":{"value":2,"datasetId":"urn:d:2"},"b":2"#).members)
    #expect(change.before?.attribute("a")?.instances.count == 1)
  }

  @Test(
    "an expired instance cannot be changed",
    arguments: [Provision.updateAttribute, .replaceAttribute])
  func absence(operation: Provision) throws {
    let stored = try Entity(#""a":{"value":1,\#(Self.past)}"#)
    #expect(
      expectRefusal(.resourceNotFound) {
        _ = try stored.applying(operation.operation(#""value":2"#))
      })
    for selection: EntityOperation.InstanceSelection in [.all, .one(datasetId: nil)] {
      let deletion = EntityOperation.deleteAttribute(IRI(vocabulary + "a"), selection)
      #expect(expectRefusal(.resourceNotFound) { _ = try stored.applying(deletion) })
    }
  }

  @Test(
    "in its place a new instance is made",
    arguments: [Provision.appendNoOverwrite, .appendAttributes, .updateAttributes, .mergeEntity])
  func newInstance(operation: Provision) throws {
    let stored = try Entity(#""a":{"value":1,"unitCode":"x",\#(Self.past)}"#)
    let result = try operation.operation(#""a":2"#).apply(to: stored, id: stored.id, at: changed)
    #expect(result.notUpdated.isEmpty)
    #expect(result.change.attributes.map { $0.before == nil } == [true])
    #expect(try result.change.after?.members == Entity(#""a":2"#).members)
    #expect(result.change.after?.attribute("a")?.instances[0].createdAt == changed)
  }

  @Test("an expired sub-Attribute is not merged with")
  func subAttributes() throws {
    let stored = try Entity(#""a":{"value":1,"s":{"value":1,"unitCode":"x",\#(Self.past)}}"#)
    let entity = try stored.applying(Provision.mergeEntity.operation(#""a":{"s":2}"#))
    #expect(try entity.members == Entity(#""a":{"value":1,"s":2}"#).members)
  }

  @Test("expiresAt in the past is accepted and shows nothing")
  func expiredFromTheStart() throws {
    let entity = try Entity(
      #""a":{"value":1,\#(Self.past)},"b":{"value":1,"s":{"value":1,\#(Self.past)}},"c":1"#)
    let format = { (format: Representation.Format) in
      try entity.shown(as: Representation(format: format, context: .core))
    }
    #expect(try format(.concise) == #"{"id":"urn:x:1","type":"T","b":1,"c":1}"#)
    #expect(try format(.simplified) == #"{"id":"urn:x:1","type":"T","b":1,"c":1}"#)
    #expect(try !format(.normalized).contains(#""s""#))
  }

  @Test("an instance expires at the instant itself")
  func instant() throws {
    let entity = try Entity(#""expiresAt":"2026-02-01T00:00:00Z","a":1"#)
    #expect(entity.isExpired(at: changed))
    #expect(!entity.isExpired(at: DateTime(microseconds: changed.microseconds - 1)))
  }
}
