import JSON
import JSONLD
import NGSILD
import Testing

@Suite("Entities as they were written last")
struct WrittenEntitiesTests {
  private static func stored(_ number: Int, _ value: String) -> StoredEntity {
    StoredEntity(
      Array(
        """
        {"id":"urn:ngsi-ld:Room:\(number)","type":["urn:Room"],\
        "createdAt":"2026-01-01T00:00:00Z","modifiedAt":"2026-01-01T00:00:00Z",\
        "urn:level":[{"type":"Property","value":\(value)}]}
        """.utf8))
  }

  private static let now = DateTime("2026-06-01T00:00:00Z")!

  /// A list of what `written` writes.
  private static func text(
    _ entities: [StoredEntity], as representation: Representation,
    _ written: inout WrittenEntities
  ) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for entity in entities {
      written.write(entity, as: representation, at: now, to: &writer)
    }
    writer.endArray()
    return writer.text
  }

  private static let representations: [Representation] = [
    Representation(context: .core),
    Representation(format: .simplified, context: .core),
    Representation(format: .concise, showsSystemAttributes: true, context: .core),
    Representation(context: .core, embedsContext: true),
    Representation(members: .attributes([IRI("urn:none")]), context: .core),
    Representation(members: .pick(core: [], attributes: [IRI("urn:none")]), context: .core),
  ]

  @Test("each representation is written the same again, also when little room is left")
  func repeated() {
    var written = WrittenEntities(sizeMax: 40_000)
    for round in 0..<3 {
      for number in 0..<100 {
        for representation in Self.representations {
          let entities = [Self.stored(number, "1"), Self.stored(number, "\(round)")]
          var fresh = WrittenEntities(sizeMax: 0)
          #expect(
            Self.text(entities, as: representation, &written)
              == Self.text(entities, as: representation, &fresh))
        }
      }
    }
  }

  @Test("what has been copied is what was written, and a change is seen")
  func change() {
    var written = WrittenEntities(sizeMax: 1 << 20)
    let representation = Representation(format: .simplified, context: .core)
    for value in ["1", "1", "2", "1"] {
      #expect(
        Self.text([Self.stored(1, value), Self.stored(1, value)], as: representation, &written)
          == """
          [{"id":"urn:ngsi-ld:Room:1","type":"urn:Room","urn:level":\(value)},\
          {"id":"urn:ngsi-ld:Room:1","type":"urn:Room","urn:level":\(value)}]
          """)
    }
  }

  @Test("what expires is not shown from memory")
  func expiry() {
    let entity = StoredEntity(
      Array(
        """
        {"id":"urn:ngsi-ld:Room:1","type":["urn:Room"],"createdAt":"2026-01-01T00:00:00Z",\
        "modifiedAt":"2026-01-01T00:00:00Z","urn:level":[{"type":"Property","value":1,\
        "expiresAt":"2026-03-01T00:00:00Z"}]}
        """.utf8))
    var written = WrittenEntities(sizeMax: 1 << 20)
    let shown = ["2026-02-01T00:00:00Z", "2026-04-01T00:00:00Z"].map { now in
      var writer = JSONWriter()
      written.write(
        entity, as: Representation(format: .simplified, context: .core), at: DateTime(now)!,
        to: &writer)
      return writer.text
    }
    #expect(shown[0].contains("urn:level"))
    #expect(!shown[1].contains("urn:level"))
  }
}
