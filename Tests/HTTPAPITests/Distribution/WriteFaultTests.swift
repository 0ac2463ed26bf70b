import JSON
import TestSupport
import Testing

/// What a source does with a write, and what is told of it.
struct WriteFault: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let behaviour: RawSource.Behaviour
  /// The status in an answer for the one source that has everything.
  let gateway: Int
  /// The status in the errors of a 207.
  let reported: Int
  var timeout = 600_000

  init(_ title: String, _ behaviour: RawSource.Behaviour, _ gateway: Int, _ reported: Int) {
    testDescription = title
    self.behaviour = behaviour
    self.gateway = gateway
    self.reported = reported
    if case .stall = behaviour { timeout = 50 }
  }

  private static func status(_ status: String, _ gateway: Int, _ reported: Int) -> WriteFault {
    WriteFault("answers \(status)", .answer(httpAnswer("{}", status: status)), gateway, reported)
  }

  static let all = [
    WriteFault("hangs", .stall(after: []), 504, 504),
    WriteFault(
      "stops in its answer", .stall(after: httpHead(["HTTP/1.1 201 Created"])), 504, 504),
    WriteFault("resets", .reset, 502, 502),
    WriteFault("speaks no HTTP", .answer(Array("220 mail.example ESMTP\r\n".utf8)), 502, 502),
    WriteFault(
      "breaks off", .answer(httpAnswer("[1,2,3]", status: "201 Created").dropLast(2)), 502, 502),
    WriteFault(
      "floods",
      .flood(
        after: httpHead(["HTTP/1.1 201 Created"]), piece: [UInt8](repeating: 32, count: 65536)),
      502, 502),
    WriteFault(
      "redirects",
      .answer(httpAnswer("", status: "307 Temporary Redirect", "Location: /elsewhere")),
      502, 307),
    status("400 Bad Request", 502, 400),
    status("403 Forbidden", 502, 403),
    status("404 Not Found", 404, 404),
    status("500 Internal Server Error", 502, 500),
    status("508 Loop Detected", 508, 508),
  ]
}

