import Broker
import EventLoop
import JSON
import NGSILD
import Subscriptions
import Testing

@Suite("Conditions that the database decides", .serialized)
struct DatabaseConditionTests {
  private func withProcess(
    _ body: @escaping @Sendable (BareBroker, Receiver) async throws -> Void
  ) async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database)
      let receiver = try Receiver(on: loop)
      try await body(process, receiver)
      await process.shutDown()
      await receiver.close()
    }
  }

  private func create(_ process: BareBroker, _ id: String, _ members: String) async throws {
    let fragment = try FragmentParser(context: .core, rules: .complete).entity(
      JSONValue(parsing: #"{"type": "Room", \#(members)}"#))
    _ = try await process.broker.perform(.create(fragment), on: id, in: BareBroker.tenant)
  }

  @Test("geoQ selects by place, whichever relation and GeoProperty")
  func places() async throws {
    try await withProcess { process, receiver in
      let square = "[[[0,0],[0,2],[2,2],[2,0],[0,0]]]"
      let queries = [
        ("near", #""georel":"near;maxDistance==1000","geometry":"Point","coordinates":[1,1]"#),
        ("far", #""georel":"near;minDistance==1000","geometry":"Point","coordinates":[1,1]"#),
        ("in", #""georel":"within","geometry":"Polygon","coordinates":\#(square)"#),
        ("out", #""georel":"disjoint","geometry":"Polygon","coordinates":"\#(square)""#),
        (
          "other",
          #""georel":"equals","geometry":"Point","coordinates":[1,1],"geoproperty":"place""#
        ),
      ]
      for (name, query) in queries {
        try await process.subscribe(
          to: receiver, id: "urn:s:\(name)", members: #""geoQ": {\#(query)},"#)
      }
      func point(_ name: String, _ position: String) -> String {
        #""\#(name)": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": \#(position)}}"#
      }
      try await create(process, "urn:ngsi-ld:Room:here", point("location", "[1,1]"))
      try await create(process, "urn:ngsi-ld:Room:there", point("location", "[9,9]"))
      try await create(process, "urn:ngsi-ld:Room:placed", point("place", "[1,1]"))
      try await receiver.received(5)
      try await process.outboxIsEmpty()
      let told = Set(
        receiver.received.map {
          "\($0.body["subscriptionId"]?.string ?? "") \($0.entityID)"
            .replacing("urn:s:", with: "").replacing("urn:ngsi-ld:Room:", with: "")
        })
      #expect(told == ["near here", "far there", "in here", "out there", "other placed"])
      #expect(receiver.received.count == 5)
    }
  }

  @Test(
    "q follows Relationships, also to what the same request wrote, and join tells linked Entities")
  func links() async throws {
    try await withProcess { process, receiver in
      try await process.subscribe(
        to: receiver, id: "urn:s:q", members: #""q": "in{name}==\"A\"","#)
      try await process.subscribe(
        to: receiver, id: "urn:s:flat", notification: #""join": "flat", "format": "simplified","#)
      try await process.subscribe(
        to: receiver, id: "urn:s:inline",
        notification: #""join": "inline", "format": "simplified", "pick": ["in{name}"],"#)
      try await create(process, "urn:ngsi-ld:House:1", #""name": "A""#)
      try await create(process, "urn:ngsi-ld:House:2", #""name": "B""#)
      try await receiver.received(4)
      for house in [1, 2] {
        try await create(
          process, "urn:ngsi-ld:Room:\(house)",
          #""in": {"type": "Relationship", "object": "urn:ngsi-ld:House:\#(house)"}"#)
      }
      try await receiver.received(9)
      try await process.outboxIsEmpty()
      let rooms = receiver.received.dropFirst(4)
      func data(_ subscription: String) -> [String] {
        rooms.filter { $0.body["subscriptionId"]?.string == "urn:s:\(subscription)" }
          .compactMap { $0.body["data"]?.rawText }.sorted()
      }
      #expect(data("q").count == 1 && data("q")[0].contains("Room:1"))
      #expect(data("flat").count == 2)
      #expect(data("flat")[0].hasSuffix(#"{"id":"urn:ngsi-ld:House:1","type":"Room","name":"A"}]"#))
      #expect(data("inline") == [#"[{"in":{"name":"A"}}]"#, #"[{"in":{"name":"B"}}]"#])
      #expect(rooms.count == 5)
    }
  }
}
