import JSON
import JSONLD
import NGSILD
import NGSILDQuery

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
    parameters.joinForm = try reader.word("join")
    parameters.joinLevel = try joinLevel(reader)
    parameters.projection = try projection(reader)
    try requireLinks(parameters.projection.linkDepth, within: parameters.join?.level)
    return parameters
  }

  private func joinLevel(_ reader: MemberReader) throws(NGSILDError) -> Int? {
    guard let level = try reader.integer("joinLevel") else { return nil }
    guard 1...Join.levelMax ~= level else {
      throw .badRequestData(
        "'notification.joinLevel' is \(level); a number from 1 to \(Join.levelMax) is expected")
    }
    return level
  }

  // MARK: Projection

  private func projection(_ reader: MemberReader) throws(NGSILDError) -> Projection {
    let attributes = try attributes(reader, "attributes") ?? []
    let pick = try terms(reader, "pick")
    let omit = try terms(reader, "omit")
    guard attributes.isEmpty || (pick == nil && omit == nil) else {
      throw .badRequestData("'notification.attributes' excludes 'pick' and 'omit'")
    }
    return try Projection(
      validating: attributes.map(EntityMember.attribute), pick: pick, omit: omit)
  }

  private func terms(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> ProjectionTerms? {
    guard let texts = try reader.strings(name) else { return nil }
    return try ProjectionTerms(parsing: texts, as: reader.title(name), expander: names)
  }

  // MARK: Endpoint

  /// Standard: GS CIM 009, 5.2.15.
  private func endpoint(_ value: JSONValue) throws(NGSILDError) -> NotificationEndpoint {
    let reader = try MemberReader(value, "notification.endpoint")
    guard let uri = try reader.string("uri") else {
      throw .badRequestData("'notification.endpoint.uri' is missing; a URL is expected")
    }
    var endpoint = NotificationEndpoint(uri: uri)
    endpoint.accept = try reader.word("accept")
    endpoint.timeout = try reader.positiveNumber("timeout")
    endpoint.cooldown = try reader.positiveNumber("cooldown")
    endpoint.receiverInfo = try reader.pairs("receiverInfo") ?? []
    for pair in endpoint.receiverInfo { try pair.requireHeader(of: "receiverInfo") }
    endpoint.notifierInfo = try reader.pairs("notifierInfo") ?? []
    if uri == NotificationEndpoint.stream { return endpoint }
    guard MQTTEndpoint.isMQTT(uri) else {
      try requireHTTPURL(uri, as: "'notification.endpoint.uri'")
      return endpoint
    }
    endpoint.mqtt = try MQTTEndpoint(parsing: uri, notifierInfo: endpoint.notifierInfo)
    guard endpoint.accept != .geoJSON else {
      throw .badRequestData(
        "'notification.endpoint.accept' is application/geo+json, which does not go by MQTT; "
          + "application/json or application/ld+json is expected")
    }
    return endpoint
  }
}

extension NotificationParameters.Format {
  var isSimplified: Bool { self == .simplified || self == .keyValues }
}
