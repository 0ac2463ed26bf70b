import JSON
import TestSupport
import Testing

@Suite("Reads where a Context Source goes wrong (6.3.17)")
struct SourceFaultTests {
  /// Runs `body` with a hub that has `urn:x:1` and two sources: one that has `urn:x:2`, and a raw
  /// one that is `urn:r:raw`.
  private func withRawSource(
    _ management: String,
    _ body: (_ hub: TestClient, _ source: RawSource) async throws -> Void
  ) async throws {
    try await RawSource.run { raw in
      try await Federation.run { federation in
        try await federation.hub.create(entity("urn:x:1", "Room"))
        try await federation.source(
          "good", #""entities": [{"type": "Room"}]"#, #", "management": {"timeout": 600000}"#
        ) { good in
          try await good.create(entity("urn:x:2", "Room"))
          try await federation.register(
            "raw", endpoint: raw.url, #", "tenant": "north", "management": {\#(management)}"#)
          try await body(federation.hub, raw)
        }
      }
    }
  }

  private static let rooms = "entities?type=Room"
  private static let good = httpAnswer("[\(entity("urn:x:3", "Room"))]")

  @Test(
    "the answer is complete but for the source, which a warning names",
    arguments: SourceFault.all)
  func fault(_ fault: SourceFault) async throws {
    try await withRawSource(#""timeout": \#(fault.timeout)"#) { hub, source in
      source.behave(fault.behaviour)
      for path in [Self.rooms, "entities/urn:x:2?type=Room"] {
        let answer = try await hub.send("GET", path)
        #expect(answer.status == 200)
        #expect(
          Set(answer.ids).isSuperset(of: path == Self.rooms ? ["urn:x:1", "urn:x:2"] : ["urn:x:2"]))
        let warnings = answer.all("NGSILD-Warning")
        #expect(warnings.count == 1, "\(warnings)")
        #expect(warnings.first?.hasPrefix("\(fault.warning) ") == true, "\(warnings)")
        #expect(warnings.first?.contains("urn:r:raw") == true, "\(warnings)")
      }
      #expect(!source.requests.contains { $0.target == "/elsewhere" })
    }
  }

  @Test(
    "lists of types and Attributes are complete but for the source",
    arguments: SourceFault.some, ["types", "attributes"])
  func discovery(_ fault: SourceFault, path: String) async throws {
    try await RawSource.run { source in
      try await Federation.run { federation in
        try await federation.register(
          "raw", endpoint: source.url,
          """
          , "operations": ["federationOps"], "management": {"timeout": \(fault.timeout)}
          """)
        source.behave(fault.behaviour)
        let answer = try await federation.hub.send("GET", path)
        #expect(answer.status == 200)
        let warnings = answer.all("NGSILD-Warning")
        #expect(warnings.map { $0.prefix(4) } == ["\(fault.warning) "])
      }
    }
  }

  @Test("of a flood no more is read than an answer may have", arguments: SourceFault.ofSize)
  func flood(_ fault: SourceFault) async throws {
    try await withRawSource("") { hub, source in
      source.behave(fault.behaviour)
      _ = try await hub.send("GET", Self.rooms)
      await source.hasHangUps(1)
      // Beside the 10 MiB, what the sockets buffer.
      #expect(source.bytesSent < 24 << 20)
    }
  }

