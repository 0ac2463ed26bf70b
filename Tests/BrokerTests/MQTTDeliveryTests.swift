import EventLoop
import JSON
import Subscriptions
import TestSupport
import Testing

@Suite("Delivery by MQTT, with a real server", .serialized)
struct MQTTDeliveryTests {
  private struct Target: Endpoint {
    let url: String
  }

  @Test("changes arrive, and those from while the server was away are delivered once it is back")
  func outage() async throws {
    try await withDatabase { loop, database in
      let process = try await TestBroker.start(on: loop, database)
      let server = try MQTTServerProcess()
      let subscriber = try MQTTSubscriber(to: server.port, on: loop)
      let target = Target(url: "mqtt://127.0.0.1:\(server.port)/city/rooms")
      try await process.subscribe(
        to: target,
        endpoint: #""notifierInfo": [{"key": "MQTT-QoS", "value": "1"}], "timeout": 2000,"#)
      try await process.create("urn:ngsi-ld:Room:1", 0)
      let first = try #require(await subscriber.next())
      #expect(first.topic == "city/rooms")
      #expect(try Self.value(first) == 0)
      try await process.outboxIsEmpty()
      subscriber.close()
      server.stop()
      try await process.update("urn:ngsi-ld:Room:1", 1)
      try await process.update("urn:ngsi-ld:Room:1", 2)
      try await process.loop.until("it failed") { try await process.record().timesFailed > 0 }
      let again = try MQTTServerProcess(port: server.port)
      // The server has acknowledged both.
      try await process.outboxIsEmpty()
      #expect(try await process.record().isOK == true)
      let second = try MQTTSubscriber(to: again.port, on: loop)
      try await process.update("urn:ngsi-ld:Room:1", 3)
      #expect(try Self.value(#require(await second.next())) == 3)
      second.close()
      again.stop()
      await process.shutDown()
    }
  }

  private static func value(_ message: MQTTSubscriber.Message) throws -> Int? {
    try JSONValue(parsing: message.payload)["body"]?["data"]?.elements.first { _ in true }?[
      "level"]?["value"]?.integer
  }
}
