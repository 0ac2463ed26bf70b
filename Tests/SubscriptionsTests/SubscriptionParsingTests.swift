import JSON
import JSONLD
import NGSILD
import Subscriptions
import Testing

@Suite("Parsing of subscriptions")
struct SubscriptionParsingTests {
  @Test(
    "an unusable body is BadRequestData that names the fault",
    arguments: [
      ("{}", "'type'"),
      (#"{"type": "Entity"}"#, "'Entity'"),
      (#"{"type": "Subscription"}"#, "'notification'"),
      (#"{"type": "Subscription", "notification": {}}"#, "endpoint"),
      (#"{"type": "Subscription", "notification": {"endpoint": {}}}"#, "uri"),
      (#"{"type": "Subscription", "notification": {"endpoint": {"uri": "nothing"}}}"#, "nothing"),
      (#"{"type": "Subscription", "notification": {"endpoint": {"uri": "http://"}}}"#, "http://"),
      (#"{"type": "Subscription", "notification": {"endpoint": {"uri": "ftp://h/"}}}"#, "ftp"),
      (body(""), "entities"),
      (body(#""id": "invalidId", "entities": [{"type": "T"}],"#).removingFirstID, "invalidId"),
      (body(#""id": "", "entities": [{"type": "T"}],"#).removingFirstID, "id"),
      (body(#""entities": [],"#), "entities"),
      (body(#""entities": [{}],"#), "type"),
      (body(#""entities": [{"type": "T", "id": "x"}],"#), "'x'"),
      (body(#""entities": [{"type": "T", "idPattern": "["}],"#), "'['"),
      (body(#""entities": [{"type": "(A"}],"#), "(A"),
      (body(#""entities": [{"type": "type"}],"#), "'type'"),
      (body(#""watchedAttributes": ["a"], "q": "a.type==1","#), "'type'"),
      (body(#""watchedAttributes": [],"#), "watchedAttributes"),
      (body(#""watchedAttributes": ["a b"],"#), "a b"),
      (body(#""watchedAttributes": ["a"], "notificationTrigger": ["touched"],"#), "touched"),
      (body(#""watchedAttributes": ["a"], "throttling": 0,"#), "throttling"),
      (body(#""watchedAttributes": ["a"], "throttling": -1,"#), "-1"),
      (body(#""watchedAttributes": ["a"], "timeInterval": 5,"#), "watchedAttributes"),
      (body(#""entities": [{"type": "T"}], "timeInterval": 5, "throttling": 5,"#), "throttling"),
      (body(#""timeInterval": 5,"#), "entities"),
      (body(#""entities": [{"type": "T"}], "timeInterval": -1,"#), "timeInterval"),
      (body(#""entities": [{"type": "T"}], "geoQ": {"georel": "within"},"#), "geoQ"),
      (body(#""entities": [{"type": "T"}], "temporalQ": {"timerel": "x"},"#), "timerel"),
      (body(#""entities": [{"type": "T"}], "splitEntities": "yes","#), "splitEntities"),
      (body(#""entities": [{"type": "T"}], "jsonKeys": "id","#), "jsonKeys"),
      (body(#""entities": [{"type": "T"}],"#, notification: #""join": "deep","#), "'deep'"),
      (body(#""entities": [{"type": "T"}],"#, notification: #""joinLevel": 0,"#), "joinLevel"),
      (
        body(#""entities": [{"type": "T"}],"#, notification: #""pick": ["r{s}"],"#), "join"
      ),
      (
        body(
          #""entities": [{"type": "T"}],"#, notification: #""join": "flat", "pick": ["r{s{t}}"],"#),
        "joinLevel"
      ),
      (body(#""watchedAttributes": ["a"], "q": "a>>1","#), "a>>1"),
      (body(#""watchedAttributes": ["a"], "csf": "a>>1","#), "csf"),
      (body(#""watchedAttributes": ["a"], "scopeQ": "1","#), "scopeQ"),
      (body(#""watchedAttributes": ["a"], "datasetId": ["x"],"#), "'x'"),
      (body(#""watchedAttributes": ["a"], "isActive": "yes","#), "isActive"),
      (body(#""watchedAttributes": ["a"], "expiresAt": "tomorrow","#), "tomorrow"),
      (body(#""watchedAttributes": ["a"], "expiresAt": "2020-01-01T00:00:00Z","#), "past"),
      (body(#""watchedAttributes": ["a"], "jsonldContext": "x","#), "jsonldContext"),
      (body(#""watchedAttributes": ["a"], "lang": "e n","#), "e n"),
      (body(#""watchedAttributes": ["a"], "ngsildConformance": "1","#), "'1'"),
      (body(#""watchedAttributes": ["a"], "ngsildConformance": "1.10","#), "1.10"),
      (body(#""watchedAttributes": ["a"], "description": "urn:ngsi-ld:null","#), "Null"),
      (body(#""watchedAttributes": ["a"],"#, notification: #""format": "x","#), "'x'"),
      (body(#""watchedAttributes": ["a"],"#, notification: #""attributes": [],"#), "attributes"),
      (body(#""watchedAttributes": ["a"],"#, notification: #""attributes": ["id"],"#), "'id'"),
      (
        body(
          #""watchedAttributes": ["a"],"#, notification: #""attributes": ["a"], "pick": ["a"],"#),
        "attributes"
      ),
      (
        body(#""watchedAttributes": ["a"],"#, notification: #""pick": ["a"], "omit": ["a"],"#),
        "both"
      ),
      (
        body(
          #""watchedAttributes": ["a"],"#,
          notification: #""format": "keyValues", "showChanges": true,"#), "showChanges"
      ),
      (endpoint(#""accept": "text/html""#), "text/html"),
      (endpoint(#""timeout": 0"#), "timeout"),
      (endpoint(#""cooldown": "1""#), "cooldown"),
      (endpoint(#""receiverInfo": [{"key": "a"}]"#), "receiverInfo"),
      (endpoint(#""receiverInfo": {"key": "a", "value": "b"}"#), "receiverInfo"),
      (endpoint(#""receiverInfo": [{"key": "a b", "value": "c"}]"#), "a b"),
      (endpoint(#""receiverInfo": [{"key": "a", "value": "c\nHost: x"}]"#), "control"),
    ])
  func refusals(body: String, names: String) throws {
    let error = #expect(throws: NGSILDError.self) { try parse(body) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains(names) == true, "\(error?.detail ?? "")")
  }

  @Test("what only the broker sets, and what nobody knows, is passed over")
  func ignored() throws {
    let subscription = try parse(
      body(
        #""status": "expired", "createdAt": "x", "foo": 1, "watchedAttributes": ["a"],"#,
        notification: #""timesSent": 7, "status": "failed", "lastSuccess": "x","#))
    #expect(subscription.status(at: now) == .active)
  }

  @Test("an id is made where none is given")
  func generatedID() throws {
    let subscription = try parse(
      #"""
      {"type": "Subscription", "watchedAttributes": ["a"],
       "notification": {"endpoint": {"uri": "http://localhost/"}}}
      """#)
    #expect(subscription.id == "urn:ngsi-ld:Subscription:generated")
  }

  @Test(
    "a stored subscription is read back the same",
    arguments: [
      body(
        #""entities": [{"type": "A,B", "idPattern": "urn:.*"}, {"type": "*", "id": "urn:x:1"}],"#),
      body(#""watchedAttributes": ["a", "b"], "q": "a>50;b==\"x y\"|<https://e.org/c.d>!=1.50","#),
      body(#""watchedAttributes": ["a"], "q": "a==Room", "expandValues": "a","#),
      body(
        #"""
        "subscriptionName": "n", "description": "d \"q\"", "watchedAttributes": ["a"],
        "notificationTrigger": ["entityDeleted", "attributeUpdated"], "throttling": 0.50,
        "scopeQ": "/A/#", "datasetId": ["@none", "urn:d:1"], "expiresAt": "2100-01-01T00:00:00.000Z",
        "isActive": false, "localOnly": true, "jsonldContext": "https://example.org/c.jsonld",
        "lang": "fr;q=0.5,en", "ngsildConformance": "1.6",
        """#,
        notification: #""format": "concise", "sysAttrs": true, "pick": ["id", "a"],"#),
      body(#""watchedAttributes": ["a"],"#, notification: #""omit": ["scope", "a"],"#),
      body(
        #"""
        "entities": [{"type": "T"}], "timeInterval": 2.50, "splitEntities": true,
        "q": "inBuilding{name}==\"A\"", "jsonKeys": "j", "csf": "a==1",
        "geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [1, 2],
          "geoproperty": "observationSpace"},
        "temporalQ": {"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"},
        """#,
        notification: #"""
          "join": "inline", "joinLevel": 2, "pick": ["r{s{t}}"], "format": "x-ngsiv2-normalized",
          """#),
      body(
        #""watchedAttributes": ["a"],"#, notification: #""pick": ["a", "b"], "omit": ["c"],"#),
      endpoint(
        #"""
        "accept": "application/geo+json", "timeout": 500, "cooldown": 1e3,
        "receiverInfo": [{"key": "A", "value": "b"}], "notifierInfo": [{"key": "k", "value": "v"}]
        """#),
    ])
  func roundTrip(body: String) throws {
    let subscription = try parse(body)
    let stored = try JSONValue(parsing: subscription.stored)
    let again = try Subscription(stored: stored, createdAt: now, modifiedAt: later)
    #expect(try JSONValue(parsing: again.stored) == stored)
    #expect(shown(again) == shown(subscription))
    // What was given comes back: all members of the body are there with their values.
    let answer = try JSONValue(parsing: shown(again))
    for (name, value) in try JSONValue(parsing: body).members {
      guard let name = name.string, name != "notification" else { continue }
      #expect(answer[named: name] == value, "\(name)")
    }
  }

  @Test("names are shown with the context of the request, also within q")
  func compaction() async throws {
    let context = try await Context.inline(
      #"{"temp": "https://example.org/temperature", "Room": "https://example.org/Room"}"#)
    let given = body(
      #"""
      "entities": [{"type": "Room"}], "watchedAttributes": ["temp"], "q": "temp>50;other==1",
      """#, notification: #""attributes": ["temp"],"#)
    let subscription = try SubscriptionParser(context: context).subscription(
      JSONValue(parsing: given), generatedID: "", at: now)
    let same = try JSONValue(parsing: shown(subscription, context))
    #expect(same["q"]?.string == "temp>50;other==1")
    #expect(same["watchedAttributes"]?.rawText == #"["temp"]"#)
    let core = try JSONValue(parsing: shown(subscription))
    #expect(core["q"]?.string == "https://example.org/temperature>50.0;other==1.0")
    #expect(core["watchedAttributes"]?.rawText == #"["https://example.org/temperature"]"#)
    #expect(core["entities"]?.rawText.contains("https://example.org/Room") == true)
    #expect(core["notification"]?["attributes"]?.rawText.contains("temperature") == true)
  }

  @Test(
    "status follows isActive and the clock",
    arguments: [
      (#""isActive": true,"#, now, Subscription.Status.active),
      (#""isActive": false,"#, now, .paused),
      (#""expiresAt": "2027-01-15T08:00:00.500Z","#, now, .active),
      (#""expiresAt": "2027-01-15T08:00:00.500Z","#, later, .expired),
      (#""isActive": false, "expiresAt": "2027-01-15T08:00:00.500Z","#, later, .expired),
    ])
  func status(members: String, time: DateTime, expected: Subscription.Status) throws {
    let subscription = try parse(body("\"watchedAttributes\": [\"a\"], \(members)"))
    #expect(subscription.status(at: time) == expected)
    #expect(shown(subscription, at: time).contains("\"status\":\"\(expected.rawValue)\""))
  }

  @Test("counters are shown once there was an attempt")
  func counters() throws {
    let subscription = try parse(body(#""watchedAttributes": ["a"],"#))
    #expect(!shown(subscription).contains("timesSent"))
    var record = DeliveryRecord()
    record.timesSent = 3
    record.timesFailed = 1
    record.lastNotification = later
    record.lastSuccess = now
    record.lastFailure = later
    let notification = try #require(
      try JSONValue(parsing: shown(subscription, record))["notification"])
    #expect(notification["status"]?.string == "failed")
    #expect(notification["timesSent"]?.integer == 3)
    #expect(notification["timesFailed"]?.integer == 1)
    #expect(notification["lastFailure"]?.string == later.description)
  }

  private func shown(
    _ subscription: Subscription, _ context: Context = .core, _ record: DeliveryRecord = .init(),
    at time: DateTime = now
  ) -> String {
    var writer = JSONWriter()
    SubscriptionRepresentation(
      context: context, showsSystemAttributes: false, embedsContext: false
    ).write(subscription, contextURL: nil, record, at: time, to: &writer)
    return writer.text
  }

  private func shown(_ subscription: Subscription, _ record: DeliveryRecord) -> String {
    shown(subscription, .core, record)
  }
}

private func endpoint(_ members: String) -> String {
  """
  {"type": "Subscription", "watchedAttributes": ["a"],
   "notification": {"endpoint": {"uri": "http://localhost:9/notify", \(members)}}}
  """
}

extension String {
  fileprivate var removingFirstID: String { replacing(#""id": "urn:s:1", "#, with: "") }
}
