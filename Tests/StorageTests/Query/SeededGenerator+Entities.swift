import TestSupport

/// Random Entities over few names and values, so that random queries meet them.
extension SeededGenerator {
  static let attributeNames = ["a", "b", "c", "d"]
  static let typeNames = ["T", "U", "V"]
  static let scopeLevels = ["x", "y", "z"]
  static let strings = [
    "", "a", "ab", "abc", "b", "A", "é", "z", "10", "true", "2020-01-01", "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00.0Z", "2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00,50Z",
    "2021-06-01T12:00:00Z", "2021-06-01", "12:00:00Z", "12:00:00.5Z", "12:00:00.50Z", "2020-13-01",
    "urn:x:1", "x y", "a\\\"b", "a\\nb", "😀", "\\u0061b", "2020",
  ]
  static let numbers = ["0", "1", "1.0", "-1", "2", "2.5", "1e1", "10", "100", "-0.5", "0.1"]

  /// - Parameter type: nil for one or two at random.
  mutating func entity(_ id: String, _ type: String? = nil) -> String {
    var members = ["\"id\":\"\(id)\""]
    let types = type.map { [$0] } ?? Set(list(1...2) { $0.pick(Self.typeNames) }).sorted()
    members.append("\"type\":[\(types.map { "\"\($0)\"" }.joined(separator: ","))]")
    if chance(50) {
      let scopes = Set(list(1...2) { $0.scope() }).sorted()
      members.append("\"scope\":[\(scopes.map { "\"\($0)\"" }.joined(separator: ","))]")
    }
    if chance(15) { members.append("\"expiresAt\":\"\(expiry())\"") }
    for name in Self.attributeNames where chance(60) {
      members.append("\"\(name)\":\(attribute(depth: 2))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func scope() -> String {
    (chance(80) ? "/" : "") + list(1...3) { $0.pick(Self.scopeLevels) }.joined(separator: "/")
  }

  private mutating func expiry() -> String {
    chance(50) ? "2020-01-01T00:00:00Z" : "2100-01-01T00:00:00Z"
  }

  private mutating func attribute(depth: Int) -> String {
    guard chance(25) else { return instance(depth: depth, dataset: nil) }
    let datasets: [String?] = [nil, "urn:d:1", "urn:d:2"]
    let present = datasets.filter { _ in chance(60) }
    let instances = present.map { instance(depth: depth, dataset: $0) }
    return instances.isEmpty
      ? instance(depth: depth, dataset: nil) : "[\(instances.joined(separator: ","))]"
  }

  private mutating func instance(depth: Int, dataset: String?) -> String {
    var members: [String]
    switch number(0...13) {
    case 0, 13:
      let object = chance(60) ? "\"\(target())\"" : #"["\#(target())","\#(target())"]"#
      members = [#""type":"Relationship","object":\#(object)"#]
      if chance(40) { members.append(#""objectType":"\#(pick(Self.typeNames))""#) }
    case 1: members = [#""type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}"#]
    case 2: members = [#""type":"LanguageProperty","languageMap":\#(languageMap())"#]
    case 3:
      let vocab = chance(60) ? "\"\(pick(["a", "b"]))\"" : #"["a","urn:x:1"]"#
      members = [#""type":"VocabProperty","vocab":\#(vocab)"#]
    case 4:
      members = [
        #""type":"ListProperty","valueList":[\#(list(0...3) { $0.value(depth: 1) }.joined(separator: ","))]"#
      ]
    case 5, 12:
      members = [#""type":"ListRelationship","objectList":["\#(target())","\#(target())"]"#]
    case 6:
      members = [
        #""type":"JsonProperty","json":\#(chance(70) ? object(depth: 2) : "[1,\"ab\",{\"k\":2}]")"#
      ]
    default: members = [#""type":"Property","value":\#(value(depth: 2))"#]
    }
    if let dataset { members.append(#""datasetId":"\#(dataset)""#) }
    if chance(20) { members.append(#""observedAt":"\#(instant())""#) }
    if chance(15) { members.append(#""expiresAt":"\#(expiry())""#) }
    if members[0].contains("\"Property\""), chance(20) {
      members.append(#""unitCode":"\#(pick(["a", "KMH"]))""#)
    }
    if depth > 0 {
      for name in ["s", "b"] where chance(15) {
        members.append("\"\(name)\":\(attribute(depth: depth - 1))")
      }
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// The id of an Entity; sometimes of none.
  private mutating func target() -> String {
    chance(40) ? pick(["urn:x:1", "urn:x:2"]) : "urn:x:\(number(0...170))"
  }

  private mutating func languageMap() -> String {
    let tags = Set(list(1...3) { $0.pick(["en", "fr", "@none"]) }).sorted()
    let texts = tags.map { tag in
      let text =
        chance(70)
        ? "\"\(pick(Self.strings))\"" : "[\"\(pick(Self.strings))\",\"\(pick(Self.strings))\"]"
      return "\"\(tag)\":\(text)"
    }
    return "{\(texts.joined(separator: ","))}"
  }

  mutating func instant() -> String {
    pick(Self.strings.filter { $0.contains("T") && !$0.contains(",") })
  }

  private mutating func value(depth: Int) -> String {
    switch number(0...(depth > 0 ? 9 : 5)) {
    case 0, 1: pick(Self.numbers)
    case 2...4: "\"\(pick(Self.strings))\""
    case 5: pick(["true", "false"])
    case 6, 7: "[\(list(0...3) { $0.value(depth: depth - 1) }.joined(separator: ","))]"
    case 8: #"{"@type":"DateTime","@value":"\#(instant())"}"#
    default: object(depth: depth - 1)
    }
  }

  private mutating func object(depth: Int) -> String {
    let names = ["k", "l", "m"].filter { _ in chance(60) }
    return "{\(names.map { "\"\($0)\":\(value(depth: depth))" }.joined(separator: ","))}"
  }
}
