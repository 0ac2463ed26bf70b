import JSON
import NGSILD
import Testing

/// One fragment of the Attribute `a` under the three semantics of a patch.
struct PatchCase: Sendable, CustomTestStringConvertible {
  let stored: String
  let fragment: String
  /// nil for a refusal.
  let updated: String?
  let partial: String?
  let merged: String?

  init(
    _ stored: String, _ fragment: String, update: String?, partial: String?, merge: String?
  ) {
    self.stored = stored
    self.fragment = fragment
    updated = update
    self.partial = partial
    merged = merge
  }

  var testDescription: String { "\(stored) + \(fragment)" }
}

@Suite("Update, partial update and merge side by side (5.5.8, 5.5.12)")
struct PatchTests {
  private static let cases: [PatchCase] = [
    .init(
      #"{"value":{"a":1,"b":2},"unitCode":"CEL"}"#, #"{"type":"Property","value":{"b":3}}"#,
      update: #"{"value":{"b":3}}"#, partial: #"{"value":{"b":3},"unitCode":"CEL"}"#,
      merge: #"{"value":{"a":1,"b":3},"unitCode":"CEL"}"#),
    .init(
      #"{"value":1,"observedAt":"2026-01-01T00:00:00Z","expiresAt":"2030-01-01T00:00:00Z"}"#,
      #"{"value":2}"#, update: "2",
      partial:
        #"{"value":2,"observedAt":"2026-01-01T00:00:00Z","expiresAt":"2030-01-01T00:00:00Z"}"#,
      merge: #"{"value":2,"observedAt":"2026-01-01T00:00:00Z","expiresAt":"2030-01-01T00:00:00Z"}"#
    ),
    .init(
      #"{"value":1,"s":{"value":1,"unitCode":"x"},"t":1}"#, #"{"value":2,"s":3,"u":4}"#,
      update: #"{"value":2,"s":3,"u":4}"#, partial: #"{"value":2,"s":3,"t":1,"u":4}"#,
      merge: #"{"value":2,"s":{"value":3,"unitCode":"x"},"t":1,"u":4}"#),
    .init(
      #"{"languageMap":{"en":"x","fr":"y"},"s":1}"#, #"{"languageMap":{"fr":"z","es":"w"}}"#,
      update: #"{"languageMap":{"fr":"z","es":"w"}}"#,
      partial: #"{"languageMap":{"fr":"z","es":"w"},"s":1}"#,
      merge: #"{"languageMap":{"en":"x","fr":"z","es":"w"},"s":1}"#),
    .init(
      #"{"languageMap":{"en":"x","fr":"y"}}"#, #"{"languageMap":{"en":"urn:ngsi-ld:null"}}"#,
      update: nil, partial: nil, merge: #"{"languageMap":{"fr":"y"}}"#),
    .init(
      #"{"value":[1,2]}"#, #"{"value":[3]}"#, update: #"{"value":[3]}"#,
      partial: #"{"value":[3]}"#, merge: #"{"value":[3]}"#),
    .init(
      #"{"valueList":[1,2]}"#, #"{"valueList":[3]}"#, update: #"{"valueList":[3]}"#,
      partial: #"{"valueList":[3]}"#, merge: #"{"valueList":[3]}"#),
    .init(
      #"{"json":{"a":1,"b":2}}"#, #"{"json":{"b":"urn:ngsi-ld:null"}}"#,
      update: #"{"json":{"b":"urn:ngsi-ld:null"}}"#, partial: #"{"json":{"b":"urn:ngsi-ld:null"}}"#,
      merge: #"{"json":{"b":"urn:ngsi-ld:null"}}"#),
    .init(
      #"{"object":["urn:x:2","urn:x:3"]}"#, #"{"object":"urn:x:4"}"#,
      update: #"{"object":"urn:x:4"}"#, partial: #"{"object":"urn:x:4"}"#,
      merge: #"{"object":"urn:x:4"}"#),
    .init(
      #"{"value":{"type":"Point","coordinates":[1,2]}}"#,
      #"{"value":{"type":"LineString","coordinates":[[1,2],[3,4]]}}"#,
      update: #"{"value":{"type":"LineString","coordinates":[[1,2],[3,4]]}}"#,
      partial: #"{"value":{"type":"LineString","coordinates":[[1,2],[3,4]]}}"#,
      merge: #"{"value":{"type":"LineString","coordinates":[[1,2],[3,4]]}}"#),
    .init(
      "1", #"{"type":"Relationship","object":"urn:x:2"}"#, update: #"{"object":"urn:x:2"}"#,
      partial: nil, merge: nil),
    .init(
      #"{"value":1,"s":1}"#, #"{"unitCode":"CEL"}"#, update: nil,
      partial: #"{"value":1,"unitCode":"CEL","s":1}"#,
      merge: #"{"value":1,"unitCode":"CEL","s":1}"#),
    .init(
      #"{"value":1,"unitCode":"CEL"}"#, #"{"source":{"value":"GPS"}}"#,
      update: #"{"value":{"source":{"value":"GPS"}}}"#,
      partial: #"{"value":1,"unitCode":"CEL","source":"GPS"}"#,
      merge: #"{"value":1,"unitCode":"CEL","source":"GPS"}"#),
    .init(
      #"{"value":1,"unitCode":"CEL","s":1,"t":2}"#,
      #"{"value":2,"unitCode":"urn:ngsi-ld:null","s":"urn:ngsi-ld:null"}"#, update: "2",
      partial: #"{"value":2,"t":2}"#, merge: #"{"value":2,"t":2}"#),
    .init(
      #"{"value":1,"s":[{"value":1},{"value":2,"datasetId":"urn:d:2"}]}"#,
      #"{"value":1,"s":{"value":3,"datasetId":"urn:d:2"}}"#,
      update: #"{"value":1,"s":{"value":3,"datasetId":"urn:d:2"}}"#,
      partial: #"{"value":1,"s":[{"value":1},{"value":3,"datasetId":"urn:d:2"}]}"#,
      merge: #"{"value":1,"s":[{"value":1},{"value":3,"datasetId":"urn:d:2"}]}"#),
    .init(
      #"{"value":{"a":1}}"#, #"{"value":{"a":"urn:ngsi-ld:null"}}"#, update: nil, partial: nil,
      merge: #"{"value":{}}"#),
    .init("1", #"{"value":"urn:ngsi-ld:null"}"#, update: "", partial: "", merge: ""),
    .init(
      "1", #"{"type":"Property","value":"urn:ngsi-ld:null"}"#, update: "", partial: "", merge: ""),
    .init(
      #"{"object":"urn:x:2"}"#, #"{"object":"urn:ngsi-ld:null"}"#, update: "", partial: "",
      merge: ""),
    .init(
      "1", #"{"value":1,"datasetId":"urn:ngsi-ld:null"}"#, update: nil, partial: nil, merge: nil),
  ]

  @Test("change one Attribute", arguments: cases)
  func patch(_ given: PatchCase) throws {
    let stored = try Entity(#""z":0,"a":\#(given.stored)"#)
    let expectations: [(Provision, String?)] = [
      (.updateAttributes, given.updated), (.updateAttribute, given.partial),
      (.mergeEntity, given.merged),
    ]
    for (operation, expected) in expectations {
      let body =
        operation == .updateAttribute
        ? String(given.fragment.dropFirst().dropLast()) : #""a":\#(given.fragment)"#
      guard let expected else {
        #expect(
          expectRefusal { _ = try stored.applying(operation.operation(body)) }, "\(operation)")
        continue
      }
      let after = try stored.applying(operation.operation(body)).members
      let attribute = expected.isEmpty ? "" : #","a":\#(expected)"#
      #expect(try after == Entity(#""z":0\#(attribute)"#).members, "\(operation)")
    }
  }
}
