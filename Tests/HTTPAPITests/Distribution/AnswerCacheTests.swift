import TestSupport
import Testing

@Suite("Sources whose answers may be given again (management.cacheDuration, 5.2.34)")
struct AnswerCacheTests {
  private static let rooms = "entities?type=Room"
  private static let answer = httpAnswer("[\(entity("urn:x:3", "Room"))]")

  /// Runs `body` with a hub that has `urn:x:1`, and a source that has `urn:x:3`.
  private func withSource(
    _ management: String = #""cacheDuration": "PT1H""#, _ members: String = "",
    _ body: (Federation, RawSource) async throws -> Void
  ) async throws {
    try await RawSource.run { source in
      source.behave { request in
        request.method == "DELETE"
          ? .answer(httpHead(["HTTP/1.1 204 No Content"])) : .answer(Self.answer)
      }
      try await Federation.run { federation in
        try await federation.hub.create(entity("urn:x:1", "Room"))
        try await federation.register(
          "raw", endpoint: source.url,
          #"\#(members), "management": {"timeout": 600000, \#(management)}"#)
        try await body(federation, source)
      }
    }
  }

  @Test(
    "a read that is repeated is answered by the source once",
    arguments: [
      ("GET", rooms, nil), ("GET", "entities/urn:x:3?type=Room", nil), ("GET", "types", nil),
      ("GET", "types?details=true", nil), ("GET", "attributes", nil),
      ("POST", "entityOperations/query", #"{"type": "Query", "entities": [{"type": "Room"}]}"#),
    ])
  func reads(method: String, path: String, body: String?) async throws {
    try await withSource { federation, source in
      if path.hasPrefix("entities/") {
        source.behave(.answer(httpAnswer(entity("urn:x:3", "Room"))))
      }
      let first = try await federation.hub.send(method, path, body)
      let count = source.requests.count
      #expect(first.status == 200 && count > 0)
      let second = try await federation.hub.send(method, path, body)
      #expect(second.status == 200 && second.body.count == first.body.count)
      #expect(source.requests.count == count)
    }
  }

  @Test(
    "without a time, every read asks",
    arguments: [#""cacheDuration": "PT0S""#, #""localOnly": false"#])
  func otherwise(management: String) async throws {
    try await withSource(management) { federation, source in
      for _ in 0..<3 {
        _ = try await federation.hub.send("GET", Self.rooms)
      }
      #expect(source.requests.count == 3)
    }
  }

  @Test("who shows the source something else may be shown something else")
  func headers() async throws {
    let info = #"{"key": "Authorization", "value": "urn:ngsi-ld:request"}"#
    try await withSource(#""cacheDuration": "PT1H""#, #", "contextSourceInfo": [\#(info)]"#) {
      federation, source in
      for who in ["a", "b", "a", "b"] {
        _ = try await federation.hub.send("GET", Self.rooms, headers: [("Authorization", who)])
      }
      #expect(source.requests.map { $0["Authorization"] } == ["a", "b"])
    }
  }

  @Test("a change of the registration makes answers worthless")
  func registrationChange() async throws {
    try await withSource { federation, source in
      _ = try await federation.hub.send("GET", Self.rooms)
      let update = try await federation.hub.send(
        "PATCH", "csourceRegistrations/urn:r:raw", #"{"description": "new"}"#)
      #expect(update.status == 204)
      _ = try await federation.hub.send("GET", Self.rooms)
      #expect(source.requests.count == 2)
    }
  }

  @Test("so does a write through this broker, whichever registration it goes through")
  func write() async throws {
    try await withSource { federation, source in
      try await federation.register(
        "other", #""entities": [{"type": "Room"}]"#, endpoint: source.url,
        #", "operations": ["deleteEntity"]"#)
      _ = try await federation.hub.send("GET", Self.rooms)
      let deletion = try await federation.hub.send("DELETE", "entities/urn:x:1?type=Room")
      #expect(deletion.status == 204, "\(deletion.text)")
      _ = try await federation.hub.send("GET", Self.rooms)
      #expect(source.requests.filter { $0.method == "GET" }.count == 2)
    }
  }

  @Test(
    "a failure is not given again",
    arguments: [
      httpAnswer("{}", status: "500 Oops"), httpAnswer("oops"), httpAnswer(#"[{"id": "urn:x:3"}]"#),
      httpAnswer("[\(entity("urn:x:3", "Room"))]", #"NGSILD-Warning: 199 b "one is away""#),
    ])
  func failure(answer: [UInt8]) async throws {
    try await withSource { federation, source in
      source.behave(.answer(answer))
      let first = try await federation.hub.send("GET", Self.rooms)
      #expect(first.all("NGSILD-Warning").count == 1)
      source.behave(.answer(Self.answer))
      let second = try await federation.hub.send("GET", Self.rooms)
      #expect(Set(second.ids) == ["urn:x:1", "urn:x:3"])
      #expect(second.all("NGSILD-Warning").isEmpty)
    }
  }

  @Test("what is kept is there while the source is away")
  func away() async throws {
    try await withSource { federation, source in
      _ = try await federation.hub.send("GET", Self.rooms)
      try await source.goDown()
      let answer = try await federation.hub.send("GET", Self.rooms)
      #expect(Set(answer.ids) == ["urn:x:1", "urn:x:3"])
      #expect(answer.all("NGSILD-Warning").isEmpty)
    }
  }

  @Test("that a source has nothing may be given again too")
  func absence() async throws {
    try await withSource { federation, source in
      source.behave(.answer(httpAnswer("{}", status: "404 Not Found")))
      for _ in 0..<2 {
        let answer = try await federation.hub.send("GET", "entities/urn:x:1?type=Room")
        #expect(answer.status == 200)
      }
      #expect(source.requests.count == 1)
    }
  }
}
