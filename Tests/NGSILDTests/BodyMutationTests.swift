import JSON
import JSONLD
import NGSILD
import Testing

/// Repeatable random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

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
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed of the mutated bodies: \(seed)")
    var random = SeededGenerator(seed: seed)
    var accepted = 0
    for number in 0..<24_000 {
      let bytes = mutated(&random)
      guard let body = try? JSONValue(parsing: bytes) else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      let stored = entity(from: body)
      if let stored {
        accepted += 1
        expectIdentity(of: stored, "\(number) of seed \(seed): \(text)")
      }
      merge(body, onto: stored, "\(number) of seed \(seed): \(text)")
    }
    #expect(accepted > 1_000)
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

  // MARK: Mutations

  private func mutated(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Self.bodies[Int.random(in: 0..<Self.bodies.count, using: &random)]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
      case 2: bytes.remove(at: place)
      default: replaceToken(at: place, in: &bytes, &random)
      }
      guard !bytes.isEmpty else { break }
    }
    return bytes
  }

  /// Puts a piece in the place of the scalar or name that stands around `place`.
  private func replaceToken(
    at place: Int, in bytes: inout [UInt8], _ random: inout SeededGenerator
  ) {
    let signs = Array(",:{}[]".utf8)
    let start = (bytes[..<place].lastIndex(where: signs.contains) ?? -1) + 1
    let end = bytes[place...].firstIndex(where: signs.contains) ?? bytes.count
    let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
    guard start <= end else { return }
    bytes.replaceSubrange(start..<end, with: piece)
  }
}
