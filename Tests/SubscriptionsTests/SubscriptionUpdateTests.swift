import JSON
import JSONLD
import NGSILD
import Subscriptions
import Testing

@Suite("Updates of subscriptions")
struct SubscriptionUpdateTests {
  private static let old = #"""
    {"id": "urn:s:1", "type": "Subscription", "subscriptionName": "n", "description": "d",
     "entities": [{"type": "Room"}, {"type": "Hall"}], "watchedAttributes": ["a", "b"],
     "q": "a==x", "expandValues": "a", "throttling": 5,
     "notification": {
       "attributes": ["a"], "format": "concise",
       "endpoint": {
         "uri": "http://localhost:9/notify", "accept": "application/ld+json",
         "receiverInfo": [{"key": "K", "value": "v"}]}}}
    """#

  private func update(
    _ fragment: String, of body: String = old, context: Context = .core, at time: DateTime = later
  ) throws -> Subscription {
    let updated = try SubscriptionParser(context: context).update(
      try parse(body), with: JSONValue(parsing: fragment), at: time)
    // What is stored can be read back.
    return try Subscription(
      stored: JSONValue(parsing: updated.stored), createdAt: updated.createdAt,
      modifiedAt: updated.modifiedAt)
  }

  private func document(_ subscription: Subscription) throws -> JSONValue {
    try JSONValue(parsing: subscription.stored)
  }

  @Test(
    "members are replaced, removed or kept",
    arguments: [
      (#"{}"#, [:]),
      (#"{"type": "Subscription", "id": "urn:s:1", "status": "paused", "foo": 1}"#, [:]),
      (#"{"description": "e"}"#, ["description": #""e""#]),
      (
        #"{"description": null, "subscriptionName": "urn:ngsi-ld:null"}"#,
        ["description": nil, "subscriptionName": nil]
      ),
      (
        #"{"watchedAttributes": ["https://e.org/c"], "throttling": 7.0}"#,
        ["watchedAttributes": #"["https://e.org/c"]"#, "throttling": "7.0"]
      ),
      (#"{"entities": null}"#, ["entities": nil]),
      (
        #"{"q": null, "expandValues": null}"#, ["q": nil, "givenQ": nil, "expandValues": nil]
      ),
    ] as [(String, [String: String?])])
  func merging(fragment: String, changes: [String: String?]) throws {
    let before = try document(try parse(Self.old))
    let after = try document(update(fragment))
    for (name, value) in before.members {
      guard let name = name.string, changes[name] == nil else { continue }
      #expect(after[named: name] == value, "\(name)")
    }
    for (name, value) in changes { #expect(after[named: name]?.rawText == value, "\(name)") }
  }

  @Test("names are expanded with the context of the update, also within q")
  func names() async throws {
    let context = try await Context.inline(
      #"{"a": "https://e.org/a", "x": "https://e.org/x"}"#)
    let updated = try document(update(#"{"watchedAttributes": ["a"]}"#, context: context))
    #expect(updated["watchedAttributes"]?.rawText == #"["https://e.org/a"]"#)
    #expect(updated["q"] == (try document(try parse(Self.old)))["q"])
    let both = try document(update(#"{"q": "a==x", "expandValues": "a"}"#, context: context))
    #expect(both["q"]?.string?.contains("https://e.org/x") == true)
  }

  @Test("the notification is merged member by member")
  func notification() throws {
    let updated = try document(
      update(
        #"""
        {"notification": {"attributes": null, "pick": ["b"],
          "endpoint": {"uri": "http://localhost:8/", "receiverInfo": null, "timeout": 5}}}
        """#))
    let notification = try #require(updated["notification"])
    #expect(notification["attributes"] == nil)
    #expect(notification["pick"]?.count == 1)
    #expect(notification["format"]?.string == "concise")
    let endpoint = try #require(notification["endpoint"])
    #expect(endpoint["uri"]?.string == "http://localhost:8/")
    #expect(endpoint["accept"]?.string == "application/ld+json")
    #expect(endpoint["receiverInfo"] == nil)
    #expect(endpoint["timeout"]?.integer == 5)
    let same = try document(
      update(#"{"notification": {"sysAttrs": true, "endpoint": {"uri": "http://localhost:8/"}}}"#))
    #expect(
      same["notification"]?["attributes"]
        == (try document(try parse(Self.old)))["notification"]?["attributes"])
  }

  @Test(
    "what is wrong, alone or once merged, is refused",
    arguments: [
      (#"{"type": "Entity"}"#, NGSILDError.Kind.badRequestData),
      (#"{"type": null}"#, .badRequestData),
      (#"{"id": "urn:s:2"}"#, .badRequestData),
      (#"{"id": null}"#, .badRequestData),
      (#"{"notification": null}"#, .badRequestData),
      (#"{"notification": 5}"#, .badRequestData),
      (#"{"notification": {"endpoint": "urn:ngsi-ld:null"}}"#, .badRequestData),
      (#"{"notification": {"endpoint": {"uri": null}}}"#, .badRequestData),
      (#"{"notification": {"pick": ["a"], \#(endpoint)}}"#, .badRequestData),
      (
        #"{"notification": {"format": "keyValues", "showChanges": true, \#(endpoint)}}"#,
        .badRequestData
      ),
      (#"{"entities": null, "watchedAttributes": null}"#, .badRequestData),
      (#"{"entities": []}"#, .badRequestData),
      (#"{"q": "a=="}"#, .badRequestData),
      (#"{"isActive": "yes"}"#, .badRequestData),
      (#"{"expiresAt": "2020-01-01T00:00:00Z"}"#, .badRequestData),
      (#"{"isActive": true, "expiresAt": "2020-01-01T00:00:00Z"}"#, .badRequestData),
      (#"{"timeInterval": 5}"#, .badRequestData),
      (#"{"notification": {"sysAttrs": true}}"#, .badRequestData),
      (#"{"notification": {"endpoint": {"timeout": 5}}}"#, .badRequestData),
      (#"[]"#, .invalidRequest),
    ])
  func refusals(fragment: String, kind: NGSILDError.Kind) throws {
    let error = #expect(throws: NGSILDError.self) { try update(fragment) }
    #expect(error?.kind == kind, "\(error?.detail ?? "")")
  }

  private static let endpoint = #""endpoint": {"uri": "http://localhost:8/"}"#

  @Test("of geoQ a part is replaced, and q that stays is read anew for expandValues")
  func parts() throws {
    let old = body(
      #"""
      "entities": [{"type": "T"}], "q": "a==x",
      "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2]},
      """#)
    let updated = try document(
      update(#"{"geoQ": {"coordinates": [3, 4]}, "expandValues": "a"}"#, of: old))
    #expect(updated["geoQ"]?["georel"]?.string == "within")
    #expect(updated["geoQ"]?["coordinates"]?.rawText == "[3, 4]")
    #expect(updated["q"]?.string?.contains("default-context/x") == true)
  }

  private static let future = #""expiresAt": "2100-01-01T00:00:00Z""#

  @Test(
    "status follows the members that are given",
    arguments: [
      ("", #""isActive": false"#, .paused),
      (#""isActive": false,"#, #""isActive": true"#, .active),
      (#""isActive": false,"#, future, .paused),
      (#""isActive": false,"#, #""isActive": true, \#(future)"#, .active),
      (expired, #""isActive": true"#, .expired),
      (expired, #""isActive": false"#, .expired),
      (expired, future, .active),
      (#"\#(expired)"isActive": false,"#, future, .active),
      (#"\#(expired)"isActive": false,"#, #""isActive": false, \#(future)"#, .paused),
      (expired, #""expiresAt": null"#, .active),
    ] as [(String, String, Subscription.Status)])
  func status(members: String, fragment: String, expected: Subscription.Status) throws {
    let updated = try update(
      "{\(fragment)}", of: body("\"watchedAttributes\": [\"a\"], \(members)"))
    #expect(updated.status(at: later) == expected)
    #expect(updated.modifiedAt == later && updated.createdAt == now)
  }

  /// Before `later`, but after `now`.
  private static let expired = #""expiresAt": "2027-01-15T08:00:00.500Z","#
}
