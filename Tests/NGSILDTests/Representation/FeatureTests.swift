import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Entities as GeoJSON (4.5.16, 4.5.17)")
struct FeatureTests {
  private static let members =
    #""scope":"/s","location":{"value":{"type":"Point","coordinates":[1,2]},"unit":"m"},"#
    + #""way":[{"value":{"type":"Point","coordinates":[3,4]}},"#
    + #"{"value":{"type":"Point","coordinates":[5,6]},"datasetId":"urn:d:1"}],"name":"x""#

  private static func point(_ text: String) -> String {
    #"{"type":"Point","coordinates":[\#(text)]}"#
  }

  @Test("a Feature has the id, the geometry and all else as properties")
  func feature() throws {
    #expect(
      try show(#""name":"x","location":\#(Self.point("1,2"))"#)
        == #"{"id":"urn:x:1","type":"Feature","geometry":\#(Self.point("1,2")),"properties":"#
        + #"{"type":"T","name":{"type":"Property","value":"x"},"#
        + #""location":{"type":"GeoProperty","value":\#(Self.point("1,2"))}}}"#)
  }

  @Test(
    "the geometry is that of the GeoProperty and instance asked for, else null",
    arguments: [
      ("location", nil, point("1,2")), ("way", nil, point("3,4")),
      ("way", Set<IRI?>(["urn:d:1"]), point("5,6")),
      ("way", Set<IRI?>(["urn:d:1", nil]), point("3,4")),
      ("way", Set<IRI?>(["urn:d:2"]), "null"), ("location", Set<IRI?>(["urn:d:1"]), "null"),
      ("name", nil, "null"), ("none", nil, "null"),
    ] as [(String, Set<IRI?>?, String)])
  func geometry(name: String, datasets: Set<IRI?>?, shown: String) throws {
    let text = try show(
      Self.members, Representation(datasets: datasets, context: .core), geometryProperty: name)
    #expect(try JSONValue(parsing: text)["geometry"]?.rawText == shown)
  }

  @Test(
    "a selection of members concerns properties and id, not the geometry",
    arguments: [
      (
        MemberSelection.pick(core: [.type], attributes: []),
        #""geometry":\#(point("1,2")),"properties":{"type":"T"}}"#
      ),
      (.pick(core: [.id], attributes: []), #""properties":{}}"#),
      (.attributes([IRI(vocabulary + "name")]), #"{"type":"T","scope":"/s","name":"x"}}"#),
    ])
  func selection(members: MemberSelection, end: String) throws {
    let text = try show(
      Self.members, Representation(format: .simplified, members: members, context: .core))
    #expect(text.hasSuffix(end), "\(text)")
    #expect(text.hasPrefix(#"{"id""#) == members.shows(.id))
  }

  @Test("a collection names the context once")
  func collection() throws {
    let stored = try JSONValue(parsing: Entity("").stored)
    var writer = JSONWriter()
    FeatureRepresentation(Representation(context: .core, embedsContext: true))
      .write(collection: [stored, stored], at: changed, to: &writer)
    let feature = #"{"id":"urn:x:1","type":"Feature","geometry":null,"properties":{"type":"T"}}"#
    #expect(
      writer.text == #"{"type":"FeatureCollection","features":[\#(feature),\#(feature)],"#
        + #""@context":"\#(CoreContext.url)"}"#)
  }

  private func show(
    _ members: String, _ representation: Representation = Representation(context: .core),
    geometryProperty: String? = nil
  ) throws -> String {
    let features = FeatureRepresentation(
      representation, geometryProperty: Context.core.expand(geometryProperty ?? "location"))
    var writer = JSONWriter()
    try features.write(
      stored: JSONValue(parsing: Entity(members).stored), at: changed, to: &writer)
    return writer.text
  }
}
