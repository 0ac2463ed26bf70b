import DistributedOperations
import JSON
import TestSupport
import Testing

@Suite("Sources that want tokens (RFC 6749, 4.4)")
struct SourceTokenTests {
  private static let path = "entities?type=Room"
  private static let rooms = httpAnswer("[\(entity("urn:x:3", "Room"))]")
  private static let refusal = httpAnswer("{}", status: "401 Unauthorized")

  private static func token(_ text: String, lifetime: String = "3600") -> RawSource.Behaviour {
    .answer(
      httpAnswer(
        #"{"access_token": "\#(text)", "token_type": "Bearer", "expires_in": \#(lifetime)}"#))
  }

  /// Answers the first request with the token "one", the next with "two".
  private static func tokens(
    by login: RawSource, lifetime: String = "3600"
  ) -> @Sendable (RawSource.Request) -> RawSource.Behaviour {
    { [weak login] _ in
      token(login?.requests.count == 1 ? "one" : "two", lifetime: lifetime)
    }
  }

  private struct World {
    let hub: TestClient
    let login: RawSource
    let source: RawSource

    /// The member of a registration.
    var info: String {
      #", "contextSourceInfo": [{"key": "tokenEndpoint", "value": "\#(login.url)/token"}]"#
    }

    func register(_ members: String = "") async throws {
      let federation = Federation(hub: hub, broker: hub.broker)
      try await federation.register("raw", endpoint: "\(source.url)/city", info + members)
    }

    var tokensSeen: [String?] { source.requests.map { $0["Authorization"] } }
  }

  /// Runs `body` with a hub that has `urn:x:1`, and credentials for the source.
  private func withWorld(
    tenants: String = "", _ body: (World) async throws -> Void
  ) async throws {
    try await RawSource.run { login in
      try await RawSource.run { source in
        source.behave(.answer(Self.rooms))
        let credentials = try SourceCredentials(
          parsing: Array(
            """
            [{"tokenEndpoint": "\(login.url)/token", "sources": "\(source.url)/city",
              "clientId": "hub", "clientSecret": "hidden"\(tenants)}]
            """.utf8))
        try await withTestBroker(credentials: credentials) { broker in
          let hub = TestClient(broker, tenant: newTenantName())
          try await hub.create(entity("urn:x:1", "Room"))
          try await body(World(hub: hub, login: login, source: source))
          try await hub.removeTenant()
        }
      }
    }
  }

  @Test("requests bear a token, which is asked for once")
  func bearing() async throws {
    try await withWorld { world in
      world.login.behave(Self.token("one"))
      try await world.register()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            let answer = try await world.hub.send("GET", Self.path)
            #expect(Set(answer.ids) == ["urn:x:1", "urn:x:3"])
          }
        }
        try await group.waitForAll()
      }
      #expect(world.tokensSeen == Array(repeating: "Bearer one", count: 8))
      let asked = try #require(world.login.requests.first)
      #expect(world.login.requests.count == 1)
      #expect(asked.method == "POST" && asked.target == "/token")
      #expect(asked["Authorization"] == "Basic aHViOmhpZGRlbg==")
      #expect(asked["Content-Type"] == "application/x-www-form-urlencoded")
      #expect(asked.body == "grant_type=client_credentials")
    }
  }

  @Test("a token that has ended is not used")
  func expiry() async throws {
    try await withWorld { world in
      world.login.behave(Self.tokens(by: world.login, lifetime: "0.001"))
      try await world.register()
      // On a busy machine a token may come too late for its request.
      try await until("the source was asked twice") {
        _ = try await world.hub.send("GET", Self.path)
        return world.tokensSeen.count == 2
      }
      #expect(world.tokensSeen[0] != world.tokensSeen[1])
    }
  }

  @Test("a token that the source refuses is replaced at once", arguments: ["GET", "DELETE"])
  func replacement(method: String) async throws {
    try await withWorld { world in
      world.login.behave(Self.tokens(by: world.login))
      world.source.behave { request in
        guard request["Authorization"] == "Bearer two" else { return .answer(Self.refusal) }
        return .answer(
          method == "GET" ? Self.rooms : httpHead(["HTTP/1.1 204 No Content"]))
      }
      try await world.register()
      let answer = try await world.hub.send(
        method, method == "GET" ? Self.path : "entities/urn:x:1?type=Room")
      #expect(answer.status == (method == "GET" ? 200 : 204), "\(answer.text)")
      #expect(answer.all("NGSILD-Warning") == [])
      #expect(world.tokensSeen == ["Bearer one", "Bearer two"])
    }
  }

  @Test("a source that refuses every token is no burden to who gives them")
  func refusal() async throws {
    try await withWorld { world in
      world.login.behave(Self.tokens(by: world.login))
      world.source.behave(.answer(Self.refusal))
      try await world.register()
      for _ in 0..<3 {
        let answer = try await world.hub.send("GET", Self.path)
        #expect(answer.ids == ["urn:x:1"])
        #expect(answer["NGSILD-Warning"]?.contains("401") == true)
      }
      #expect(world.tokensSeen == ["Bearer one", "Bearer two", "Bearer two", "Bearer two"])
      #expect(world.login.requests.count == 2)
    }
  }

  @Test(
    "without a token the source is not asked, and a warning tells why",
    arguments: [
      (
        RawSource.Behaviour.answer(
          httpAnswer(#"{"error": "invalid_client"}"#, status: "401 Unauthorized")),
        "401 and invalid_client"
      ),
      (.answer(httpAnswer("oops", status: "500 Oops")), "500"),
      (.answer(httpAnswer("{}", status: "302 Found", "Location: /elsewhere")), "302"),
      (.answer(httpAnswer("hello")), "no JSON"),
      (.answer(httpAnswer(#"{"token_type": "Bearer"}"#)), "access_token"),
      (.flood(after: httpHead(["HTTP/1.1 200 OK"]), piece: Array("hidden ".utf8)), "/token"),
      (.reset, "/token"),
      (.stall(after: []), "in time"),
    ])
  func failure(behaviour: RawSource.Behaviour, reason: String) async throws {
    try await withWorld { world in
      world.login.behave(behaviour)
      let timeout = reason == "in time" ? 300 : 30_000
      try await world.register(#", "management": {"timeout": \#(timeout)}"#)
      let answer = try await world.hub.send("GET", Self.path)
      #expect(answer.ids == ["urn:x:1"])
      let warning = try #require(answer["NGSILD-Warning"])
      #expect(warning.contains(reason), "\(warning)")
      #expect(warning.contains("urn:r:raw") && !warning.contains("hidden"))
      #expect(world.source.requests.isEmpty)
      #expect(world.login.requests.count == 1)
    }
  }

  @Test("a registration tells which endpoint, and nothing of what was told there")
  func representation() async throws {
    try await withWorld { world in
      world.login.behave(Self.token("one"))
      try await world.register()
      _ = try await world.hub.send("GET", Self.path)
      let registration = try await world.hub.send("GET", "csourceRegistrations/urn:r:raw")
      #expect(
        registration.json["contextSourceInfo"]?.rawText
          == #"[{"key":"tokenEndpoint","value":"\#(world.login.url)/token"}]"#)
      #expect(!registration.text.contains("hidden") && !registration.text.contains("Bearer"))
    }
  }

  @Test("nobody has the operator's secret sent elsewhere")
  func elsewhere() async throws {
    try await withWorld { world in
      let other =
        #", "contextSourceInfo": [{"key": "tokenEndpoint", "value": "http://x.example/"}]"#
      let federation = Federation(hub: world.hub, broker: world.hub.broker)
      for (endpoint, members) in [
        ("\(world.source.url)/city", other), ("\(world.source.url)/village", world.info),
        ("\(world.source.url)/city/../village", world.info), ("http://x.example/city", world.info),
      ] {
        let response = try await world.hub.send(
          "POST", "csourceRegistrations", federation.registration("urn:r:x", endpoint, members))
        #expect(response.status == 400, "\(endpoint)")
        #expect(response.detail.contains("tokenEndpoint"))
      }
      try await world.register()
      let update = try await world.hub.send(
        "PATCH", "csourceRegistrations/urn:r:raw", #"{"endpoint": "http://x.example/city"}"#)
      #expect(update.status == 400)
      #expect(world.login.requests.isEmpty)
    }
  }

  @Test("credentials of another tenant are not had")
  func otherTenant() async throws {
    try await withWorld(tenants: #", "tenants": ["elsewhere"]"#) { world in
      let federation = Federation(hub: world.hub, broker: world.hub.broker)
      let response = try await world.hub.send(
        "POST", "csourceRegistrations",
        federation.registration("urn:r:x", "\(world.source.url)/city", world.info))
      #expect(response.status == 400)
    }
  }
}

extension Federation {
  fileprivate func registration(_ id: String, _ endpoint: String, _ members: String) -> String {
    """
    {"id": "\(id)", "type": "ContextSourceRegistration", "endpoint": "\(endpoint)",
     "information": [{"entities": [{"type": "Room"}]}]\(members)}
    """
  }
}
