import JSON
import TestSupport
import Testing

@Suite("Why a change did or did not notify")
struct ExplanationTests {
  private static let room = "urn:ngsi-ld:Room:1"

  /// What happens to an Entity before the question.
  enum History: String, Sendable, CustomTestStringConvertible {
    case created, updated, rewritten, attributeDeleted, deleted

    var testDescription: String { rawValue }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let subscription: String
    let history: History
    /// The conditions that do not hold, and what their reasons name.
    let unmet: [String: String]

    init(_ subscription: String, _ history: History, _ unmet: [String: String] = [:]) {
      self.subscription = subscription
      self.history = history
      self.unmet = unmet
    }

    var testDescription: String { "\(subscription), \(history)" }
  }

  @Test(
    "conditions that do not hold name what is at fault",
    arguments: [
      Case("", .created), Case("", .updated),
      Case("", .rewritten, ["watchedAttributes": "another value", "notificationTrigger": ""]),
      Case(#""isActive": false,"#, .updated, ["status": "paused"]),
      Case(#""entities": [{"type": "Street"}],"#, .updated, ["entities": "type 'Street'"]),
      Case(#""entities": [{"type": "Room", "id": "urn:x:2"}],"#, .updated, ["entities": "urn:x:2"]),
      Case(#""entities": [{"type": "Room", "idPattern": "9$"}],"#, .updated, ["entities": "9$"]),
      Case(#""watchedAttributes": ["level"],"#, .updated),
      Case(
        #""watchedAttributes": ["name"],"#, .updated,
        ["watchedAttributes": "'level' was updated; name are watched", "notificationTrigger": ""]),
      Case(#""notificationTrigger": ["entityCreated"],"#, .created),
      Case(
        #""notificationTrigger": ["entityCreated"],"#, .updated,
        ["notificationTrigger": "'level' was updated; entityCreated"]),
      Case("", .attributeDeleted, ["notificationTrigger": "'level' was deleted"]),
      Case(#""notificationTrigger": ["attributeDeleted"],"#, .attributeDeleted),
      Case("", .deleted, ["notificationTrigger": "was deleted"]),
      Case(#""notificationTrigger": ["entityDeleted"],"#, .deleted),
      Case(#""notificationTrigger": ["attributeDeleted"], "q": "level==2","#, .deleted),
      Case(#""q": "level>1","#, .updated),
      Case(#""q": "level>7","#, .updated, ["q": "'level>7.0' is not satisfied: the value is 2"]),
      Case(
        #""q": "level>1;height>3","#, .updated,
        ["q": "'height>3.0' is not satisfied: there is no such value"]),
      Case(#""q": "level>7|name==\"a\"","#, .updated, ["q": "the value is 2, \"r\""]),
      Case(#""scopeQ": "/a","#, .updated), Case(#""scopeQ": "/b","#, .updated, ["scopeQ": "/a"]),
      Case(
        #""datasetId": ["urn:d:1"],"#, .updated,
        ["datasetId": "0 of 1", "notificationTrigger": ""]),
      Case(
        #"""
        "geoQ": {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [1, 1]},
        """#, .updated),
      Case(
        #"""
        "geoQ": {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [2, 1]},
        """#, .updated, ["geoQ": "'location' is {"]),
      Case(#""timeInterval": 3600,"#, .updated, ["timeInterval": "clock"]),
    ])
  func conditions(test: Case) async throws {
    try await withTestTenant { client in
      try await Self.run(test, client)
      let answer = try await Self.explain(client)
      let unmet = answer["conditions"]?.elements.filter { $0["holds"]?.boolean == false } ?? []
      #expect(
        Set(unmet.compactMap { $0["member"]?.string }) == Set(test.unmet.keys), "\(answer.rawText)")
      for condition in unmet {
        let named = test.unmet[condition["member"]?.string ?? ""] ?? ""
        #expect(
          named.isEmpty || condition["reason"]?.string?.contains(named) == true,
          "\(condition.rawText)")
      }
      #expect(answer["notifies"]?.boolean == test.unmet.isEmpty)
      // What is explained is what happened.
      let isOwed = try await client.send(
        "GET", "/kontext/v1/subscriptions/urn:s:1/deliveries"
      ).json.elements.contains { _ in true }
      let isPeriodic = test.unmet["timeInterval"] != nil
      #expect(isOwed == test.unmet.isEmpty || isPeriodic)
      #expect(isPeriodic || ((answer["deliveries"]?.count ?? 0) > 0) == isOwed)
    }
  }

  /// The subscription is made before the last change, so that it meets it.
  private static func run(_ test: Case, _ client: TestClient) async throws {
    let entities =
      test.subscription.contains("entities") ? "" : #""entities": [{"type": "Room"}],"#
    let subscription = """
      {"id": "urn:s:1", "type": "Subscription", \(test.subscription) \(entities)
       "notification": {"endpoint": {"uri": "http://127.0.0.1:9/"}}}
      """
    func subscribe() async throws {
      #expect(try await client.send("POST", "subscriptions", subscription).status == 201)
    }
    if test.history == .created { try await subscribe() }
    try await client.create(
      """
      {"id": "\(room)", "type": "Room", "scope": "/a", "level": 1, "name": "r",
       "location": {"type": "Point", "coordinates": [1, 1]}}
      """)
    if test.history == .created { return }
    let path = "entities/\(room)"
    if test.history == .deleted {
      #expect(try await client.send("PATCH", path, #"{"level": 2}"#).status == 204)
    }
    try await subscribe()
    let status =
      switch test.history {
      case .created, .updated: try await client.send("PATCH", path, #"{"level": 2}"#).status
      case .rewritten: try await client.send("PATCH", path, #"{"level": 1}"#).status
      case .attributeDeleted: try await client.send("DELETE", "\(path)/attrs/level").status
      case .deleted: try await client.send("DELETE", path).status
      }
    #expect(status == 204)
  }

  private static func explain(_ client: TestClient) async throws -> JSONValue {
    let response = try await client.send(
      "GET", "/kontext/v1/subscriptions/urn:s:1/explain?entity=\(room)")
    #expect(response.status == 200, "\(response.text)")
    return response.json
  }

  @Test("a subscription that came after the change says so")
  func late() async throws {
    try await withTestTenant { client in
      try await Self.run(Case("", .created), client)
      #expect(
        try await client.send("PATCH", "subscriptions/urn:s:1", #"{"description": "d"}"#).status
          == 204)
      let answer = try await Self.explain(client)
      #expect(answer["notifies"]?.boolean == false)
      let first = try #require(answer["conditions"]?.elements.first { _ in true })
      #expect(first["member"]?.string == "modifiedAt")
      #expect(first["reason"]?.string?.contains("after the change") == true)
    }
  }
}
