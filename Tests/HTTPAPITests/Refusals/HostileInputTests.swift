import JSON
import TestSupport
import Testing

/// Input that calculation, reading back or writing must not stumble over: each would end the
/// process.
@Suite("Hostile input")
struct HostileInputTests {
  private func withReceiver(
    _ body: (TestClient, ContextServer, _ address: String) async throws -> Void
  ) async throws {
    try await ContextServer.run { server, address in
      server.set("/told", "")
      try await withTestTenant { try await body($0, server, address) }
    }
  }

  private func subscription(
    to address: String, _ members: String = "", endpoint: String = "", notification: String = ""
  ) -> String {
    """
    {"id":"urn:s:1","type":"Subscription","entities":[{"type":"Room"}]\(members),
    "notification":{"endpoint":{"uri":"\(address)/told"\(endpoint)}\(notification)}}
    """
  }

  @Test(
    "times that no calendar has stand for ever",
    arguments: [
      (#","throttling":1e300"#, ""), (#","timeInterval":1e300"#, ""),
      ("", #","timeout":1e300"#), ("", #","cooldown":1e300"#), ("", #","timeout":1e16"#),
    ])
  func times(members: String, endpoint: String) async throws {
    try await withReceiver { client, server, address in
      try await client.create(entity("urn:x:0", "Room", #""level":1"#))
      let created = try await client.send(
        "POST", "subscriptions", subscription(to: address, members, endpoint: endpoint))
      #expect(created.status == 201, "\(created.text)")
      try await client.create(entity("urn:x:1", "Room", #""level":1"#))
      try await until("a notification comes") { server.requests(of: "/told") >= 1 }
    }
  }

  @Test("so do those of a Context Source", arguments: ["timeout", "cooldown"])
  func sourceTimes(member: String) async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "Room", #""level":1"#))
      let registration = """
        {"id":"urn:r:1","type":"ContextSourceRegistration","endpoint":"http://127.0.0.1:9",
        "information":[{"entities":[{"type":"Room"}]}],"management":{"\(member)":1e300}}
        """
      #expect(
        try await client.send("POST", "csourceRegistrations", registration).status == 201)
      for _ in 1...2 {
        let answer = try await client.send("GET", "entities?type=Room")
        #expect(answer.ids == ["urn:x:1"])
      }
    }
  }

  @Test("a sub-Attribute that is called as the tag of a translation gives way to it")
  func translation() async throws {
    try await withReceiver { client, server, address in
      let created = try await client.send(
        "POST", "subscriptions",
        subscription(to: address, #","lang":"en","throttling":0.1"#))
      #expect(created.status == 201, "\(created.text)")
      try await client.create(
        entity("urn:x:1", "Room", #""name":{"languageMap":{"en":"x","de":"y"},"lang":"z"}"#))
      for text in ["a", "b", "c"] {
        _ = try await client.send(
          "PATCH", "entities/urn:x:1/attrs",
          #"{"name":{"type":"LanguageProperty","languageMap":{"en":"\#(text)"},"lang":"z"}}"#)
      }
      try await until("the last one comes") {
        server.bodies(of: "/told").contains { body in
          json(String(decoding: body, as: UTF8.self))["data"]?.elements.first { _ in true }?[
            "name"]?[
              "value"]?.isString("c") ?? false
        }
      }
      let shown = try await client.send("GET", "entities/urn:x:1?lang=en").json["name"]
      #expect(shown?["lang"]?.isString("en") == true)
      let plain = try await client.send("GET", "entities/urn:x:1").json["name"]
      #expect(plain?["lang"]?["value"]?.isString("z") == true)
    }
  }

  @Test(
    "what is refused",
    arguments: [
      ("PATCH", "temporal/entities/urn:x:1/attrs/type/urn:i:1", #"{"type":["T"]}"#),
      ("PATCH", "temporal/entities/urn:x:1/attrs/scope/urn:i:1", #"{"scope":["/a"]}"#),
      ("PATCH", "entities/urn:x:1?lang=%00", #"{"name":"x"}"#),
      ("PATCH", "entities/urn:x:1?lang=@x", #"{"name":"x"}"#),
      ("GET", "entities?type=Room&q=name==%22%00%22", nil),
      (
        "POST", "csourceRegistrations",
        #"""
        {"id":"urn:r:1","type":"ContextSourceRegistration","endpoint":"http://127.0.0.1:9",
        "information":[{"entities":[{"type":["urn:ngsi-ld:null"]}]}]}
        """#
      ),
      (
        "POST", "csourceRegistrations",
        #"""
        {"id":"urn:r:1","type":"ContextSourceRegistration","endpoint":"http://127.0.0.1:9",
        "information":[{"entities":[{"type":"Room"}]}],"ngsi-ld:endpoint":"x"}
        """#
      ),
    ] as [(String, String, String?)])
  func refusals(method: String, target: String, body: String?) async throws {
    try await withTestTenant { client in
      try await client.create(
        entity("urn:x:1", "Room", #""name":{"languageMap":{"en":"x","de":"y"}}"#))
      let answer = try await client.send(method, target, body)
      #expect(answer.status == 400, "\(answer.text)")
    }
  }

  @Test("aggregates that are no numbers any more are refused, others are told")
  func aggregates() async throws {
    try await withTestTenant { client in
      let instances = (1...2).map {
        #"{"type":"Property","value":1.7e308,"observedAt":"2020-01-0\#($0)T00:00:00Z"}"#
      }
      let made = try await client.send(
        "POST", "temporal/entities",
        entity("urn:x:1", "Room", #""level":[\#(instances.joined(separator: ","))]"#))
      #expect(made.status == 201, "\(made.text)")
      let target =
        "temporal/entities/urn:x:1?format=aggregatedValues&aggrPeriodDuration=PT0S&aggrMethods="
      #expect(try await client.send("GET", "\(target)max").status == 200)
      let sum = try await client.send("GET", "\(target)sum")
      #expect(sum.status == 403, "\(sum.text)")
      #expect(sum.errorType == "TooComplexQuery")
    }
  }

  @Test("counts of Context Sources add up, whatever they are")
  func counts() async throws {
    try await withReceiver { client, server, address in
      try await client.create(entity("urn:x:1", "Room", #""level":1"#))
      let most = "\(Int.max)"
      server.set(
        "/ngsi-ld/v1/types/Room",
        #"""
        {"id":"https://uri.etsi.org/ngsi-ld/default-context/Room","type":"EntityTypeInfo",
        "typeName":"Room","entityCount":\#(most),"attributeDetails":[
        {"attributeName":"level","attributeTypes":["Property"],"attributeCount":\#(most)},
        {"attributeName":"level","attributeTypes":["Property"],"attributeCount":\#(most)}]}
        """#)
      let registration = """
        {"id":"urn:r:1","type":"ContextSourceRegistration","endpoint":"\(address)",
        "operations":["retrieveOps","federationOps"],
        "information":[{"entities":[{"type":"Room"}]}]}
        """
      #expect(
        try await client.send("POST", "csourceRegistrations", registration).status == 201)
      let found = try await client.send("GET", "types/Room")
      #expect(found.json["entityCount"]?.integer ?? 0 > 1 << 30, "\(found.text)")
    }
  }

  @Test("an Entity that grows beyond what can be read as a whole is refused, and stays")
  func size() async throws {
    try await withTestTenant { client in
      let text = String(repeating: "x", count: 9 << 20)
      try await client.create(entity("urn:x:1", "Room", "\"a\":\"\(text)\""))
      for (name, status) in [("b", 204), ("c", 204), ("d", 413)] {
        let answer = try await client.send(
          "POST", "entities/urn:x:1/attrs", "{\"\(name)\":\"\(text)\"}")
        #expect(answer.status == status, "\(name): \(answer.text.prefix(300))")
      }
      #expect(try await client.send("GET", "entities/urn:x:1?pick=c,d").json["d"] == nil)
      #expect(try await client.send("DELETE", "entities/urn:x:1").status == 204)
    }
  }
}
