import JSON
import JSONLD
import NGSILD
import Subscriptions
import Testing

@Suite("Notifications")
struct NotificationTests {
  private static let room = #"{"type": "Room", "temperature": 20, "name": "A", "scope": "/x"}"#

  private func sensor() throws -> TestEntity { try TestEntity(Self.room) }

  @Test("the body has its five members, the last one the Entity")
  func body() throws {
    var entity = try sensor()
    let change = try entity.update(#"{"temperature": 30}"#)
    let bytes = NotificationRendering(of: change, document: change.document, at: later)
      .body(for: try compile(), uuid: UUIDText())
    let body = try JSONValue(parsing: bytes)
    #expect(
      body.members.compactMap(\.name.string) == [
        "id", "type", "subscriptionId", "notifiedAt", "data",
      ])
    #expect(body["id"]?.string?.hasPrefix("urn:ngsi-ld:Notification:") == true)
    #expect(body["id"]?.string?.utf8.count == 25 + 36)
    #expect(body["type"]?.string == "Notification")
    #expect(body["subscriptionId"]?.string == "urn:s:1")
    #expect(body["notifiedAt"]?.string == later.description)
    try expect(
      change, try compile(),
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "scope": "/x",
        "temperature": {"type": "Property", "value": 30},
        "name": {"type": "Property", "value": "A"}}]
      """#)
  }

  @Test(
    "format and projection shape the Entity",
    arguments: [
      (
        #""format": "simplified","#,
        #"[{"id":"urn:ngsi-ld:Room:1","type":"Room","scope":"/x","temperature":30,"name":"A"}]"#
      ),
      (
        #""format": "concise", "attributes": ["name"],"#,
        #"[{"id": "urn:ngsi-ld:Room:1", "type": "Room", "scope": "/x", "name": "A"}]"#
      ),
      (
        #""format": "keyValues", "pick": ["id", "name"],"#,
        #"[{"id":"urn:ngsi-ld:Room:1","name":"A"}]"#
      ),
      (
        #""format": "keyValues", "omit": ["scope", "name"],"#,
        #"[{"id": "urn:ngsi-ld:Room:1", "type": "Room", "temperature": 30}]"#
      ),
      (#""pick": ["other"],"#, #"[{"id": "urn:ngsi-ld:Room:1", "type": "Room"}]"#),
      (
        #""sysAttrs": true, "pick": ["temperature", "createdAt"],"#,
        #"""
        [{"createdAt": "2027-01-15T08:00:00Z", "temperature": {"type": "Property", "value": 30,
          "createdAt": "2027-01-15T08:00:00Z", "modifiedAt": "2027-01-15T08:00:01Z"}}]
        """#
      ),
    ])
  func formats(notification: String, expected: String) throws {
    var entity = try sensor()
    let change = try entity.update(#"{"temperature": 30}"#)
    try expect(change, try compile(notification: notification), expected)
  }

  @Test("NGSIv2 receivers get what they know, and nothing else")
  func ngsiv2() throws {
    var entity = try TestEntity(
      #"""
      {"type": "Room", "n": {"type": "Property", "value": 1, "unitCode": "CEL", "s": "x"},
       "b": true, "t": "text", "o": {"k": 1}, "r": {"type": "Relationship", "object": "urn:x:1"},
       "l": {"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}}}
      """#)
    let change = try entity.update(#"{"b": false}"#)
    let subscription = try compile(
      #""entities": [{"type": "Room"}], "lang": "fr","#,
      notification: #""format": "x-ngsiv2-normalized","#)
    let body = try JSONValue(
      parsing: NotificationRendering(of: change, document: change.document, at: later)
        .body(for: subscription, uuid: UUIDText()))
    #expect(body.members.map(\.name.string) == ["subscriptionId", "data"])
    try expect(
      change, subscription,
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room",
        "n": {"type": "Number", "value": 1, "metadata": {
          "unitCode": {"type": "Text", "value": "CEL"}, "s": {"type": "Text", "value": "x"}}},
        "b": {"type": "Boolean", "value": false, "metadata": {}},
        "t": {"type": "Text", "value": "text", "metadata": {}},
        "o": {"type": "StructuredValue", "value": {"k": 1}, "metadata": {}},
        "r": {"type": "Relationship", "value": "urn:x:1", "metadata": {}},
        "l": {"type": "Text", "value": "oui", "metadata": {}}}]
      """#)
    #expect(header("Ngsiv2-AttrsFormat", subscription) == "normalized")
  }

  @Test("notifications in one tell the last of each Entity")
  func coalescing() throws {
    let bodies = [("urn:a", 1), ("urn:b", 2), ("urn:a", 3)].map { id, value in
      Array(
        #"{"id":"urn:n:1","subscriptionId":"urn:s","notifiedAt":"x","data":[{"id":"\#(id)","v":\#(value)}]}"#
          .utf8)
    }
    let one = try JSONValue(parsing: coalesced(bodies, at: later, uuid: UUIDText()))
    #expect(one["data"]?.rawText == #"[{"id":"urn:b","v":2},{"id":"urn:a","v":3}]"#)
    #expect(one["id"]?.string?.hasPrefix("urn:ngsi-ld:Notification:") == true)
    #expect(one["notifiedAt"]?.string == later.description)
    #expect(one["subscriptionId"]?.string == "urn:s")
  }

  @Test(
    "a deleted Attribute is told of by the NGSI-LD Null",
    arguments: [
      (#""a": 1"#, #"{"type": "Property", "value": "urn:ngsi-ld:null"}"#),
      (
        #""a": {"object": "urn:x:1"}"#, #"{"type": "Relationship", "object": "urn:ngsi-ld:null"}"#
      ),
      (
        #""a": {"languageMap": {"en": "x"}}"#,
        #"{"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"}}"#
      ),
      (#""a": {"json": {"x": null}}"#, #"{"type": "JsonProperty", "json": "urn:ngsi-ld:null"}"#),
      (#""a": {"vocab": "x"}"#, #"{"type": "VocabProperty", "vocab": "urn:ngsi-ld:null"}"#),
      (
        #""a": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}"#,
        #"{"type": "GeoProperty", "value": "urn:ngsi-ld:null"}"#
      ),
      (#""a": {"valueList": [1]}"#, #"{"type": "ListProperty", "valueList": "urn:ngsi-ld:null"}"#),
      (
        #""a": {"objectList": [{"object": "urn:x:1"}]}"#,
        #"{"type": "ListRelationship", "objectList": "urn:ngsi-ld:null"}"#
      ),
    ])
  func deletedAttributes(member: String, normalized: String) throws {
    var entity = try TestEntity("{\"type\": \"Room\", \"b\": 2, \(member)}")
    let change = try entity.delete("a")
    try expect(
      change, try compile(notification: #""attributes": ["a"],"#),
      "[{\"id\": \"urn:ngsi-ld:Room:1\", \"type\": \"Room\", \"a\": \(normalized)}]")
    try expect(
      change, try compile(notification: #""format": "simplified","#),
      #"[{"id": "urn:ngsi-ld:Room:1", "type": "Room", "b": 2, "a": "urn:ngsi-ld:null"}]"#)
  }

  @Test("a deleted instance is told of beside those that remain")
  func deletedInstance() throws {
    var entity = try TestEntity(
      #"{"type": "Room", "a": [{"value": "A"}, {"value": "B", "datasetId": "urn:x:fr"}]}"#)
    let change = try entity.update(
      #"{"a": {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:x:fr"}}"#)
    try expect(
      change, try compile(),
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "a": [{"type": "Property", "value": "A"},
        {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:x:fr"}]}]
      """#)
    try expect(
      change, try compile(notification: #""format": "simplified","#),
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room",
        "a": {"dataset": {"@none": "A", "urn:x:fr": "urn:ngsi-ld:null"}}}]
      """#)
  }

  @Test("an Attribute that lost all its instances is told of once")
  func allInstances() throws {
    var entity = try TestEntity(
      #"{"type": "Room", "a": [{"value": "A"}, {"value": "B", "datasetId": "urn:x:fr"}]}"#)
    try expect(
      try entity.delete("a"), try compile(notification: #""sysAttrs": true, "attributes": ["a"],"#),
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "createdAt": "2027-01-15T08:00:00Z",
        "modifiedAt": "2027-01-15T08:00:01Z",
        "a": {"type": "Property", "value": "urn:ngsi-ld:null", "createdAt": "2027-01-15T08:00:00Z",
          "modifiedAt": "2027-01-15T08:00:01Z", "deletedAt": "2027-01-15T08:00:01Z"}}]
      """#)
  }

  @Test(
    "of a deleted Entity its identity is left, and what the subscription waited for",
    arguments: [
      (
        #""notificationTrigger": ["entityDeleted"],"#, "",
        #"[{"id":"urn:ngsi-ld:Room:1","type":"Room","deletedAt":"2027-01-15T08:00:01Z"}]"#
      ),
      (
        #""notificationTrigger": ["entityDeleted"],"#, #""sysAttrs": true,"#,
        #"""
        [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "createdAt": "2027-01-15T08:00:00Z",
          "modifiedAt": "2027-01-15T08:00:01Z", "deletedAt": "2027-01-15T08:00:01Z"}]
        """#
      ),
      (
        #""notificationTrigger": ["attributeDeleted"], "watchedAttributes": ["name"],"#, "",
        #"""
        [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "deletedAt": "2027-01-15T08:00:01Z",
          "name": {"type": "Property", "value": "urn:ngsi-ld:null"}}]
        """#
      ),
      (
        #""notificationTrigger": ["entityDeleted"],"#, #""showChanges": true,"#,
        #"""
        [{"id": "urn:ngsi-ld:Room:1", "type": "Room", "deletedAt": "2027-01-15T08:00:01Z",
          "temperature": {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 20},
          "name": {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": "A"}}]
        """#
      ),
    ])
  func deletedEntity(members: String, notification: String, expected: String) throws {
    var entity = try sensor()
    try expect(
      try entity.delete(),
      try compile(#""entities": [{"type": "Room"}], \#(members)"#, notification: notification),
      expected)
  }

  @Test("showChanges adds previous values of what changed, and of nothing else")
  func showChanges() throws {
    var entity = try TestEntity(
      #"{"type": "Room", "a": {"json": {"x": null}}, "b": 1, "c": {"object": "urn:x:1"}}"#)
    let subscription = try compile(notification: #""showChanges": true,"#)
    try expect(
      try entity.update(#"{"a": {"json": [2]}, "b": 1, "c": {"object": "urn:x:2"}, "d": 4}"#),
      subscription,
      #"""
      [{"id": "urn:ngsi-ld:Room:1", "type": "Room",
        "a": {"type": "JsonProperty", "json": [2], "previousJson": {"x": null}},
        "b": {"type": "Property", "value": 1},
        "c": {"type": "Relationship", "object": "urn:x:2", "previousObject": "urn:x:1"},
        "d": {"type": "Property", "value": 4}}]
      """#)
  }

  // MARK: Contexts and headers

  @Test("plain JSON links the context, JSON-LD embeds it")
  func contexts() async throws {
    let resolver = ContextResolver(loader: NoLoader(), cache: ContextCache(now: { .zero }))
    let url = "https://example.org/c.jsonld"
    let context = try await resolver.context(linkedAt: url)
    let link =
      "<\(url)>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
    #expect(
      header("Link", try compile(context: context)) == link)
    let array = try await Context.inline("[\"\(url)\", \"\(CoreContext.url)\"]")
    #expect(header("Link", try compile(context: array)) == link)
    #expect(header("Link", try compile())?.contains(CoreContext.url) == true)

    let members = #""entities": [{"type": "https://example.org/Room"}],"#
    let document = #"{"type": "https://example.org/Room", "a": 1}"#
    var entity = TestEntity()
    let change = try entity.create(document)
    #expect(
      try change.data(for: compile(members, context: context)).elements.first { _ in true }?[
        "type"]?
        .string == "Room")
  }

  @Test("a context without a URL is not named in plain JSON, so names are sent expanded")
  func inlineContext() async throws {
    let context = try await Context.inline(#"{"R": "https://example.org/Room"}"#)
    let subscription = try compile(context: context)
    #expect(header("Link", subscription)?.contains(CoreContext.url) == true)
    var entity = TestEntity()
    let change = try entity.create(#"{"type": "https://example.org/Room", "a": 1}"#)
    let data = try change.data(for: subscription)
    #expect(data.elements.first { _ in true }?["type"]?.string == "https://example.org/Room")
  }

  @Test("receiverInfo adds header fields, and replaces none of the broker's")
  func headers() throws {
    let subscription = CompiledSubscription(
      try parse(
        #"""
        {"type": "Subscription", "watchedAttributes": ["a"], "notification": {"endpoint": {
          "uri": "http://localhost/", "accept": "application/ld+json", "receiverInfo": [
            {"key": "X-Key", "value": "v"}, {"key": "content-type", "value": "text/plain"},
            {"key": "NGSILD-Tenant", "value": "other"}]}}}
        """#), key: 1, tenantName: "city", context: .core)
    #expect(subscription.headers.map(\.name) == ["Content-Type", "NGSILD-Tenant", "X-Key"])
    #expect(header("Content-Type", subscription) == "application/ld+json")
    #expect(header("NGSILD-Tenant", subscription) == "city")
    var entity = TestEntity()
    let data = try entity.create(#"{"type": "Room", "a": 1}"#).data(for: subscription)
    #expect(data.elements.first { _ in true }?["@context"]?.string == CoreContext.url)
  }

  @Test(
    "GeoJSON is a FeatureCollection, with the context inside unless body=json is preferred",
    arguments: [("", true), ("body=ld+json", true), ("respond-async, body=json", false)])
  func geoJSON(preference: String, embedsContext: Bool) throws {
    let info =
      preference.isEmpty ? "" : #", "receiverInfo": [{"key": "Prefer", "value": "\#(preference)"}]"#
    let subscription = CompiledSubscription(
      try parse(
        #"""
        {"type": "Subscription", "watchedAttributes": ["a"], "lang": "fr", "notification": {
          "format": "simplified", "endpoint": {
            "uri": "http://localhost/", "accept": "application/geo+json"\#(info)}}}
        """#), key: 1, tenantName: "", context: .core)
    #expect(header("Content-Type", subscription) == "application/geo+json")
    #expect((header("Link", subscription) == nil) == embedsContext)
    var entity = TestEntity()
    let change = try entity.create(
      #"""
      {"type": "Room", "a": {"languageMap": {"en": "Bell", "fr": "Cloche"}},
       "location": {"type": "Point", "coordinates": [1, 2]}}
      """#)
    let context = embedsContext ? #","@context": "\#(CoreContext.url)""# : ""
    try expect(
      change, subscription,
      #"""
      {"type": "FeatureCollection", "features": [
        {"id": "urn:ngsi-ld:Room:1", "type": "Feature",
         "geometry": {"type": "Point", "coordinates": [1, 2]},
         "properties": {"type": "Room", "a": "Cloche",
                        "location": {"type": "Point", "coordinates": [1, 2]}}}]\#(context)}
      """#)
  }

  @Test("an older version of the standard gets what it knows")
  func conformance() throws {
    var entity = TestEntity()
    let change = try entity.create(#"{"type": "Room", "a": {"json": {"x": 1}}}"#)
    let members = #""entities": [{"type": "Room"}],"#
    for (version, type, value) in [("1.6", "Property", "value"), ("1.8", "JsonProperty", "json")] {
      try expect(
        change, try compile(#"\#(members)"ngsildConformance": "\#(version)","#),
        #"[{"id":"urn:ngsi-ld:Room:1","type":"Room","a":{"type":"\#(type)","\#(value)":{"x":1}}}]"#)
    }
  }

  private func header(_ name: String, _ subscription: CompiledSubscription) -> String? {
    subscription.headers.first { $0.name == name }?.value
  }

  private func expect(
    _ change: EntityChange, _ subscription: CompiledSubscription, _ expected: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let data = try change.data(for: subscription)
    let isSame = try data == JSONValue(parsing: expected)
    #expect(isSame, "\(data.rawText)", sourceLocation: sourceLocation)
  }
}
