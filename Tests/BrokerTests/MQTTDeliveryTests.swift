import EventLoop
import JSON
import NGSILD
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
      let process = try await BareBroker.start(on: loop, database)
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
      try await until("it failed") { try await process.record().timesFailed > 0 }
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

  @Test("a server that restarts loses nothing, and the order of each Entity holds")
  func restart() async throws {
    try await withDatabase { loop, database in
      // It is tried again when an operator wants it, which is when someone listens.
      let process = try await BareBroker.start(on: loop, database) {
        $0.delivery.endpoint.backOffMin = .seconds(3600)
        $0.delivery.endpoint.backOffMax = .seconds(3600)
      }
      let server = try MQTTServerProcess()
      let target = Target(url: "mqtt://127.0.0.1:\(server.port)/city/rooms")
      try await process.subscribe(
        to: target,
        endpoint: #""notifierInfo": [{"key": "MQTT-QoS", "value": "1"}], "timeout": 2000,"#)
      let rooms = (1...3).map { "urn:ngsi-ld:Room:\($0)" }
      try await process.write(rooms, times: 1)
      try await process.outboxIsEmpty()
      server.stop()
      for value in 1...10 { for room in rooms { try await process.update(room, value) } }
      try await until("it failed") { try await process.record().timesFailed > 1 }
      let again = try MQTTServerProcess(port: server.port)
      let subscriber = try MQTTSubscriber(to: again.port, on: loop)
      for view in try await process.broker.deliveries(of: "urn:s:1", in: 1, limit: 100).views {
        do throws(NGSILDError) {
          try await process.broker.retryDelivery(view.row.id, of: "urn:s:1", in: 1)
        } catch {
          // It went with one before it.
          #expect(error.kind == .resourceNotFound)
        }
      }
      var values: [String: [Int]] = [:]
      for _ in 1...30 {
        let message = try #require(await subscriber.next())
        let body = try JSONValue(parsing: message.payload)["body"]
        let entity = try #require(body?["data"]?.elements.first { _ in true })
        values[entity["id"]?.string ?? "", default: []].append(try Self.value(message) ?? -1)
      }
      #expect(values == Dictionary(uniqueKeysWithValues: rooms.map { ($0, Array(1...10)) }))
      try await process.outboxIsEmpty()
      subscriber.close()
      again.stop()
      await process.shutDown()
    }
  }

  private static func value(_ message: MQTTSubscriber.Message) throws -> Int? {
    try JSONValue(parsing: message.payload)["body"]?["data"]?.elements.first { _ in true }?[
      "level"]?["value"]?.integer
  }
}
