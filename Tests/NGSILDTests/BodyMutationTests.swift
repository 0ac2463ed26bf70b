import JSON
import JSONLD
import NGSILD
import TestSupport
import Testing

@Suite("Mutated bodies")
struct BodyMutationTests {
  private static let bodies = [
    body(
      #""scope":["/a/b","/c"],"p":{"type":"Property","value":1.50,"unitCode":"CEL","#
        + #""observedAt":"2026-01-01T00:00:00.000Z","s":{"value":"x","t":{"object":"urn:x:2"}}}"#),
    body(
      #""location":{"type":"Point","coordinates":[1,2]},"c":{"x":{"y":[1,null]}},"d":[1,"é\n"]"#),
    body(
      #""l":{"languageMap":{"en":"x","fr":["y","z"]},"valueType":"langString"},"#
        + #""v":{"vocab":["v","ngsi-ld:w"]},"j":{"json":{"a":null,"@b":[{}]}}"#),
    body(
      #""r":[{"object":"urn:x:2"},{"object":["urn:x:3"],"datasetId":"urn:d:1","objectType":"T"}],"#
        + #""n":{"objectList":["urn:x:2",{"object":"urn:x:3"}]},"m":{"valueList":[1,[2]]}"#),
    body(
      #""q":{"type":"Property","value":{"type":"Point","coordinates":[1,2]}},"#
        + #""u":{"value":{"value":5}},"w":{"type":"Property","value":[{"value":1}]},"#
        + #""y":{"@type":"@json","@value":null},"expiresAt":"2030-01-01T00:00:00Z""#),
    body(
      #""ngsildproof":{"type":"Property","value":{"@context":"x"},"entityTypeSealed":"T"},"#
        + #""description":"d","http://example.org/x":{"value":1,"expiresAt":"2020-01-01T00:00:00Z"}"#
    ),
  ].map { Array($0.utf8) }

  /// Pieces that mean something somewhere.
  private static let pieces = [
    "null", "true", "{}", "[]", #""""#, "0", "-1.5e3", #""urn:ngsi-ld:null""#, #""@none""#,
    #""type""#, #""value""#, #""object""#, #""objectList""#, #""valueList""#, #""languageMap""#,
    #""vocab""#, #""json""#, #""datasetId""#, #""@type""#, #""@value""#, #""@context""#, #""@id""#,
    #""Property""#, #""Relationship""#, #""GeoProperty""#, #""Point""#, #""coordinates""#,
    #""unitCode""#, #""observedAt""#, #""expiresAt""#, #""createdAt""#, #""urn:x:9""#, #""\u0061""#,
    #""p":1,"#, #"{"value":2}"#, #"[{"value":2}]"#, ",", ":", #""2026-01-01T00:00:00Z""#,
    "\u{FFFD}",
  ].map { Array($0.utf8) }

  @Test("are refused, or come back as they were understood")
  func mutations() throws {
    var generator = SeededGenerator(printingSeedOf: "mutated bodies")
    var accepted = 0
    for _ in 0..<GeneratedCases.entities.count {
      let bytes = generator.mutateJSON(generator.pick(Self.bodies), with: Self.pieces)
      guard let body = try? JSONValue(parsing: bytes) else { continue }
      let comment = "seed \(generator.seed): \(String(decoding: bytes, as: UTF8.self))"
      let stored = entity(from: body)
      if let stored {
        accepted += 1
        expectIdentity(of: stored, comment)
      }
      merge(body, onto: stored, comment)
    }
    #expect(accepted > GeneratedCases.entities.count / 24)
  }

  private static let attributes = [
    #"{"type":"Property","value":{"a":[1,2],"b":"x"},"unitCode":"CEL","s":{"value":1}}"#,
    #"{"value":2.5,"observedAt":"2026-01-01T00:00:00Z","datasetId":"urn:d:1","s":5}"#,
    #"{"object":["urn:x:1","urn:x:2"],"objectType":["A","B"],"s":[{"value":1}]}"#,
    #"{"p":{"languageMap":{"en":"x","@none":"y"},"s":"urn:ngsi-ld:null"}}"#,
    #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
    #"{"unitCode":"urn:ngsi-ld:null","expiresAt":"2030-01-01T00:00:00Z"}"#,
  ].map { Array($0.utf8) }

  @Test("Attribute Fragments are refused with a reason, or change a stored Attribute")
  func attributeFragments() throws {
    var generator = SeededGenerator(printingSeedOf: "mutated Attribute Fragments")
    let stored = try Entity(#""p":[{"value":1,"unitCode":"X"},{"value":2,"datasetId":"urn:d:1"}]"#)
    let name = IRI(vocabulary + "p")
    var accepted = 0
    for _ in 0..<GeneratedCases.attributeFragments.count {
      let bytes = generator.mutateJSON(generator.pick(Self.attributes), with: Self.pieces)
      guard let body = try? JSONValue(parsing: bytes) else { continue }
      let comment = "seed \(generator.seed): \(body.rawText)"
      let partial = generator.chance(50)
      do throws(NGSILDError) {
        let parser = FragmentParser(context: .core, rules: partial ? .partial : .complete)
        let fragment = try parser.attributeFragment(body, named: "p")
        let operation: EntityOperation =
          partial ? .updateAttribute(name, fragment) : .replaceAttribute(name, fragment)
        let change = try operation.apply(to: stored, id: stored.id, at: changed).change
        accepted += 1
        if let after = change.after { expectIdentity(of: after, comment) }
      } catch {
        let isExpected = [.badRequestData, .resourceNotFound, .invalidRequest].contains(error.kind)
        #expect(isExpected && !error.detail.isEmpty, "\(comment)")
      }
    }
    #expect(accepted > GeneratedCases.attributeFragments.count / 20)
  }

  // MARK: Properties

  private func entity(from body: JSONValue) -> Entity? {
    guard let fragment = try? FragmentParser(context: .core, rules: .complete).entity(body) else {
      return nil
    }
    let operation = EntityOperation.create(fragment)
    return try? operation.apply(to: nil, id: "urn:x:1", at: created).change.after
  }

  private func expectIdentity(of entity: Entity, _ comment: String) {
    let stored = entity.stored
    guard let parsed = try? JSONValue(parsing: stored) else {
      Issue.record("No JSON is stored: \(comment)")
      return
    }
    #expect(Entity(stored: parsed).stored == stored, "\(comment)")
    let normalized = try? entity.shown(as: Representation(context: .core))
    for format: Representation.Format in [.normalized, .concise] {
      let shown = try? entity.shown(as: Representation(format: format, context: .core))
      let again = shown.flatMap { try? JSONValue(parsing: $0) }.flatMap { self.entity(from: $0) }
      let members = try? again?.shown(as: Representation(context: .core))
      #expect(members == normalized, "\(format) \(shown ?? "") of \(comment)")
    }
    let simplified = try? entity.shown(as: Representation(format: .simplified, context: .core))
    #expect((try? simplified.map { try JSONValue(parsing: $0) }) != nil, "\(comment)")
  }

  private func merge(_ body: JSONValue, onto stored: Entity?, _ comment: String) {
    guard let stored = stored ?? (try? Entity(#""p":1,"l":{"languageMap":{"en":"x"}}"#)) else {
      return
    }
    for rules: FragmentRules in [.merge, .simplifiedMerge] {
      guard let fragment = try? FragmentParser(context: .core, rules: rules).entity(body),
        let merged = try? stored.applying(.mergeEntity(fragment, MergeOptions(language: "en")))
      else { continue }
      #expect(!merged.stored.contains(":\"urn:ngsi-ld:null\"") || hasRawJSON(merged), "\(comment)")
      expectIdentity(of: merged, "\(rules) \(comment)")
    }
  }

  /// Whether the Null may stand somewhere as data.
  private func hasRawJSON(_ entity: Entity) -> Bool {
    entity.stored.contains(#""json""#) || entity.stored.contains("@json")
      || entity.stored.contains("ngsildproof")
  }
}
