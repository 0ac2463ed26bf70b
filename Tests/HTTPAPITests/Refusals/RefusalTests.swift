import JSON
import TestSupport
import Testing

/// A request that is refused: what with, and a part of the detail, which names the value at fault.
struct Refusal: Sendable, CustomTestStringConvertible {
  let method: String
  let target: String
  let body: String?
  let headers: [(name: String, value: String)]
  let status: Int
  /// nil where the answer has no body.
  let type: String?
  let detail: String

  init(
    _ method: String, _ target: String, _ body: String? = nil,
    headers: [(name: String, value: String)] = [], _ status: Int = 400,
    _ type: String? = "BadRequestData", _ detail: String = ""
  ) {
    self.method = method
    self.target = target
    self.body = body
    self.headers = headers
    self.status = status
    self.type = type
    self.detail = detail
  }

  var testDescription: String {
    "\(method) \(target) \(body?.prefix(60) ?? "") \(headers.map(\.value).joined(separator: " "))"
  }
}

private let unknownID = "urn:ngsi-ld:Room:none"
private let ld = [("Content-Type", "application/ld+json")] as [(name: String, value: String)]

private func link(_ url: String) -> (name: String, value: String) {
  ("Link", "<\(url)>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

extension Refusal {
  /// A body that a creation refuses.
  private static func creation(
    _ body: String, _ type: String = "BadRequestData", _ detail: String = ""
  ) -> Refusal {
    Refusal("POST", "entities", body, 400, type, detail)
  }

  /// An Attribute that a creation refuses.
  private static func attribute(_ value: String, _ detail: String = "") -> Refusal {
    creation(#"{"id":"urn:x:9","type":"A","p":\#(value)}"#, "BadRequestData", detail)
  }

  /// Parameters that a query refuses.
  private static func query(
    _ parameters: String, _ detail: String = "", status: Int = 400, type: String = "BadRequestData"
  ) -> Refusal {
    Refusal("GET", "entities?\(parameters)", status, type, detail)
  }

  private init(
    _ method: String, _ target: String, _ status: Int, _ type: String?, _ detail: String = ""
  ) {
    self.init(method, target, nil, status, type, detail)
  }

  static let bodies: [Refusal] = [
    creation("", "InvalidRequest"), creation("{", "InvalidRequest"),
    creation("[]", "InvalidRequest"),
    creation("\"x\"", "InvalidRequest"), creation("{\"id\":\"urn:x:9\",}", "InvalidRequest"),
    creation("{'id':'urn:x:9'}", "InvalidRequest"),
    creation(#"{"id":"urn:x:9","type":"A"} x"#, "InvalidRequest"),
    creation(#"{"id":"urn:x:9","type":"A","p":01}"#, "InvalidRequest"),
    creation(#"{"id":"urn:x:9","type":"A","p":NaN}"#, "InvalidRequest"),
    creation(#"{"id":"urn:x:9","type":"A","p":"\ud800"}"#, "InvalidRequest"),
    creation(
      #"{"id":"urn:x:9","type":"A","p":"# + String(repeating: "[", count: 500)
        + String(repeating: "]", count: 500) + "}", "InvalidRequest"),
    creation(#"{"id":"urn:x:9","type":"A","p":1,"p":2}"#, "BadRequestData", "p"),
    creation(#"{"id":"urn:x:9","type":"A","p":1e999}"#, "BadRequestData"),
    creation(#"{"id":"urn:x:9","type":"A","p":"a\u0000b"}"#, "BadRequestData"),
    creation("{}", "BadRequestData", "id"), creation(#"{"type":"A"}"#, "BadRequestData", "id"),
    creation(#"{"id":"urn:x:9"}"#, "BadRequestData", "urn:x:9"),
    creation(#"{"id":"nouri","type":"A"}"#, "BadRequestData", "nouri"),
    creation(#"{"id":"urn:x: 9","type":"A"}"#, "BadRequestData", "urn:x: 9"),
    creation(#"{"id":"urn:ngsi-ld:null","type":"A"}"#, "BadRequestData"),
    creation(#"{"id":5,"type":"A"}"#, "BadRequestData", "5"),
    creation(#"{"id":"urn:x:9","type":5}"#, "BadRequestData", "5"),
    creation(#"{"id":"urn:x:9","type":[]}"#, "BadRequestData", "type"),
    creation(#"{"id":"urn:x:9","type":""}"#), creation(#"{"id":"urn:x:9","type":["A",1]}"#),
    creation(#"{"id":"urn:x:9","type":"a b"}"#, "BadRequestData", "a b"),
    creation(#"{"id":"urn:x:9","type":"A","a b":1}"#, "BadRequestData", "a b"),
    creation(#"{"id":"urn:x:9","type":"A","@p":1}"#, "BadRequestData", "@p"),
    creation(#"{"id":"urn:x:9","type":"A","value":1}"#, "BadRequestData", "value"),
    creation(#"{"id":"urn:x:9","type":"A","scope":5}"#, "BadRequestData", "5"),
    creation(#"{"id":"urn:x:9","type":"A","scope":"a b"}"#, "BadRequestData", "a b"),
    creation(#"{"id":"urn:x:9","type":"A","expiresAt":"tomorrow"}"#, "BadRequestData", "tomorrow"),
    creation(#"{"id":"urn:x:9","type":"A","expiresAt":1}"#, "BadRequestData", "expiresAt"),
    creation(
      #"{"@context":"https://x.org/c","id":"urn:x:9","type":"A"}"#, "BadRequestData", "@context"),
    attribute("null"), attribute(#"{"type":"Property"}"#, "p"),
    attribute(#"{"type":"Propery","value":1}"#, "Propery"),
    attribute(#"{"type":5,"value":1}"#), attribute(#"{"type":"Property","value":null}"#, "p"),
    attribute(#"{"type":"Property","value":"urn:ngsi-ld:null"}"#),
    attribute(#"{"type":"Property","object":"urn:x:1"}"#, "p"),
    attribute(#"{"type":"Relationship","value":1}"#, "p"),
    attribute(#"{"type":"Relationship","object":"nouri"}"#, "nouri"),
    attribute(#"{"type":"Relationship","object":5}"#, "5"),
    attribute(#"{"type":"Relationship","object":[]}"#),
    attribute(#"{"type":"GeoProperty","value":"x"}"#),
    attribute(#"{"type":"GeoProperty","value":{"type":"Pont","coordinates":[0,0]}}"#, "Pont"),
    attribute(#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[0]}}"#),
    attribute(#"{"type":"GeoProperty","value":{"type":"Point","coordinates":["a","b"]}}"#),
    attribute(#"{"type":"GeoProperty","value":{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}}"#),
    attribute(#"{"type":"LanguageProperty","languageMap":"x"}"#),
    attribute(#"{"type":"LanguageProperty","languageMap":{"en":5}}"#),
    attribute(#"{"type":"VocabProperty","vocab":5}"#, "vocab"),
    attribute(#"{"type":"ListProperty","valueList":5}"#),
    attribute(#"{"type":"ListRelationship","objectList":["nouri"]}"#, "nouri"),
    attribute(#"{"type":"JsonProperty","json":5}"#),
    attribute(#"{"type":"Property","value":1,"observedAt":"yesterday"}"#, "yesterday"),
    attribute(#"{"type":"Property","value":1,"observedAt":"2026-02-30T00:00:00Z"}"#, "2026-02-30"),
    attribute(#"{"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00+01:00"}"#),
    attribute(#"{"type":"Property","value":1,"unitCode":5}"#, "unitCode"),
    attribute(#"{"type":"Property","value":1,"datasetId":"nouri"}"#, "nouri"),
    attribute(#"{"type":"Property","value":1,"datasetId":5}"#),
    attribute(#"[{"type":"Property","value":1},{"type":"Property","value":2}]"#),
    attribute(#"{"type":"Property","value":1,"s":null}"#),
    attribute(
      #"{"type":"Property","value":1,"s":{"type":"Relationship","object":"nouri"}}"#, "nouri"),
  ]

  static let headers: [Refusal] = [
    Refusal("POST", "entities", room, headers: [("Content-Type", "text/plain")], 415, nil),
    Refusal("POST", "entities", room, headers: [("Content-Type", "")], 415, nil),
    Refusal(
      "POST", "entities", room, headers: [("Content-Type", "application/merge-patch+json")], 415,
      nil),
    Refusal(
      "PATCH", "\(roomPath)/attrs", "{}", headers: [("Content-Type", "application/xml")], 415, nil),
    Refusal(
      "PATCH", "\(roomPath)/attrs", "{,}", headers: [("Content-Type", "")], 400, "InvalidRequest"),
    Refusal(
      "GET", roomPath, nil, headers: [("Accept", "text/html")], 406, "about:blank", "text/html"),
    Refusal(
      "GET", "entities?type=Room", nil, headers: [("Accept", "application/json;q=0")], 406, nil),
    Refusal(
      "GET", "subscriptions", nil, headers: [("Accept", "application/geo+json")], 406,
      "about:blank", "application/ld+json"),
    Refusal(
      "GET", "\(roomPath)?geometryProperty=a%20b", nil,
      headers: [("Accept", "application/geo+json")], 400, "BadRequestData", "a b"),
    Refusal(
      "GET", roomPath, nil, headers: [link("https://a.org/c"), link("https://b.org/c")], 400,
      "BadRequestData", "2"),
    Refusal("GET", roomPath, nil, headers: [link("not a url")], 400, "BadRequestData", "not a url"),
    Refusal(
      "GET", roomPath, nil, headers: [link("http://127.0.0.1:1/c")], 504, "LdContextNotAvailable",
      "127.0.0.1"),
    Refusal(
      "GET", roomPath, nil, headers: [link("http://[::1]:1/c")], 504, "LdContextNotAvailable"),
    Refusal(
      "POST", "entities", #"{"id":"urn:x:9","type":"A"}"#, headers: ld, 400, "BadRequestData",
      "@context"),
    Refusal(
      "POST", "entities", #"{"@context":5,"id":"urn:x:9","type":"A"}"#, headers: ld, 400,
      "BadRequestData", "@context"),
    Refusal(
      "POST", "entities", #"{"@context":"http://127.0.0.1:1/c","id":"urn:x:9","type":"A"}"#,
      headers: ld, 504, "LdContextNotAvailable", "127.0.0.1"),
    Refusal(
      "POST", "entities", #"{"@context":{},"id":"urn:x:9","type":"A"}"#,
      headers: ld + [link("https://a.org/c")], 400, "BadRequestData", "Link"),
    Refusal(
      "GET", roomPath, nil, headers: [("NGSILD-Tenant", "nobody-has-it")], 404, "NonexistentTenant",
      "nobody-has-it"),
    Refusal(
      "GET", "entities?type=Room", nil, headers: [("NGSILD-Tenant", "nobody-has-it")], 404,
      "NonexistentTenant", "nobody-has-it"),
    Refusal(
      "POST", "\(roomPath)/attrs", #"{"a":1}"#, headers: [("NGSILD-Tenant", "nobody-has-it")], 404,
      "NonexistentTenant", "nobody-has-it"),
    Refusal(
      "DELETE", roomPath, nil, headers: [("NGSILD-Tenant", String(repeating: "t", count: 256))],
      400,
      "BadRequestData", "255"),
  ]

  static let paths: [Refusal] = [
    Refusal("GET", "entitys", 404, "ResourceNotFound", "entitys"),
    Refusal("GET", "/", 404, "ResourceNotFound"),
    Refusal("GET", "/ngsi-ld/v2/entities", 404, "ResourceNotFound", "v2"),
    Refusal("GET", "entities/%zz", 404, "ResourceNotFound", "%zz"),
    Refusal("GET", "entities/\(unknownID)", 404, "ResourceNotFound", unknownID),
    Refusal("DELETE", "entities/\(unknownID)", 404, "ResourceNotFound", unknownID),
    Refusal("GET", "temporal/entities/\(unknownID)", 404, "ResourceNotFound", unknownID),
    Refusal("GET", "\(roomPath)?type=Car", 404, "ResourceNotFound", "Car"),
    Refusal("DELETE", "\(roomPath)?type=Car", 404, "ResourceNotFound", "Car"),
    Refusal("GET", "\(roomPath)?attrs=none", 404, "ResourceNotFound", "Room:1"),
    Refusal("PATCH", "\(roomPath)/attrs?type=Car", #"{"n":1}"#, 404, "ResourceNotFound", "Car"),
    Refusal(
      "PATCH", "entities/\(unknownID)/attrs", #"{"n":1}"#, 404, "ResourceNotFound", unknownID),
    Refusal("POST", "entities/\(unknownID)/attrs", #"{"n":1}"#, 404, "ResourceNotFound", unknownID),
    Refusal("PUT", "entities/\(unknownID)", #"{"type":"A"}"#, 404, "ResourceNotFound", unknownID),
    Refusal("PATCH", "\(roomPath)/attrs/none", #"{"value":1}"#, 404, "ResourceNotFound", "none"),
    Refusal("PUT", "\(roomPath)/attrs/none", #"{"value":1}"#, 404, "ResourceNotFound", "none"),
    Refusal("DELETE", "\(roomPath)/attrs/none", 404, "ResourceNotFound", "none"),
    Refusal(
      "DELETE", "\(roomPath)/attrs/label?datasetId=urn:d:none", 404, "ResourceNotFound",
      "urn:d:none"),
    Refusal("GET", "entities/nouri", 400, "BadRequestData", "nouri"),
    Refusal("DELETE", "entities/nouri", 400, "BadRequestData", "nouri"),
    Refusal("PUT", "entities/nouri", #"{"type":"A"}"#, 400, "BadRequestData", "nouri"),
    Refusal("POST", "entities/nouri/attrs", #"{"n":1}"#, 400, "BadRequestData", "nouri"),
    Refusal("POST", "entities//attrs", #"{"n":1}"#, 400, "BadRequestData"),
    Refusal("PATCH", "entities//attrs/", #"{"n":1}"#, 400, "BadRequestData"),
    Refusal("PATCH", "entities//attrs/n", #"{"value":1}"#, 400, "BadRequestData"),
    Refusal("DELETE", "entities//attrs/n", 400, "BadRequestData"),
    Refusal("PUT", "entities/", #"{"type":"A"}"#, 400, "BadRequestData"),
    Refusal("PATCH", "\(roomPath)/attrs/@x", #"{"value":1}"#, 400, "BadRequestData", "@x"),
    Refusal("DELETE", "\(roomPath)/attrs/a%20b", 400, "BadRequestData", "a b"),
    Refusal("GET", "temporal/entities/nouri", 400, "BadRequestData", "nouri"),
    Refusal("DELETE", "\(roomPath)/attrs/", 405, nil),
    Refusal("POST", roomPath, "{}", 405, nil), Refusal("GET", "\(roomPath)/attrs", 405, nil),
    Refusal("GET", "\(roomPath)/attrs/temperature", 405, nil),
    Refusal("GET", "entityOperations/create", 405, nil),
    Refusal("DELETE", "temporal/entities/", 405, nil), Refusal("POST", "/health", "{}", 405, nil),
    Refusal("TRACE", "entities", 405, nil), Refusal("BREW", "entities", 405, nil),
    Refusal("PATCH", "subscriptions/", "{}", 405, nil),
  ]

  static let parameters: [Refusal] = [
    Refusal("POST", "entities?x=1", room, 400, "InvalidRequest", "'x'"),
    Refusal("POST", "entities?type=A", room, 400, "InvalidRequest", "'type'"),
    Refusal("GET", "\(roomPath)?foo=1", 400, "InvalidRequest", "'foo'"),
    Refusal("GET", "\(roomPath)?Type=A", 400, "InvalidRequest", "'Type'"),
    Refusal("GET", "\(roomPath)?q=a", 400, "InvalidRequest", "'q'"),
    Refusal("DELETE", "\(roomPath)?foo=1", 400, "InvalidRequest", "'foo'"),
    Refusal(
      "PATCH", "\(roomPath)/attrs?options=noOverwrite", "{}", 400, "InvalidRequest", "options"),
    Refusal("POST", "\(roomPath)/attrs?options=x", #"{"a":1}"#, 400, "InvalidRequest", "'x'"),
    Refusal("GET", "\(roomPath)?options=x", 400, "InvalidRequest", "'x'"),
    Refusal("GET", "\(roomPath)?options=keyValues,x", 400, "InvalidRequest", "'x'"),
    Refusal("GET", "\(roomPath)?format=x", 400, "InvalidRequest", "'x'"),
    Refusal("GET", "\(roomPath)?format=temporalValues", 400, "InvalidRequest", "temporalValues"),
    Refusal("GET", "\(roomPath)?format=x&options=keyValues", 400, "InvalidRequest", "'x'"),
    Refusal(
      "GET", "\(roomPath)?geometryProperty=location", 400, "BadRequestData", "geo+json"),
    query("type=Room&geometryProperty=location", "geo+json"),
    query("type=Room&lang=e%20n", "e n"), query("type=Room&lang=en;q=2", "en;q=2"),
    Refusal("GET", "\(roomPath)?local=yes", 400, "BadRequestData", "'yes'"),
    Refusal("GET", "\(roomPath)?local=True", 400, "BadRequestData", "'True'"),
    Refusal("GET", "\(roomPath)?attrs=", 400, "BadRequestData", "attrs"),
    Refusal("GET", "\(roomPath)?attrs=a,,b", 400, "BadRequestData", "a,,b"),
    Refusal("GET", "\(roomPath)?type=A&type=B", 400, "BadRequestData", "type"),
    Refusal("GET", "\(roomPath)?type=%zz", 400, "BadRequestData", "%zz"),
    Refusal("GET", "\(roomPath)?type=%ff", 400, "BadRequestData", "%ff"),
    Refusal("GET", "\(roomPath)?datasetId=nouri", 400, "BadRequestData", "nouri"),
    Refusal("DELETE", "\(roomPath)/attrs/label?datasetId=nouri", 400, "BadRequestData", "nouri"),
    Refusal("DELETE", "\(roomPath)/attrs/label?deleteAll=1", 400, "BadRequestData", "'1'"),
    query("", "wide"), query("id=urn:x:1", "wide"), query("idPattern=x", "wide"),
    query("scopeQ=/A", "wide"), query("attrs=id,type", "wide"), query("attrs=createdAt"),
    query("q=modifiedAt%3E2020-01-01T00:00:00Z", "wide"), query("type=", "type"),
    query("type=A&foo=1", "'foo'", type: "InvalidRequest"), query("type=A;(B)", "type"),
    query("type=(A", "type"), query("type=A%7C", "type"), query("type=*&local=false"),
    query("type=A&id=nouri", "nouri"), query("type=A&id=urn:x:1,,urn:x:2"),
    query("type=A&idPattern=(", "("), query("type=A&idPattern=a%7B999%7D"),
    query("type=A&idPattern=%5C1"), query("q=a==", "q"), query("q=a%3E%3E1", "q"),
    query("q=;a", "q"),
    query("q=(a", "q"), query("q=a==%22x", "q"), query("q=a%3E1..2", "q"), query("q=a%3Etrue", "q"),
    query("q=a==1..%22x%22", "q"), query("q=!a==5", "q"), query("q=a~=(", "("),
    query("q=a=5", "q"), query("q=a%5Bb", "q"),
    query("q=a%7Bb%7D==1", "join"),
    query("type=A&orderBy=a;dist-asc", "orderFrom"), query("type=A&orderBy=a;up", "dist-asc"),
    query("type=A&orderBy=a&collation=!!", "language tag"), query("type=A&join=all", "flat"),
    query("type=A&splitEntities=1", "true or false"),
    query("type=A&scopeQ=/A;;/B", "scopeQ"), query("type=A&scopeQ=/%21", "scopeQ"),
    query("type=A&scopeQ=%23", "scopeQ"), query("type=A&limit=-1", "-1"),
    query("type=A&limit=x", "'x'"),
    query("type=A&limit=1.5", "1.5"), query("type=A&limit=0", "limit"), query("type=A&limit=%2B5"),
    query("type=A&offset=-1", "-1"), query("type=A&offset=99999999999999999999", "9999"),
    query("type=A&count=1", "'1'"), query("type=A&attrs=a%20b", "a b"),
    query("georel=near;maxDistance==1"), query("georel=within&geometry=Point"),
    query("geometry=Point&coordinates=[0,0]".encodedForURL),
    query("georel=touches&geometry=Point&coordinates=[0,0]".encodedForURL, "touches"),
    query("georel=near&geometry=Point&coordinates=[0,0]".encodedForURL, "near"),
    query("georel=near;maxDistance==0&geometry=Point&coordinates=[0,0]".encodedForURL),
    query("georel=near;maxDistance==-5&geometry=Point&coordinates=[0,0]".encodedForURL),
    query("georel=near;maxDistance==inf&geometry=Point&coordinates=[0,0]".encodedForURL),
    query("georel=near;maxDistance==1e999&geometry=Point&coordinates=[0,0]".encodedForURL),
    query(
      "georel=near;maxDistance==1;minDistance==1&geometry=Point&coordinates=[0,0]".encodedForURL),
    query("georel=within&geometry=Circle&coordinates=[0,0]".encodedForURL, "Circle"),
    query("georel=within&geometry=Polygon&coordinates=[0,0]".encodedForURL),
    query("georel=within&geometry=Point&coordinates=[0".encodedForURL),
    query("georel=within&geometry=Point&coordinates=x".encodedForURL),
    query("type=A&options=temporalValues", "temporalValues", type: "InvalidRequest"),
    query("type=A&pick=a,,b", "pick"), query("type=A&pick=a&omit=a"),
    query("type=A&attrs=a&pick=a"),
    query("type=A&omit=%7B", "omit"),
    query(
      "q=" + String(repeating: "a==1;", count: 1500) + "a==1", status: 403, type: "TooComplexQuery"),
  ]

  private static let window = "timerel=after&timeAt=2026-01-01T00:00:00Z"

  static let temporal: [Refusal] =
    [
      "timerel=x&timeAt=2026-01-01T00:00:00Z", "timerel=before", "timeAt=2026-01-01T00:00:00Z",
      "timerel=before&timeAt=yesterday", "timerel=between&timeAt=2026-01-01T00:00:00Z",
      "timerel=between&timeAt=2026-01-01T00:00:00Z&endTimeAt=x", "lastN=0", "lastN=-1", "lastN=x",
      "timeproperty=x", "attrs=a%20b", "attrs=a&pick=b", "pick=a&omit=a", "pick=a%7Bb%7D",
      "format=aggregatedValues", "options=aggregatedValues&aggrMethods=median",
      "aggrPeriodDuration=1D", "datasetId=x", "lang=;",
    ].map { Refusal("GET", "temporal/\(roomPath)?\($0)", 400, "BadRequestData") }
    + [
      "type=Room", "type=Room&timerel=before", "\(window)", "\(window)&id=x&type=Room",
      "\(window)&attrs=createdAt", "\(window)&q=createdAt==1", "\(window)&q=r%7Bb%7D==1",
      "\(window)&type=Room&orderBy=temperature", "\(window)&type=Room&orderBy=createdAt",
      "\(window)&type=Room&orderBy=id,type", "\(window)&type=Room&csf=%3D",
      "\(window)&type=Room&georel=near", "\(window)&type=Room&scopeQ=%23",
    ].map { Refusal("GET", "temporal/entities?\($0)", 400, "BadRequestData") }
    + [
      #"{}"#, #"{"type":"Query","entities":[{"type":"Room"}]}"#,
      #"{"type":"Query","entities":[{"type":"Room"}],"temporalQ":{"timerel":"after"}}"#,
      """
      {"type":"Query","entities":[{"type":"Room"}],"join":"flat",
      "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}
      """,
      """
      {"type":"Query","entities":[{"type":"Room"}],"aggrParams":{"aggrMethods":"median"},
      "temporalQ":{"timerel":"after","timeAt":"2026-01-01T00:00:00Z"}}
      """,
    ].map { Refusal("POST", "temporal/entityOperations/query", $0, 400, "BadRequestData") }
    + [
      #"{"type":"Room"}"#, #"{"id":"urn:x:1"}"#, #"{"id":"x","type":"Room"}"#,
      #"{"id":"urn:x:1","type":"Room","a":"urn:ngsi-ld:null"}"#,
      #"{"id":"urn:x:1","type":"Room","a":1,"expiresAt":"urn:ngsi-ld:null"}"#,
      #"{"id":"urn:x:1","type":"Room","scope":[{"type":"Property","value":"/9"}]}"#,
      #"{"id":"urn:x:1","type":"Room","scope":[{"type":"Relationship","value":"/A"}]}"#,
      """
      {"id":"urn:x:1","type":"Room",
      "a":[{"type":"Property","value":1,"observedAt":"2026-01-01T00:00:00+01:00"}]}
      """,
      #"{"id":"urn:x:1","type":"Room","a":[{"type":"Property"}]}"#,
    ].map { Refusal("POST", "temporal/entities", $0, 400, "BadRequestData") }
    + [
      Refusal("POST", "temporal/entities", "", 400, "InvalidRequest"),
      Refusal("POST", "temporal/\(roomPath)/attrs", "{}", 400, "BadRequestData"),
      Refusal(
        "POST", "temporal/\(roomPath)/attrs", #"{"id":"urn:x:2","a":1}"#, 400, "BadRequestData"),
      Refusal("POST", "temporal/entities/\(unknownID)/attrs", #"{"a":1}"#, 404, "ResourceNotFound"),
      Refusal("DELETE", "temporal/entities/\(unknownID)", 404, "ResourceNotFound", unknownID),
      Refusal("DELETE", "temporal/entities/nouri", 400, "BadRequestData", "nouri"),
      Refusal("DELETE", "temporal/\(roomPath)/attrs/nothing", 404, "ResourceNotFound", "nothing"),
      Refusal(
        "DELETE", "temporal/\(roomPath)/attrs/temperature?datasetId=urn:x:d", 404,
        "ResourceNotFound"),
      Refusal(
        "DELETE", "temporal/\(roomPath)/attrs/temperature?datasetId=x", 400, "BadRequestData"),
      Refusal("DELETE", "temporal/\(roomPath)/attrs/a(b", 400, "BadRequestData", "a(b"),
      Refusal("DELETE", "temporal/\(roomPath)/attrs/temperature/x", 400, "BadRequestData", "'x'"),
      Refusal(
        "DELETE", "temporal/\(roomPath)/attrs/temperature/urn:x:1", 404, "ResourceNotFound",
        "urn:x:1"),
      Refusal("DELETE", "temporal/\(roomPath)/attrs//urn:x:1", 400, "BadRequestData"),
      Refusal(
        "PATCH", "temporal/\(roomPath)/attrs/temperature/urn:ngsi-ld:Instance:0", #"{"value":1}"#,
        404,
        "ResourceNotFound"),
      Refusal("PATCH", "temporal/\(roomPath)/attrs//urn:x:1", #"{"value":1}"#, 405, nil),
      Refusal("GET", "temporal/\(roomPath)?attrs=nothing", 404, "ResourceNotFound"),
      Refusal("GET", "temporal/\(roomPath)?pick=nothing", 404, "ResourceNotFound"),
      Refusal(
        "GET", "temporal/\(roomPath)?attrs=inBuilding&options=aggregatedValues&aggrMethods=avg",
        400,
        "InvalidRequest", "inBuilding"),
      Refusal("GET", "temporal/\(roomPath)?foo=1", 400, "InvalidRequest", "'foo'"),
      Refusal("GET", "temporal/\(roomPath)?format=x", 400, "InvalidRequest", "'x'"),
      Refusal("GET", "temporal/\(roomPath)?options=x", 400, "InvalidRequest", "'x'"),
    ]

  static let changes: [Refusal] = [
    Refusal("POST", "entities", room, 409, "AlreadyExists", "urn:ngsi-ld:Room:1"),
    Refusal("POST", "\(roomPath)/attrs", "{}", 400, "BadRequestData"),
    Refusal("PATCH", "\(roomPath)/attrs", "{}", 400, "BadRequestData"),
    Refusal("PATCH", "\(roomPath)/attrs", "[]", 400, "InvalidRequest"),
    Refusal("PATCH", "\(roomPath)/attrs", #"{"p":null}"#, 400, "BadRequestData"),
    Refusal("POST", "\(roomPath)/attrs", #"{"p":"urn:ngsi-ld:null"}"#, 400, "BadRequestData"),
    Refusal("PATCH", "\(roomPath)/attrs", #"{"temperature":1,"inBuilding":{"object":"x"}}"#),
    Refusal(
      "PATCH", roomPath, #"{"id":"urn:x:2","temperature":1}"#, 400, "BadRequestData",
      "urn:x:2"),
    Refusal("PATCH", "\(roomPath)/attrs/temperature", "{}", 400, "BadRequestData"),
    Refusal("PATCH", "\(roomPath)/attrs/temperature", "[]", 400, "InvalidRequest"),
    Refusal(
      "PATCH", "\(roomPath)/attrs/temperature", #"{"type":"Relationship","object":"urn:x:1"}"#, 400,
      "BadRequestData", "Relationship"),
    Refusal(
      "PATCH", "\(roomPath)/attrs/temperature", #"{"observedAt":"x"}"#, 400, "BadRequestData", "x"),
    Refusal("PUT", "\(roomPath)/attrs/temperature", #"{"type":"Property"}"#),
    Refusal("PUT", "\(roomPath)/attrs/temperature", "{}"),
    Refusal("PUT", roomPath, #"{"temperature":1}"#, 400, "BadRequestData", "type"),
    Refusal("PUT", roomPath, #"{"id":"urn:x:2","type":"Room"}"#, 400, "BadRequestData", "urn:x:2"),
    Refusal("PUT", roomPath, "x", 400, "InvalidRequest"),
    Refusal("POST", "entityOperations/create", "{}", 400, "InvalidRequest"),
    Refusal("POST", "entityOperations/create", "[]", 400, "BadRequestData", "empty"),
    Refusal("POST", "entityOperations/create", "[null]", 400, "BadRequestData"),
    Refusal("POST", "entityOperations/create", "[1]", 400, "BadRequestData"),
    Refusal("POST", "entityOperations/upsert", "x", 400, "InvalidRequest"),
    Refusal("POST", "entityOperations/upsert?options=x", "[{}]", 400, "InvalidRequest", "'x'"),
    Refusal("POST", "entityOperations/update", "", 400, "InvalidRequest"),
    Refusal("POST", "entityOperations/delete", "[1]", 400, "BadRequestData", "1"),
    Refusal("POST", "entityOperations/delete", "[]", 400, "BadRequestData"),
    Refusal("POST", "entityOperations/delete", "{}", 400, "InvalidRequest"),
  ]

  static let purge = [
    Refusal("DELETE", "entities", nil, 400, "BadRequestData", "too wide"),
    Refusal("DELETE", "entities?id=urn:ngsi-ld:Room:1", nil, 400, "BadRequestData", "too wide"),
    Refusal("DELETE", "entities?idPattern=.*", nil, 400, "BadRequestData", "too wide"),
    Refusal("DELETE", "entities?scopeQ=/Berlin/%23", nil, 400, "BadRequestData", "too wide"),
    Refusal("DELETE", "entities?attrs=createdAt", nil, 400, "BadRequestData"),
    Refusal(
      "DELETE", "entities?q=modifiedAt%3E2020-01-01T00:00:00Z", nil, 400, "BadRequestData",
      "too wide"),
    Refusal("DELETE", "entities?drop=temperature", nil, 400, "BadRequestData", "too wide"),
    Refusal(
      "DELETE", "entities?type=Room&keep=label&drop=temperature", nil, 400, "BadRequestData",
      "keep"),
    Refusal("DELETE", "entities?type=Room&drop=scope", nil, 400, "BadRequestData", "scope"),
    Refusal(
      "DELETE", "entities?type=Room&keep=inBuilding%7Bname%7D", nil, 400, "BadRequestData",
      "inBuilding"),
    Refusal(
      "DELETE", "entities?type=Room&q=inBuilding%7Bname%7D==%22x%22", nil, 400, "BadRequestData",
      "linked"),
    Refusal(
      "DELETE", "entities?type=Room&attrs=inBuilding%7Bname%7D", nil, 400, "BadRequestData"),
    Refusal("DELETE", "entities?type=*&local=false", nil, 400, "BadRequestData", "type=*"),
    Refusal("DELETE", "entities?type=Room&limit=5", nil, 400, "InvalidRequest", "limit"),
    Refusal("DELETE", "entities?type=Room&pick=label", nil, 400, "InvalidRequest", "pick"),
    Refusal("DELETE", "entities?type=Room&q=(", nil, 400, "BadRequestData"),
  ]

  static let discovery = [
    Refusal("GET", "types?limit=5", nil, 400, "InvalidRequest", "limit"),
    Refusal("GET", "types?details=yes", nil, 400, "BadRequestData", "yes"),
    Refusal("GET", "types/A?details=true", nil, 400, "InvalidRequest", "details"),
    Refusal("GET", "types/A", nil, 404, "ResourceNotFound", "default-context/A"),
    Refusal("GET", "types/a%20b", nil, 400, "BadRequestData", "a b"),
    Refusal("GET", "attributes?offset=5", nil, 400, "InvalidRequest", "offset"),
    Refusal("GET", "attributes?count=1", nil, 400, "BadRequestData", "count"),
    Refusal("GET", "attributes/temperature?count=true", nil, 400, "InvalidRequest", "count"),
    Refusal("GET", "attributes/a", nil, 404, "ResourceNotFound", "default-context/a"),
    Refusal("GET", "attributes/createdAt", nil, 404, "ResourceNotFound", "createdAt"),
    Refusal("GET", "attributes/type", nil, 404, "ResourceNotFound", "type"),
    Refusal("POST", "types", "{}", 405, "about:blank", "GET"),
  ]

  static let all =
    bodies + headers + paths + parameters + temporal + changes + purge + discovery
}

@Suite("Refusals")
struct RefusalTests {
  @Test("a refusal says what is wrong, and nothing is stored", arguments: Transport.allCases)
  func refusal(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      try await client.create(room)
      let stored = try await client.stored()
      let history = try await client.historyCount()
      for refusal in Refusal.all {
        // What no client library sends is tested in process only.
        if transport == .socket, refusal.needsProcess { continue }
        let response = try await client.send(
          refusal.method, refusal.target, refusal.body, headers: refusal.headers)
        #expect(response.status == refusal.status, "\(refusal.testDescription): \(response.text)")
        if response.status == refusal.status { check(response, refusal) }
      }
      #expect(try await client.stored() == stored)
      #expect(try await client.historyCount() == history)
      #expect(
        try await client.send("GET", "entities?type=*&limit=10").ids == ["urn:ngsi-ld:Room:1"])
    }
  }

  private func check(_ response: TestResponse, _ refusal: Refusal) {
    switch refusal.status {
    case 411, 415:
      #expect(response.body.isEmpty, "\(refusal.testDescription)")
    default:
      #expect(response["Content-Type"] == "application/json", "\(refusal.testDescription)")
      #expect(response["Link"] == nil)
      #expect(response.json["status"]?.integer == response.status)
      #expect(response.json["title"]?.string?.isEmpty == false)
      if let type = refusal.type {
        #expect(response.errorType == type, "\(refusal.testDescription): \(response.text)")
      }
      #expect(
        response.detail.contains(refusal.detail), "\(refusal.testDescription): \(response.detail)")
      #expect(response.detail.utf8.count < 2000)
    }
    if refusal.status == 405 { #expect(response["Allow"] != nil, "\(refusal.testDescription)") }
  }

  @Test("a body without Content-Length is refused before it is read")
  func length() async throws {
    try await withTestTenant { client in
      for (method, target) in [
        ("POST", "entities"), ("PATCH", "\(roomPath)/attrs"), ("PUT", roomPath),
        ("POST", "entityOperations/create"),
      ] {
        let response = try await client.send(
          method, target, "{}", headers: [("Content-Length", "")])
        #expect(response.status == 411)
        #expect(response.body.isEmpty)
      }
    }
  }

  @Test("a body over the limit gets 413")
  func size() async throws {
    try await withTestTenant(.socket) { client in
      let long = entity("urn:x:1", "A", "\"a\":\"" + String(repeating: "x", count: 11 << 20) + "\"")
      let response = try await client.send("POST", "entities", long)
      #expect(response.status == 413)
      #expect(try await client.send("GET", "/health").status == 200)
    }
  }

  @Test("ids and methods are decoded as they stand")
  func encodings() async throws {
    try await withTestTenant(.socket) { client in
      let id = "urn:x:a/b?c#d%25é"
      try await client.create(entity("urn:x:a/b?c#d%25é", "A"))
      let response = try await client.send("GET", "entities/urn%3Ax%3Aa%2Fb%3Fc%23d%2525%C3%A9")
      #expect(response.status == 200)
      #expect(response.ids == [id])
      #expect(try await client.send("GET", "entities/urn:x:a%2Fb?").status == 404)
    }
  }
}

extension Refusal {
  fileprivate var needsProcess: Bool {
    headers.contains { $0.value.isEmpty } || target.contains("%zz") || target.utf8.count > 4000
  }
}
