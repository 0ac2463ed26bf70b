import JSON
import JSONLD
import NGSILD
import Registrations
import Testing

@Suite("Parsing of registrations")
struct RegistrationParsingTests {
  @Test(
    "an unusable body is BadRequestData that names the fault",
    arguments: [
      ("{}", "'type'"),
      (#"{"type": "Subscription"}"#, "'Subscription'"),
      (#"{"type": "ContextSourceRegistration"}"#, "'endpoint'"),
      (#"{"type": "ContextSourceRegistration", "endpoint": "http://h"}"#, "'information'"),
      (#"{"type": "ContextSourceRegistration", "endpoint": "ftp://h"}"#, "ftp"),
      (body(#""id": "x""#).removingFirstID, "'x'"),
      (body("", information: "null"), "information"),
      (body("", information: "[]"), "information"),
      (body("", information: "[{}]"), "entities"),
      (body("", information: #"[{"entities": []}]"#), "entities"),
      (body("", information: #"[{"entities": [{}]}]"#), "type"),
      (body("", information: #"[{"entities": [{"type": "a b"}]}]"#), "a b"),
      (body("", information: #"[{"entities": [{"type": "T", "id": "x"}]}]"#), "'x'"),
      (body("", information: #"[{"entities": [{"type": "T", "idPattern": "["}]}]"#), "'['"),
      (body("", information: #"[{"propertyNames": []}]"#), "propertyNames"),
      (body("", information: #"[{"propertyNames": ["type"]}]"#), "'type'"),
      (body("", information: #"[{"relationshipNames": [5]}]"#), "relationshipNames"),
      (body(#""mode": "shared""#), "'shared'"),
      (body(#""operations": []"#), "operations"),
      (body(#""operations": ["queryEntity", "fly"]"#), "'fly'"),
      (body(#""contextSourceInfo": {"key": "a", "value": "b"}"#), "contextSourceInfo"),
      (body(#""contextSourceInfo": [{"key": "a", "value": 5}]"#), "contextSourceInfo"),
      (body(#""contextSourceInfo": [{"key": "a"}]"#), "contextSourceInfo"),
      (body(#""contextSourceInfo": [{"key": "a b", "value": "c"}]"#), "a b"),
      (body(#""contextSourceInfo": [{"key": "a", "value": "c\nHost: x"}]"#), "control"),
      (body(#""contextSourceInfo": [{"key": "accept", "value": "text/html"}]"#), "text/html"),
      (body(#""contextSourceInfo": [{"key": "contentType", "value": "x"}]"#), "'x'"),
      (body(#""contextSourceInfo": [{"key": "jsonldContext", "value": "x"}]"#), "'x'"),
      (body(#""contextSourceInfo": [{"key": "tokenEndpoint", "value": "login"}]"#), "'login'"),
      (
        body(
          #""contextSourceInfo": [{"key": "tokenEndpoint", "value": "http://h"}, {"key": "authorization", "value": "x"}]"#
        ), "one of them"
      ),
      (body(#""contextSourceInfo": [{"key": "ngsildConformance", "value": "1"}]"#), "'1'"),
      (body(#""contextSourceAlias": """#), "contextSourceAlias"),
      (body(#""contextSourceAlias": "a b""#), "a b"),
      (body(#""tenant": "a\nb""#), "tenant"),
      (body(#""registrationName": """#), "registrationName"),
      (body(#""datasetId": ["x"]"#), "'x'"),
      (body(#""scope": "1""#), "'1'"),
      (body(#""location": {"type": "Point", "coordinates": [500, 0]}"#), "500"),
      (body(#""observationSpace": {"type": "GeoProperty", "value": 5}"#), "5"),
      (body(#""observationInterval": {}"#), "startAt"),
      (
        body(
          #""managementInterval": {"startAt": "2020-01-02T00:00:00Z", "endAt": "2020-01-01T00:00:00Z"}"#
        ), "endAt"
      ),
      (body(#""expiresAt": "2020-01-01T00:00:00Z""#), "past"),
      (body(#""expiresAt": "tomorrow""#), "tomorrow"),
      (body(#""refreshRate": "often""#), "often"),
      (body(#""management": "yes""#), "management"),
      (body(#""management": {"cacheDuration": "bogus"}"#), "bogus"),
      (body(#""management": {"cooldown": 0}"#), "cooldown"),
      (body(#""management": {"timeout": -5}"#), "-5"),
      (body(#""management": {"localOnly": "yes"}"#), "localOnly"),
      (body(#""description": "urn:ngsi-ld:null""#), "Null"),
      (body(#""a b": 1"#), "a b"),
      (body(#""mode": "auxiliary", "operations": ["updateEntity"]"#), "updateEntity"),
      (body(#""mode": "auxiliary", "operations": ["federationOps"]"#), "auxiliary"),
      (body(#""mode": "exclusive""#), "'id'"),
      (
        body(
          #""mode": "exclusive""#,
          information: #"[{"entities": [{"type": "T", "idPattern": "x"}], "propertyNames": ["a"]}]"#
        ), "'id'"
      ),
      (body(#""mode": "exclusive""#, information: #"[{"propertyNames": ["a"]}]"#), "'id'"),
      (
        body(
          #""mode": "exclusive""#, information: #"[{"entities": [{"type": "T", "id": "urn:e:1"}]}]"#
        ), "propertyNames"
      ),
    ])
  func refusals(body: String, names: String) throws {
    let error = #expect(throws: NGSILDError.self) { try parse(body) }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.contains(names) == true, "\(error?.detail ?? "")")
  }

  @Test("secrets are not repeated in errors")
  func secrets() throws {
    let error = #expect(throws: NGSILDError.self) {
      try parse(body(#""contextSourceInfo": [{"key": "a", "value": "secret\n"}]"#))
    }
    #expect(error?.detail.contains("secret") == false)
  }

  @Test("a body that is no object is an InvalidRequest")
  func noObject() throws {
    let error = #expect(throws: NGSILDError.self) { try parse("[]") }
    #expect(error?.kind == .invalidRequest)
  }

  @Test(
    "names of operations and groups",
    arguments: [
      ("", RegisteredOperations.federationOps),
      (#""operations": ["retrieveOps"]"#, RegisteredOperations(.retrieveEntity, .queryEntity)),
      (
        #""operations": ["createEntity", "deleteBatch"]"#,
        RegisteredOperations(.createEntity, .deleteBatch)
      ),
      (#""mode": "auxiliary""#, .retrieveOps),
    ])
  func operations(members: String, expected: RegisteredOperations) throws {
    #expect(try parse(body(members)).operations == expected)
  }

  @Test("groups hold what the standard says, and as many")
  func groups() {
    let counts: [(RegisteredOperations, Int)] = [
      (.federationOps, 19), (.associationOps, 15), (.updateOps, 4), (.retrieveOps, 2),
      (.redirectionOps, 23),
    ]
    for (group, count) in counts { #expect(group.rawValue.nonzeroBitCount == count) }
    #expect(!RegisteredOperations.federationOps.contains(.createEntity))
    #expect(RegisteredOperations.redirectionOps.contains(.purgeEntity))
    #expect(!RegisteredOperations.redirectionOps.contains(.queryBatch))
    #expect(RegisteredOperation.allCases.count == 43)
  }

  @Test("what contextSourceInfo says to the broker is told from what is sent")
  func sourceInfo() throws {
    let info = try parse(
      body(
        """
        "contextSourceInfo": [
          {"key": "Authorization", "value": "urn:ngsi-ld:request"}, {"key": "X-A", "value": "b"},
          {"key": "NGSILD-Tenant", "value": "t"}, {"key": "via", "value": "v"},
          {"key": "accept", "value": "application/ld+json"},
          {"key": "contentType", "value": "application/json"},
          {"key": "jsonldContext", "value": "http://h/c"},
          {"key": "ngsildConformance", "value": "1.6"}]
        """)
    ).sourceInfo
    #expect(info.headers.map(\.key) == ["Authorization", "X-A"])
    #expect(info.headers.map(\.isFromRequest) == [true, false])
    #expect(info.accept == .jsonLD)
    #expect(info.contentType == .json)
    #expect(info.jsonldContext == "http://h/c")
    #expect(info.conformance == SpecificationVersion(1, 6))
    #expect(info.pairs.count == 8)
  }

  @Test("management is read as durations")
  func management() throws {
    let management = try parse(
      body(
        #""management": {"timeout": 200, "cooldown": 1500.5, "cacheDuration": "P1DT1S", "localOnly": true}"#
      )
    ).management
    #expect(management.timeout == .milliseconds(200))
    #expect(management.cooldown == .milliseconds(1500.5))
    #expect(management.cacheDuration == .seconds(86_401))
    #expect(management.localOnly == true)
  }

  @Test("an id is made where none is given")
  func generated() throws {
    #expect(try parse(body("").removingFirstID).id == "urn:r:generated")
  }
}

extension String {
  /// Without `"id": "urn:r:1", `.
  var removingFirstID: String { replacing(#""id": "urn:r:1", "#, with: "") }
}
