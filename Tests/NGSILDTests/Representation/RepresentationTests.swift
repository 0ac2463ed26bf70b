import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Representations of Entities (4.5)")
struct RepresentationTests {
  @Test(
    "concise drops the type where it can be told (4.5.2.3)",
    arguments: [
      ("5", "5"),
      (#"{"value":5,"unitCode":"CEL"}"#, #"{"value":5,"unitCode":"CEL"}"#),
      (#"{"value":{"x":1}}"#, #"{"x":1}"#),
      (#"{"value":{"type":"x"}}"#, #"{"value":{"type":"x"}}"#),
      (#"{"value":{"value":5}}"#, #"{"value":{"value":5}}"#),
      (#"{"value":{"object":"x"}}"#, #"{"value":{"object":"x"}}"#),
      (#"{"value":{"unitCode":"x"}}"#, #"{"value":{"unitCode":"x"}}"#),
      (
        #"{"value":{"https://uri.etsi.org/ngsi-ld/hasValue":"x"}}"#,
        #"{"value":{"https://uri.etsi.org/ngsi-ld/hasValue":"x"}}"#
      ),
      (#"{"value":{"id":"x"}}"#, #"{"id":"x"}"#),
      (#"{"value":[{"value":5}]}"#, #"{"value":[{"value":5}]}"#),
      (#"{"value":[{"value":5},6]}"#, #"[{"value":5},6]"#),
      (#"{"value":[{"datasetId":"x"}]}"#, #"{"value":[{"datasetId":"x"}]}"#),
      (#"{"value":[]}"#, "[]"),
      (
        #"{"type":"Property","value":{"@type":"@json","@value":null}}"#,
        #"{"@type":"@json","@value":null}"#
      ),
      (#"{"type":"Point","coordinates":[1,2]}"#, #"{"type":"Point","coordinates":[1,2]}"#),
      (
        #"{"value":{"type":"Point","coordinates":[1,2]},"s":1}"#,
        #"{"value":{"type":"Point","coordinates":[1,2]},"s":1}"#
      ),
      (
        #"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#,
        #"{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#
      ),
      (
        #"{"object":"urn:x:2","s":{"object":"urn:x:3"}}"#,
        #"{"object":"urn:x:2","s":{"object":"urn:x:3"}}"#
      ),
      (#"{"languageMap":{"en":"x"}}"#, #"{"languageMap":{"en":"x"}}"#),
      (#"{"vocab":"v"}"#, #"{"vocab":"v"}"#),
      (#"{"json":{"x":1}}"#, #"{"json":{"x":1}}"#),
      (#"{"valueList":[1]}"#, #"{"valueList":[1]}"#),
      (#"{"objectList":["urn:x:2"]}"#, #"{"objectList":[{"object":"urn:x:2"}]}"#),
      (#"{"value":1,"datasetId":"urn:d:2"}"#, #"{"value":1,"datasetId":"urn:d:2"}"#),
      (
        #"[{"value":1},{"value":2,"datasetId":"urn:d:2"}]"#,
        #"[{"value":1},{"value":2,"datasetId":"urn:d:2"}]"#
      ),
    ])
  func concise(given: String, shown: String) throws {
    let entity = try Entity(#""a":\#(given)"#)
    let text = try entity.shown(as: Representation(format: .concise, context: .core))
    #expect(text == #"{"id":"urn:x:1","type":"T","a":\#(shown)}"#)
    // Lossless.
    #expect(try Entity(#""a":\#(shown)"#).members == entity.members)
  }

  @Test("concise has nothing bare beside system attributes")
  func conciseSystem() throws {
    let text = try Entity(#""a":1"#).shown(
      as: Representation(format: .concise, showsSystemAttributes: true, context: .core))
    #expect(
      text.hasSuffix(
        #""a":{"value":1,"createdAt":"2026-01-01T00:00:00Z","modifiedAt":"2026-01-01T00:00:00Z"}}"#)
    )
  }

  @Test(
    "simplified shows values alone (4.5.4)",
    arguments: [
      (#"{"value":5,"unitCode":"CEL","s":1}"#, "5"),
      (#"{"type":"Point","coordinates":[1,2]}"#, #"{"type":"Point","coordinates":[1,2]}"#),
      (#"{"object":"urn:x:2"}"#, #""urn:x:2""#),
      (#"{"object":["urn:x:2"]}"#, #"["urn:x:2"]"#),
      (#"{"valueList":[1,[2]]}"#, "[1,[2]]"),
      (#"{"objectList":["urn:x:2","urn:x:3"]}"#, #"["urn:x:2","urn:x:3"]"#),
      (#"{"languageMap":{"en":"x"}}"#, #"{"languageMap":{"en":"x"}}"#),
      (#"{"vocab":["v","w"]}"#, #"{"vocab":["v","w"]}"#),
      (#"{"json":{"x":null}}"#, #"{"json":{"x":null}}"#),
      (#"{"value":1,"datasetId":"urn:d:2"}"#, "1"),
      (
        #"[{"value":1},{"object":"urn:x:2","datasetId":"urn:d:2"}]"#,
        #"{"dataset":{"@none":1,"urn:d:2":"urn:x:2"}}"#
      ),
    ])
  func simplified(given: String, shown: String) throws {
    let text = try Entity(#""scope":["/a","/b"],"a":\#(given)"#)
      .shown(as: Representation(format: .simplified, context: .core))
    #expect(text == #"{"id":"urn:x:1","type":"T","scope":["/a","/b"],"a":\#(shown)}"#)
  }

  @Test("system attributes are shown at every level when asked for")
  func systemAttributes() throws {
    let entity = try Entity(
      #""expiresAt":"2030-01-01T00:00:00Z","a":{"value":1,"expiresAt":"2031-01-01T00:00:00Z","s":1}"#
    )
    let times = #""createdAt":"2026-01-01T00:00:00Z","modifiedAt":"2026-01-01T00:00:00Z""#
    let text = try entity.shown(as: Representation(showsSystemAttributes: true, context: .core))
    #expect(
      text == #"{"id":"urn:x:1","type":"T",\#(times),"expiresAt":"2030-01-01T00:00:00Z","#
        + #""a":{"type":"Property","value":1,"expiresAt":"2031-01-01T00:00:00Z","#
        + #""s":{"type":"Property","value":1,\#(times)},\#(times)}}"#)
    #expect(try !entity.members.contains("createdAt"))
    #expect(try !entity.members.contains("expiresAt"))
  }

  @Test(
    "members are selected",
    arguments: [
      (
        MemberSelection.attributes([IRI(vocabulary + "a")]),
        #"{"id":"urn:x:1","type":"T","scope":"/s","a":1}"#
      ),
      (.attributes([IRI(vocabulary + "x")]), #"{"id":"urn:x:1","type":"T","scope":"/s"}"#),
      (.pick(core: [.id], attributes: [IRI(vocabulary + "b")]), #"{"id":"urn:x:1","b":2}"#),
      (.pick(core: [], attributes: [IRI(vocabulary + "b")]), #"{"b":2}"#),
      (.pick(core: [.scope], attributes: []), #"{"scope":"/s"}"#),
      (.pick(core: [], attributes: [IRI(vocabulary + "x")]), ""),
      (
        .omit(core: [.type, .scope], attributes: [IRI(vocabulary + "a")]),
        #"{"id":"urn:x:1","b":2}"#
      ),
      (.omit(core: [], attributes: []), #"{"id":"urn:x:1","type":"T","scope":"/s","a":1,"b":2}"#),
    ])
  func selection(members: MemberSelection, shown: String) throws {
    let entity = try Entity(#""scope":"/s","a":1,"b":2"#)
    #expect(
      try entity.shown(as: Representation(format: .simplified, members: members, context: .core))
        == shown)
  }

  @Test(
    "instances are selected by datasetId, sub-Attributes are not (4.5.5.1)",
    arguments: [
      (
        Set<IRI?>([nil]),
        #""a":{"type":"Property","value":1},"b":{"type":"Property","value":3}"#
      ),
      (
        Set<IRI?>(["urn:d:2"]),
        #""a":{"type":"Property","value":2,"datasetId":"urn:d:2","s":{"type":"Property","value":1}}"#
      ),
      (
        Set<IRI?>([nil, "urn:d:2"]),
        #""a":[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:d:2","#
          + #""s":{"type":"Property","value":1}}],"b":{"type":"Property","value":3}"#
      ),
      (Set<IRI?>(["urn:d:3"]), ""),
    ])
  func datasets(datasets: Set<IRI?>, shown: String) throws {
    let entity = try Entity(#""a":[{"value":1},{"value":2,"datasetId":"urn:d:2","s":1}],"b":3"#)
    let text = try entity.shown(as: Representation(datasets: datasets, context: .core))
    #expect(text == #"{"id":"urn:x:1","type":"T"\#(shown.isEmpty ? "" : ",")\#(shown)}"#)
  }

  @Test("names are compacted and the context embedded")
  func compaction() async throws {
    let context = try await makeContext(
      #"{"ex":"https://example.org/","T":"ex:T","Temp":"ex:temp","on":"ex:on","U":"ex:U"}"#)
    let entity = try Entity(
      #""Temp":{"vocab":["on","ex:off"],"s":{"object":"urn:x:2","objectType":["T","U"]}}"#,
      context: context)
    let text = try entity.shown(as: Representation(context: context, embedsContext: true))
    #expect(
      text == #"{"id":"urn:x:1","type":"T","Temp":{"type":"VocabProperty","vocab":["on","ex:off"],"#
        + #""s":{"type":"Relationship","object":"urn:x:2","objectType":["T","U"]}},"#
        + #""@context":[{"ex":"https://example.org/","T":"ex:T","Temp":"ex:temp","on":"ex:on","#
        + #""U":"ex:U"},"\#(CoreContext.url)"]}"#)
    #expect(
      try entity.shown(as: Representation(context: .core)).contains(#""https://example.org/temp""#))
  }

  @Test("an Entity of which nothing is shown leaves the text as it was")
  func nothing() throws {
    let representation = Representation(
      members: .pick(core: [], attributes: [IRI("urn:x:none")]), context: .core)
    let entity = try JSONValue(parsing: Entity(#""a":1"#).stored)
    var writer = JSONWriter()
    writer.beginArray()
    writer.integer(1)
    let isWritten = representation.write(stored: entity, at: changed, to: &writer)
    writer.integer(2)
    writer.endArray()
    #expect(!isWritten)
    #expect(writer.text == "[1,2]")
  }
}