@Suite("Writes where a Context Source goes wrong (6.3.17)")
struct WriteFaultTests {
  private static let whole = entity("urn:x:1", "Room", #""size":3,"name":"x""#)

  private func withRawSource(
    mode: String, _ attributes: String = "", timeout: Int = 600_000,
    _ body: (_ hub: TestClient, _ source: RawSource) async throws -> Void
  ) async throws {
    try await RawSource.run { raw in
      try await Federation.run { federation in
        try await federation.register(
          "raw", mode: mode, #""entities": [{"id": "urn:x:1", "type": "Room"}]\#(attributes)"#,
          endpoint: raw.url,
          """
          , "management": {"timeout": \(timeout)},
          "operations": ["redirectionOps", "createBatch", "upsertBatch"]
          """)
        try await body(federation.hub, raw)
      }
    }
  }

  @Test("for the one source that has everything this broker answers", arguments: WriteFault.all)
  func gateway(fault: WriteFault) async throws {
    try await withRawSource(mode: "redirect", timeout: fault.timeout) { hub, source in
      source.behave(fault.behaviour)
      let answer = try await hub.send("POST", "entities", Self.whole)
      #expect(answer.status == fault.gateway)
      #expect(answer.detail.contains("urn:r:raw"), "\(answer.text)")
      #expect(source.requests.count == 1)
    }
  }

  @Test("of several, what each did not do is told", arguments: WriteFault.all)
  func several(fault: WriteFault) async throws {
    for (mode, attributes) in [("inclusive", ""), ("exclusive", #", "propertyNames": ["size"]"#)] {
      try await withRawSource(mode: mode, attributes, timeout: fault.timeout) { hub, source in
        source.behave(fault.behaviour)
        let created = try await hub.send("POST", "entities", Self.whole)
        #expect(created.status == 207)
        #expect(created.json["success"] == json(#"["urn:x:1"]"#))
        try expectOneError(fault.reported, in: created)
        let updated = try await hub.send(
          "PATCH", "entities/urn:x:1/attrs", #"{"size":4,"name":"y"}"#)
        #expect(updated.status == 207)
        #expect(
          updated.json["updated"]?.elements.contains { $0.string?.hasSuffix("/name") == true }
            == true)
        let left = updated.json["notUpdated"]?.elements.map(\.self) ?? []
        #expect(left.contains { $0["registrationId"]?.string == "urn:r:raw" })
        #expect(left.allSatisfy { $0["registrationId"]?.string == "urn:r:raw" })
      }
    }
  }

  @Test("in a batch each Entity of the source has its error", arguments: WriteFault.all)
  func batch(fault: WriteFault) async throws {
    try await withRawSource(mode: "redirect", timeout: fault.timeout) { hub, source in
      source.behave(fault.behaviour)
      let other = entity("urn:x:2", "Room")
      let answer = try await hub.send(
        "POST", "entityOperations/upsert", "[\(Self.whole),\(other)]")
      #expect(answer.status == 207)
      #expect(answer.json["success"] == json(#"["urn:x:2"]"#))
      try expectOneError(fault.reported, in: answer)
    }
  }

  private func expectOneError(_ status: Int, in answer: TestResponse) throws {
    let errors = answer.json["errors"]?.elements.map(\.self) ?? []
    #expect(errors.count == 1, "\(answer.text)")
    let error = try #require(errors.first)
    #expect(error["entityId"]?.string == "urn:x:1")
    #expect(error["registrationId"]?.string == "urn:r:raw")
    #expect(error["error"]?["status"]?.integer == status)
  }

  @Test(
    "whatever stands in the body, a success is one",
    arguments: ["", "no JSON", "[[[[", #"{"errors":[{"entityId":"urn:x:1"}]}"#])
  func bodies(body: String) async throws {
    try await withRawSource(mode: "redirect") { hub, source in
      source.behave(.answer(httpAnswer(body, status: "201 Created")))
      for (path, body) in [
        ("entities", Self.whole), ("entityOperations/create", "[\(Self.whole)]"),
      ] {
        let answer = try await hub.send("POST", path, body)
        #expect(answer.status == 201)
      }
    }
  }

  @Test(
    "an Entity of which a source does not say that it succeeded did not",
    arguments: [
      ("", 207), ("no JSON", 207), ("{}", 207), ("[]", 207), (#"{"errors":"all"}"#, 207),
      (#"{"success":["urn:x:1"],"errors":[]}"#, 204),
      (#"{"success":["urn:x:1"],"errors":[{"entityId":"urn:x:9","error":{"status":400}}]}"#, 204),
      (#"{"success":[],"errors":[{"entityId":"urn:x:9","error":{"status":400}}]}"#, 207),
      (#"{"success":["urn:x:9"],"errors":[{"entityId":"urn:x:1","error":{}}]}"#, 207),
    ])
  func partial(body: String, status: Int) async throws {
    try await withRawSource(mode: "redirect") { hub, source in
      source.behave(.answer(httpAnswer(body, status: "207 Multi-Status")))
      let answer = try await hub.send("POST", "entityOperations/upsert", "[\(Self.whole)]")
      #expect(answer.status == status, "\(answer.text)")
      guard status == 207 else { return }
      let errors = answer.json["errors"]?.elements.map(\.self) ?? []
      #expect(errors.map { $0["entityId"]?.string } == ["urn:x:1"], "\(answer.text)")
    }
  }

  @Test("during its cooldown a source gets no writes, and they count as not answered")
  func cooldown() async throws {
    try await RawSource.run { source in
      try await Federation.run { federation in
        try await federation.register(
          "raw", mode: "redirect", endpoint: source.url,
          #", "management": {"timeout": 600000, "cooldown": 3600000}"#)
        let hub = federation.hub
        #expect(try await hub.send("POST", "entities", Self.whole).status == 502)
        source.behave(.answer(httpAnswer("", status: "201 Created")))
        #expect(try await hub.send("POST", "entities", Self.whole).status == 504)
        let batch = try await hub.send("POST", "entityOperations/upsert", "[\(Self.whole)]")
        try expectOneError(504, in: batch)
        #expect(source.requests.count == 1)
      }
    }
  }
}
