import JSON

extension CompiledSubscription {
  package var mqtt: MQTTEndpoint? { subscription.notification.endpoint.mqtt }

  /// A notification as one MQTT message: what HTTP has as header fields is `metadata`.
  ///
  /// Standard: GS CIM 009, 7.2.
  ///
  /// - Parameters:
  ///   - body: the notification, a JSON object.
  ///   - fields: what goes with it beside `headers`.
  package func mqttPayload(
    of body: [UInt8], _ fields: [(name: String, value: String)] = []
  ) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: body.count + 512)
    writer.beginObject()
    writer.name("metadata")
    writer.beginObject()
    var written: Set<String> = []
    for (name, value) in headers + fields where written.insert(name).inserted {
      writer.name(name)
      writer.string(value)
    }
    writer.endObject()
    writer.name("body")
    writer.raw(body)
    writer.endObject()
    return writer.bytes
  }
}
