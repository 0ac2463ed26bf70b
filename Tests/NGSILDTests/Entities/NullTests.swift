import JSON
import NGSILD
import Testing

@Suite("Where the NGSI-LD Null is accepted (4.5.0, 5.5.4)")
struct NullTests {
  enum Position: String, CaseIterable, Sendable {
    case attribute = #""urn:ngsi-ld:null""#
    case value = #"{"type":"Property","value":"urn:ngsi-ld:null"}"#
    case conciseValue = #"{"value":"urn:ngsi-ld:null"}"#
    case object = #"{"object":"urn:ngsi-ld:null"}"#
    case vocab = #"{"vocab":"urn:ngsi-ld:null"}"#
    case json = #"{"json":"urn:ngsi-ld:null"}"#
    case languageMap = #"{"languageMap":{"@none":"urn:ngsi-ld:null"}}"#
    case valueList = #"{"valueList":"urn:ngsi-ld:null"}"#
    case valueListOfOne = #"{"valueList":["urn:ngsi-ld:null"]}"#
    case objectList = #"{"objectList":["urn:ngsi-ld:null"]}"#
    case subAttribute = #"{"value":1,"s":"urn:ngsi-ld:null"}"#
    case unitCode = #"{"value":1,"unitCode":"urn:ngsi-ld:null"}"#
    case observedAt = #"{"value":1,"observedAt":"urn:ngsi-ld:null"}"#
    case keyInValue = #"{"value":{"x":"urn:ngsi-ld:null"}}"#
    case deepKeyInValue = #"{"value":{"x":{"y":"urn:ngsi-ld:null"}}}"#
    case language = #"{"languageMap":{"en":"urn:ngsi-ld:null","fr":"x"}}"#
    case elementOfValue = #"{"value":[1,"urn:ngsi-ld:null"]}"#
    case elementOfList = #"{"valueList":[1,"urn:ngsi-ld:null"]}"#
    case elementOfObject = #"{"object":["urn:x:2","urn:ngsi-ld:null"]}"#
    case elementOfVocab = #"{"vocab":["x","urn:ngsi-ld:null"]}"#
    case elementOfLanguage = #"{"languageMap":{"en":["x","urn:ngsi-ld:null"]}}"#
    case datasetId = #"{"value":1,"datasetId":"urn:ngsi-ld:null"}"#
    case type = #"{"value":1,"type":"urn:ngsi-ld:null"}"#
    case insideJSON = #"{"json":{"x":"urn:ngsi-ld:null"}}"#

    /// The rules under which it is accepted.
    var accepted: [FragmentRules] {
      switch self {
      case .attribute, .value, .conciseValue, .object, .vocab, .json, .languageMap, .valueList,
        .valueListOfOne, .objectList, .subAttribute, .unitCode, .observedAt:
        [.update, .partial, .merge]
      case .keyInValue, .deepKeyInValue, .language: [.merge]
      case .elementOfValue, .elementOfList, .elementOfObject, .elementOfVocab, .elementOfLanguage,
        .datasetId, .type:
        []
      case .insideJSON: [.complete, .update, .partial, .merge]
      }
    }
  }

  @Test("in an Attribute", arguments: Position.allCases)
  func attribute(position: Position) {
    for rules: FragmentRules in [.complete, .update, .partial, .merge] {
      let isRefused = expectRefusal { _ = try parseAttribute(position.rawValue, rules) }
      #expect(isRefused != position.accepted.contains(rules), "\(rules)")
    }
  }

  @Test(
    "in an Entity",
    arguments: [
      ("id", false), ("type", false), ("scope", true), ("expiresAt", true),
    ])
  func entity(member: String, isDeletable: Bool) {
    let body = #"{"\#(member)":"urn:ngsi-ld:null"}"#
    for rules: FragmentRules in [.complete, .update, .merge, .simplifiedMerge] {
      let isAccepted = isDeletable && rules != .complete
      #expect(expectRefusal { _ = try parse(body, rules) } != isAccepted, "\(rules)")
    }
  }

  @Test("what looks like a list of a Null, but is none, is refused")
  func lookalikes() {
    for value in [#"{"valueList":{"x":1}}"#, #"{"objectList":{"x":1}}"#, #"{"valueList":[]}x"#] {
      #expect(throws: (any Error).self) { try parseAttribute(value, .merge) }
    }
  }
}
