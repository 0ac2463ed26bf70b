import NGSILD

/// Where and how notifications go by MQTT.
///
/// Shape: `mqtt[s]://[user[:password]@]host[:port]/topic[/subtopic]*`; `MQTT-Version` and
/// `MQTT-QoS` in `notifierInfo`.
///
/// Choice: user, password and topic may be percent-encoded, as in any URI.
///
/// Standard: GS CIM 009, 7.2.
package struct MQTTEndpoint: Sendable, Hashable {
  package enum Version: String, Sendable, CaseIterable {
    case v311 = "mqtt3.1.1"
    case v5 = "mqtt5.0"
  }

  package enum Quality: String, Sendable, CaseIterable {
    case atMostOnce = "0"
    case atLeastOnce = "1"
    case exactlyOnce = "2"
  }

  package let isSecure: Bool
  package let user: String?
  package let password: String?
  package let host: String
  package let port: UInt16
  package let topic: String
  package private(set) var version = Version.v5
  package private(set) var quality = Quality.atMostOnce

  static func isMQTT(_ uri: String) -> Bool {
    uri.hasPrefix("mqtt://") || uri.hasPrefix("mqtts://")
  }

  /// - Throws: `badRequestData` with what is wrong; a password is never repeated.
  init(
    parsing uri: String, notifierInfo: [KeyValuePair]
  ) throws(NGSILDError) {
    isSecure = uri.hasPrefix("mqtts:")
    let rest = uri.dropFirst(isSecure ? 8 : 7)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash]
    let at = authority.lastIndex(of: "@")
    let userInfo = at.map { authority[..<$0] }
    (user, password) = try Self.user(userInfo)
    (host, port) = try Self.host(
      at.map { authority[authority.index(after: $0)...] } ?? authority,
      defaultPort: isSecure ? 8883 : 1883)
    topic = try Self.topic(rest[slash...].dropFirst())
    for pair in notifierInfo { try take(pair) }
  }

  private static func user(
    _ text: Substring?
  ) throws(NGSILDError) -> (user: String?, password: String?) {
    guard let text, !text.isEmpty else { return (nil, nil) }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let user = percentDecoded(parts[0]),
      let password = parts.count == 1 ? .some(nil) : percentDecoded(parts[1]).map(Optional.some)
    else {
      throw .badRequestData("The user of the MQTT endpoint is not percent-encoded UTF-8")
    }
    return (user, password)
  }

  private static func host(
    _ text: Substring, defaultPort: UInt16
  ) throws(NGSILDError) -> (host: String, port: UInt16) {
    var host = text
    var port: Substring?
    if text.first == "[", let end = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[end...].dropFirst()
      if rest.first == ":" { port = rest.dropFirst() }
    } else if let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      port = text[colon...].dropFirst()
    }
    let number = port.map { UInt16($0) } ?? defaultPort
    guard !host.isEmpty, let number, number > 0 else {
      throw .badRequestData(
        "The MQTT endpoint has the host and port '\(text.prefix(100))'; such as "
          + "broker.example:1883 is expected")
    }
    return (String(host), number)
  }

  private static func topic(_ text: Substring) throws(NGSILDError) -> String {
    guard let topic = percentDecoded(text), !topic.isEmpty, topic.utf8.count <= 65_535,
      !topic.utf8.contains(where: { $0 < 0x20 || "+#".utf8.contains($0) })
    else {
      throw .badRequestData(
        "The MQTT endpoint has the topic '\(text.prefix(100))'; levels without + and #, such as "
          + "city/air, are expected")
    }
    return topic
  }

  /// Choice: other keys are the receiver's own business and have no effect.
  private mutating func take(_ pair: KeyValuePair) throws(NGSILDError) {
    switch pair.key {
    case "MQTT-Version": version = try Self.word(pair)
    case "MQTT-QoS": quality = try Self.word(pair)
    default: break
    }
  }

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ pair: KeyValuePair
  ) throws(NGSILDError) -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: pair.value) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badRequestData(
        "'\(pair.key)' in 'notifierInfo' is '\(pair.value.prefix(100))'; one of \(words) is "
          + "expected")
    }
    return word
  }
}