  @Test("an Entity that is none is left out, and the others of its answer are taken")
  func badEntity() async throws {
    try await withRawSource("") { hub, source in
      let bad = (4...6).map { entity("urn:x:\($0)", "Room", #""size":{"type":"X"}"#) }
      let all = [entity("urn:x:3", "Room")] + bad
      source.behave(.answer(httpAnswer("[\(all.joined(separator: ","))]")))
      let answer = try await hub.send("GET", Self.rooms)
      #expect(Set(answer.ids) == ["urn:x:1", "urn:x:2", "urn:x:3"])
      #expect(answer.all("NGSILD-Warning").map { $0.prefix(4) } == ["111 "])
    }
  }

  @Test("an answer of nearly 10 MiB is taken")
  func large() async throws {
    try await withRawSource("") { hub, source in
      let text = String(repeating: "x", count: 10 << 20 - 200)
      source.behave(.answer(httpAnswer(entity("urn:x:3", "Room", #""text":"\#(text)""#))))
      let answer = try await hub.send("GET", "\(Self.rooms)&format=simplified")
      #expect(answer.all("NGSILD-Warning") == [])
      let entity = answer.json.elements.first { $0["id"]?.string == "urn:x:3" }
      #expect(entity?["text"]?.string?.utf8.count == text.utf8.count)
    }
  }

  @Test("what a source sends in pages is bounded as a whole")
  func endlessPages() async throws {
    try await withRawSource("") { hub, source in
      let text = String(repeating: "x", count: 80_000)
      source.behave { request in
        let page = (0..<100).map { number in
          entity(
            "urn:x:\(request.target.utf8.count):\(number):\(UInt64.random(in: 0...UInt64.max))",
            "Room", #""text":"\#(text)""#)
        }
        return .answer(httpAnswer("[\(page.joined(separator: ","))]"))
      }
      let answer = try await hub.send("GET", "\(Self.rooms)&count=true&limit=1")
      #expect(answer.all("NGSILD-Warning").first?.hasPrefix("111 ") == true)
      #expect(source.requests.count < 10)
    }
  }

  @Test("each source's own limit ends the wait for it, and for it alone")
  func limits() async throws {
    try await RawSource.run { slow in
      try await withRawSource(#""timeout": 600000"#) { hub, source in
        slow.behave(.stall(after: []))
        source.behave(.hold(Self.good))
        try await Federation(hub: hub, broker: hub.broker).register(
          "slow", endpoint: slow.url, #", "management": {"timeout": 50}"#)
        async let answer = hub.send("GET", Self.rooms)
        await slow.hasHangUps(1)
        await source.hasRequests(1)
        try await source.release()
        #expect(try await Set(answer.ids) == ["urn:x:1", "urn:x:2", "urn:x:3"])
        #expect(try await answer.all("NGSILD-Warning").count == 1)
      }
    }
  }

  @Test(
    "contexts that an answer names are part of it, and have to come in its time",
    .timeLimit(.minutes(15)))
  func hangingContexts() async throws {
    try await withRawSource(#""timeout": 300"#) { hub, source in
      let url = source.url
      source.behave { request in
        guard request.target.hasPrefix("/ngsi-ld") else { return .stall(after: []) }
        // One after the other, they would take minutes.
        let entities = (0..<90).map { number in
          #"{"@context":"\#(url)/\#(number)","id":"urn:x:3:\#(number)","type":"Room"}"#
        }
        return .answer(httpAnswer("[\(entities.joined(separator: ","))]"))
      }
      let answer = try await hub.send("GET", Self.rooms)
      #expect(Set(answer.ids) == ["urn:x:1", "urn:x:2"])
      #expect(answer.all("NGSILD-Warning").count == 1)
    }
  }

  // MARK: Cooldown

  @Test("a source that failed is left alone for its cooldown", arguments: SourceFault.some)
  func cooldown(_ fault: SourceFault) async throws {
    let management = #""timeout": \#(fault.timeout), "cooldown": 3600000"#
    try await withRawSource(management) { hub, source in
      source.behave(fault.behaviour)
      _ = try await hub.send("GET", Self.rooms)
      let asked = source.requests.count
      source.behave(.answer(Self.good))
      for path in [Self.rooms, "entities/urn:x:3?type=Room"] {
        let answer = try await hub.send("GET", path)
        #expect(!answer.ids.contains("urn:x:3"))
        #expect(answer.all("NGSILD-Warning").map { String($0.prefix(4)) } == ["199 "])
      }
      #expect(source.requests.count == asked)
    }
  }

  @Test("after its cooldown a source is asked again", arguments: SourceFault.some)
  func end(_ fault: SourceFault) async throws {
    let management = #""timeout": \#(fault.timeout), "cooldown": 1"#
    try await withRawSource(management) { hub, source in
      source.behave(fault.behaviour)
      _ = try await hub.send("GET", Self.rooms)
      source.behave(.answer(Self.good))
      var answer = try await hub.send("GET", Self.rooms)
      while answer.ids.count < 3 { answer = try await hub.send("GET", Self.rooms) }
      #expect(answer.all("NGSILD-Warning") == [])
    }
  }

  @Test(
    "what a source rightly refuses starts no cooldown",
    arguments: ["400 Bad Request", "404 Not Found", "409 Conflict"])
  func refusals(status: String) async throws {
    try await withRawSource(#""cooldown": 3600000"#) { hub, source in
      source.behave(.answer(httpAnswer("{}", status: status)))
      _ = try await hub.send("PATCH", "entities/urn:x:1", #"{"size":4}"#)
      source.behave(.answer(Self.good))
      #expect(try await hub.send("GET", Self.rooms).ids.contains("urn:x:3"))
    }
  }

  @Test("a source without cooldown is asked again at once, also when it was down")
  func comesBack() async throws {
    try await withRawSource("") { hub, source in
      source.behave(.answer(Self.good))
      #expect(try await hub.send("GET", Self.rooms).ids.count == 3)
      try await source.goDown()
      let without = try await hub.send("GET", Self.rooms)
      #expect(Set(without.ids) == ["urn:x:1", "urn:x:2"])
      #expect(without.all("NGSILD-Warning").first?.contains("urn:r:raw") == true)
      try await source.comeBack()
      let again = try await hub.send("GET", Self.rooms)
      #expect(again.ids.count == 3)
      #expect(again.all("NGSILD-Warning") == [])
    }
  }
}
