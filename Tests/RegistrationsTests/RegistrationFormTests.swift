import JSON
import JSONLD
import NGSILD
import Registrations
import Subscriptions
import Testing

/// A body with all members.
private let everything = body(
  """
  "registrationName": "n", "description": "d", "mode": "redirect",
  "operations": ["retrieveOps", "updateEntity"],
  "contextSourceInfo": [{"key": "X-A", "value": "b"}, {"key": "accept", "value": "application/json"}],
  "contextSourceAlias": "other.t", "tenant": "t", "datasetId": ["urn:d:1", "@none"],
  "scope": ["/A", "/B"], "location": {"type": "Point", "coordinates": [1, 2]},
  "observationSpace": {"type": "Point", "coordinates": [3, 4]},
  "observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"},
  "managementInterval": {"startAt": "2020-01-01T00:00:00Z"},
  "expiresAt": "2099-01-01T00:00:00Z", "refreshRate": "PT1H",
  "management": {"localOnly": false, "timeout": 200, "cooldown": 30, "cacheDuration": "PT5M"},
  "sourceType": {"type": "Property", "value": "sensor"}, "simple": ["a", 1],
  "owner": {"type": "Relationship", "object": "urn:o:1"},
  "area": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [5, 6]}}
  """,
  information: """
    [{"entities": [{"type": "Room", "id": "urn:e:1"}, {"type": ["A", "B"], "idPattern": "^urn"}],
      "propertyNames": ["a"], "relationshipNames": ["b"]}, {"propertyNames": ["c"]}]
    """)

@Suite("Forms of registrations")
struct RegistrationFormTests {
  @Test("what was given is shown, and nothing else")
  func shownAsGiven() throws {
    #expect(try shown(parse(everything)) == JSONValue(everything))
    #expect(try shown(parse(body(""))) == JSONValue(body("")))
  }

  @Test("the stored form keeps all of it")
  func stored() throws {
    let registration = try parse(everything)
    let stored = try Registration(
      stored: JSONValue(parsing: registration.stored), createdAt: now, modifiedAt: later)
    #expect(try shown(stored) == JSONValue(everything))
    #expect(stored.stored == registration.stored)
    #expect(stored.modifiedAt == later)
  }

  @Test("members that only the broker sets are passed over, and shown when asked for")
  func systemMembers() throws {
    let registration = try parse(
      body(#""timesSent": 5, "status": "failed", "lastSuccess": "x", "createdAt": "y""#))
    #expect(try shown(registration) == JSONValue(body("")))
    let withSystem = try shown(registration, system: true)
    #expect(withSystem["createdAt"]?.string == now.description)
    #expect(withSystem["modifiedAt"]?.string == now.description)
  }

  @Test("a geometry in a GeoProperty is taken out of it")
  func wrapped() throws {
    let given =
      #""location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}"#
    #expect(
      try shown(parse(body(given)))["location"]
        == JSONValue(#"{"type": "Point", "coordinates": [1, 2]}"#))
  }

  @Test("counters are shown once there are any")
  func counters() throws {
    var record = DeliveryRecord()
    record.timesSent = 3
    record.timesFailed = 1
    record.lastSuccess = later
    record.lastFailure = now
    var writer = JSONWriter()
    RegistrationRepresentation(context: .core).write(try parse(body("")), record, to: &writer)
    let shown = try JSONValue(parsing: writer.bytes)
    #expect(shown["status"]?.string == "ok")
    #expect(shown["timesSent"]?.integer == 3)
    #expect(shown["timesFailed"]?.integer == 1)
    #expect(shown["lastFailure"]?.string == now.description)
  }
}

@Suite("Updates of registrations")
struct RegistrationUpdateTests {
  @Test(
    "a fragment replaces, merges and removes members",
    arguments: [
      (#"{"endpoint": "http://new"}"#, "endpoint", #""http://new""#),
      (
        #"{"id": "urn:r:1", "type": "ContextSourceRegistration", "tenant": "u"}"#, "tenant", #""u""#
      ),
      (#"{"expiresAt": "urn:ngsi-ld:null"}"#, "expiresAt", "null"),
      (#"{"expiresAt": null}"#, "expiresAt", "null"),
      (
        #"{"management": {"timeout": 5, "cooldown": "urn:ngsi-ld:null"}}"#, "management",
        #"{"localOnly": false, "timeout": 5, "cacheDuration": "PT5M"}"#
      ),
      (
        #"{"information": [{"propertyNames": ["z"]}]}"#, "information",
        #"[{"propertyNames": ["z"]}]"#
      ),
      (#"{"operations": ["queryEntity"]}"#, "operations", #"["queryEntity"]"#),
      (#"{"simple": 7}"#, "simple", "7"),
      (#"{"simple": "urn:ngsi-ld:null"}"#, "simple", "null"),
      (#"{"simple": 7}"#, "sourceType", #"{"type": "Property", "value": "sensor"}"#),
      (
        #"{"another": {"type": "Property", "value": 5}}"#, "another",
        #"{"type": "Property", "value": 5}"#
      ),
      (#"{"mode": "urn:ngsi-ld:null"}"#, "mode", "null"),
      (
        #"{"location": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}"#, "location",
        #"{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}"#
      ),
      (#"{"timesSent": 5}"#, "timesSent", "null"),
    ])
  func updates(fragment: String, member: String, expected: String) throws {
    let updated = try update(fragment)
    #expect(updated.modifiedAt == later)
    #expect(updated.createdAt == now)
    #expect(try shown(updated)[named: member] ?? JSONValue("null") == JSONValue(expected))
  }

  @Test("all that a fragment does not name stays")
  func rest() throws {
    #expect(try shown(update("{}")) == JSONValue(everything))
  }

  @Test(
    "what is wrong with a fragment, or with what it makes, is BadRequestData",
    arguments: [
      (#"{"id": "urn:r:2"}"#, "urn:r:1"), (#"{"type": "Subscription"}"#, "Subscription"),
      (#"{"endpoint": "urn:ngsi-ld:null"}"#, "'endpoint'"),
      (#"{"information": null}"#, "'information'"),
      (#"{"type": "urn:ngsi-ld:null"}"#, "Null"), (#"{"mode": "exclusive"}"#, "exclusive"),
      (#"{"mode": "auxiliary"}"#, "auxiliary"), (#"{"expiresAt": "2020-01-01T00:00:00Z"}"#, "past"),
      (#"{"contextSourceInfo": [{"key": "accept", "value": "x"}]}"#, "'x'"),
      (#"{"observationInterval": {"startAt": "urn:ngsi-ld:null"}}"#, "startAt"),
    ])
  func refusals(fragment: String, names: String) throws {
    let error = #expect(throws: NGSILDError.self) { try update(fragment) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains(names) == true, "\(error?.detail ?? "")")
  }

  private func update(_ fragment: String) throws -> Registration {
    try RegistrationParser(context: .core).update(
      parse(everything), with: JSONValue(fragment), at: later)
  }
}
