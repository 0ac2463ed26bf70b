import JSON
import JSONLD
import NGSILD

extension SubscriptionParser {
  /// Standard: GS CIM 009, 5.2.14.
  func notification(_ reader: MemberReader) throws(NGSILDError) -> NotificationParameters {
    guard let value = try reader.value("notification") else {
      throw .badRequestData("'notification' is missing; an object with an endpoint is expected")
    }
    let reader = try MemberReader(value, "notification")
    guard let endpoint = try reader.value("endpoint") else {
      throw .badRequestData("'notification.endpoint' is missing; an object with a uri is expected")
    }
    var parameters = NotificationParameters(endpoint: try self.endpoint(endpoint))
    parameters.format = try reader.word("format")
    parameters.sysAttrs = try reader.boolean("sysAttrs")
    parameters.showChanges = try reader.boolean("showChanges")
    if parameters.showChanges == true, parameters.format?.isSimplified == true {
      throw .badRequestData(
        "'notification.showChanges' and the simplified format exclude each other")
    }
    parameters.projection = try projection(reader)
    try refuseJoin(reader)
    return parameters
  }

  private func refuseJoin(_ reader: MemberReader) throws(NGSILDError) {
    enum Join: String, CaseIterable {
      case flat, inline
      case none = "@none"
    }
    let join: Join? = try reader.word("join")
    guard let join, join != .none else { return }
    throw reader.notImplemented("'notification.join'")
  }

  // MARK: Projection

  private func projection(
    _ reader: MemberReader
  ) throws(NGSILDError) -> NotificationParameters.Projection {
    let attributes = try attributes(reader, "attributes")
    let pick = try projectedMembers(reader, "pick")
    let omit = try projectedMembers(reader, "omit")
    switch (attributes, pick, omit) {
    case (nil, nil, nil): return .all
    case (let attributes?, nil, nil): return .attributes(attributes)
    case (nil, let pick?, nil): return .pick(pick)
    case (nil, nil, let omit?): return .omit(omit)
    default: break
    }
    guard attributes == nil else {
      throw .badRequestData("'notification.attributes' excludes 'pick' and 'omit'")
    }
    if let twice = pick?.first(where: { omit?.contains($0) ?? false }) {
      throw .badRequestData("'pick' and 'omit' of 'notification' both name '\(twice)'")
    }
    throw reader.notImplemented("'notification.pick' together with 'omit'")
  }

  private func projectedMembers(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [ProjectedMember]? {
    guard let texts = try reader.strings(name) else { return nil }
    var members: [ProjectedMember] = []
    for text in texts {
      guard !text.contains("{") else {
        throw reader.notImplemented("A projection of linked Entities in \(reader.title(name))")
      }
      if let member = NGSILD.CoreMember.projectable[text] {
        members.append(.core(member))
      } else {
        members.append(.attribute(try attribute(text, in: reader.title(name))))
      }
    }
    return members
  }

  // MARK: Endpoint

  /// Standard: GS CIM 009, 5.2.15.
  private func endpoint(_ value: JSONValue) throws(NGSILDError) -> NotificationEndpoint {
    let reader = try MemberReader(value, "notification.endpoint")
    guard let uri = try reader.string("uri") else {
      throw .badRequestData("'notification.endpoint.uri' is missing; a URL is expected")
    }
    if uri.hasPrefix("mqtt://") || uri.hasPrefix("mqtts://") {
      throw reader.notImplemented("An MQTT endpoint")
    }
    try requireHTTP(uri, as: "'notification.endpoint.uri'")
    var endpoint = NotificationEndpoint(uri: uri)
    endpoint.accept = try reader.word("accept")
    endpoint.timeout = try reader.positiveNumber("timeout")
    endpoint.cooldown = try reader.positiveNumber("cooldown")
    endpoint.receiverInfo = try pairs(reader, "receiverInfo")
    for pair in endpoint.receiverInfo { try requireHeader(pair, reader) }
    endpoint.notifierInfo = try pairs(reader, "notifierInfo")
    return endpoint
  }

  /// Standard: KeyValuePair (GS CIM 009, 5.2.22).
  private func pairs(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [NotificationEndpoint.Pair] {
    guard let value = try reader.value(name) else { return [] }
    guard value.isArray else { throw reader.expected("an array of key-value pairs", name, value) }
    var pairs: [NotificationEndpoint.Pair] = []
    for element in value.elements {
      guard let key = element["key"]?.string, let value = element["value"]?.string else {
        // Not repeated in the answer: it may be a secret.
        throw .badRequestData(
          "\(reader.title(name)) has an element without the strings 'key' and 'value'")
      }
      pairs.append(NotificationEndpoint.Pair(key: key, value: value))
    }
    return pairs
  }

  private func requireHeader(
    _ pair: NotificationEndpoint.Pair, _ reader: MemberReader
  ) throws(NGSILDError) {
    guard !pair.key.isEmpty, pair.key.utf8.allSatisfy(isHeaderNameByte) else {
      throw .badRequestData(
        "The key '\(pair.key.prefix(100))' of 'receiverInfo' is no name of a header field")
    }
    guard pair.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
      throw .badRequestData(
        "The value of '\(pair.key)' in 'receiverInfo' has a control character")
    }
    guard pair.value != "urn:ngsi-ld:request" else {
      throw reader.notImplemented("'urn:ngsi-ld:request' in 'receiverInfo'")
    }
    guard pair.key.lowercased() != "link" else {
      throw reader.notImplemented("'Link' in 'receiverInfo'")
    }
  }
}

/// Whether a byte may stand in the name of a header field: a token's (RFC 9110, 5.6.2).
private func isHeaderNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

extension NotificationParameters.Format {
  var isSimplified: Bool { self == .simplified || self == .keyValues }
}

extension NGSILD.CoreMember {
  /// Members of an Entity that `pick` and `omit` may name beside Attributes.
  static let projectable: [String: NGSILD.CoreMember] = [
    "id": .id, "type": .type, "scope": .scope, "createdAt": .createdAt,
    "modifiedAt": .modifiedAt, "expiresAt": .expiresAt,
  ]
}

extension ProjectedMember: CustomStringConvertible {
  package var description: String {
    switch self {
    case .core(let member): "\(member.term)"
    case .attribute(let iri): iri.text
    }
  }
}
