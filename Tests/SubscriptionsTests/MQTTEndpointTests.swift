import JSON
import NGSILD
import Subscriptions
import Testing

@Suite("MQTT endpoints")
struct MQTTEndpointTests {
  private func subscription(_ uri: String, _ members: String = "") throws -> Subscription {
    try parse(
      """
      {"id": "urn:s:1", "type": "Subscription", "watchedAttributes": ["a"],
       "notification": {"endpoint": {\(members)"uri": "\(uri)"}}}
      """)
  }

  @Test(
    "user, host, port and topic are read",
    arguments: [
      ("mqtt://h/t", nil, nil, "h", 1883, "t", false),
      ("mqtts://h/a/b/c", nil, nil, "h", 8883, "a/b/c", true),
      ("mqtt://u@h:1884/t", "u", nil, "h", 1884, "t", false),
      ("mqtt://u:p@h/t", "u", "p", "h", 1883, "t", false),
      ("mqtt://u%40x:p%3A:q@h/t%20u", "u@x", "p::q", "h", 1883, "t u", false),
      ("mqtt://[::1]:1884/t", nil, nil, "::1", 1884, "t", false),
    ] as [(String, String?, String?, String, UInt16, String, Bool)])
  func addresses(
    uri: String, user: String?, password: String?, host: String, port: UInt16, topic: String,
    isSecure: Bool
  ) throws {
    let endpoint = try #require(try subscription(uri).notification.endpoint.mqtt)
    #expect(endpoint.user == user && endpoint.password == password)
    #expect(endpoint.host == host && endpoint.port == port && endpoint.topic == topic)
    #expect(endpoint.isSecure == isSecure)
    #expect(endpoint.version == .v5 && endpoint.quality == .atMostOnce)
  }

  @Test("notifierInfo says version and quality of service")
  func notifierInfo() throws {
    let endpoint = try #require(
      try subscription(
        "mqtt://h/t",
        #"""
        "notifierInfo": [{"key": "MQTT-Version", "value": "mqtt3.1.1"},
          {"key": "MQTT-QoS", "value": "2"}, {"key": "other", "value": "x"}],
        """#
      ).notification.endpoint.mqtt)
    #expect(endpoint.version == .v311 && endpoint.quality == .exactlyOnce)
  }

  @Test(
    "what is no MQTT endpoint is refused",
    arguments: [
      ("mqtt://h", "", "topic"), ("mqtt://h/", "", "topic"), ("mqtt:///t", "", "host"),
      ("mqtt://h:x/t", "", "h:x"), ("mqtt://h:0/t", "", "h:0"), ("mqtt://h:70000/t", "", "h:70000"),
      ("mqtt://h/a/#", "", "a/#"), ("mqtt://h/+/a", "", "+/a"), ("mqtt://h/%zz", "", "%zz"),
      ("mqtt://%zz@h/t", "", "user"),
      ("mqtt://h/t", #""accept": "application/geo+json","#, "geo+json"),
      ("mqtt://h/t", #""notifierInfo": [{"key": "MQTT-QoS", "value": "3"}],"#, "'3'"),
      ("mqtt://h/t", #""notifierInfo": [{"key": "MQTT-Version", "value": "5"}],"#, "mqtt5.0"),
    ])
  func refusals(uri: String, members: String, names: String) throws {
    let error = #expect(throws: NGSILDError.self) { try subscription(uri, members) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains(names) == true, "\(error?.detail ?? "")")
  }

  @Test("header fields become metadata, and the notification stays as it is")
  func payload() throws {
    let compiled = CompiledSubscription(
      try subscription(
        "mqtt://h/t", #""receiverInfo": [{"key": "X", "value": "a\"b"}],"#), key: 1,
      tenantName: "north", context: .core)
    let text = String(decoding: compiled.mqttPayload(of: Array(#"{"id":1}"#.utf8)), as: UTF8.self)
    let link = try #require(compiled.headers.first { $0.name == "Link" }?.value)
      .replacing("\"", with: "\\\"")
    #expect(
      text == #"{"metadata":{"Content-Type":"application/json","Link":"\#(link)","#
        + #""NGSILD-Tenant":"north","X":"a\"b"},"body":{"id":1}}"#)
  }
}
