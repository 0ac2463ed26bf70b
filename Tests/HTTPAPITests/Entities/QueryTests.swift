import JSON
import TestSupport
import Testing

/// A query over the Entities of `QueryTests` and the numbers of those that it selects.
struct Selection: Sendable, CustomTestStringConvertible {
  let query: String
  let numbers: [Int]

  init(_ query: String, _ numbers: [Int]) {
    self.query = query
    self.numbers = numbers
  }

  var testDescription: String { query }

  static let entities = [
    entity(
      "urn:x:1", "Car",
      """
      "scope":"/Madrid/Gardens","speed":80,"brand":"Audi","flag":true,
      "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[0,0]}}
      """),
    entity(
      "urn:x:2", "Car",
      """
      "scope":["/Madrid","/Paris"],"speed":[10,20],"brand":"BMW",
      "since":"2020-01-01T00:00:00.000Z",
      "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,1]}}
      """),
    #"""
    {"id":"urn:x:3","type":["Car","Taxi"],"scope":"Madrid/Gardens/Roses",
    "speed":{"type":"Property","value":80.0,"unitCode":"KMH","observedAt":"2026-01-01T00:00:00.5Z",
    "accuracy":{"type":"Property","value":0.1}},
    "owner":{"type":"Relationship","object":"urn:p:1"}}
    """#,
    #"""
    {"id":"urn:y:4","type":"Bus","speed":"fast",
    "name":{"type":"LanguageProperty","languageMap":{"en":"Bell","fr":"Cloche"}},
    "owner":{"type":"Relationship","object":["urn:p:1","urn:p:2"]},
    "kind":{"type":"VocabProperty","vocab":"commercial"},
    "raw":{"type":"JsonProperty","json":{"k":[1,{"z":2}]}},
    "line":{"type":"GeoProperty","value":{"type":"LineString","coordinates":[[0,0],[2,2]]}}}
    """#,
    entity("urn:y:5", "Bus", #""address":{"city":"Berlin","geo":{"n":5}},"empty":[]"#),
  ]

  static let all: [Selection] = [
    // type
    Selection("type=Car", [1, 2, 3]), Selection("type=Taxi", [3]),
    Selection("type=Car,Bus", [1, 2, 3, 4, 5]), Selection("type=Taxi%7CBus", [3, 4, 5]),
    Selection("type=(Car;Taxi)", [3]), Selection("type=Car;Taxi", [3]), Selection("type=Plane", []),
    Selection("type=*", [1, 2, 3, 4, 5]),
    Selection("type=https://uri.etsi.org/ngsi-ld/default-context/Taxi", [3]),
    // id
    Selection("type=Car&id=urn:x:1,urn:x:2", [1, 2]), Selection("type=Car&id=urn:y:4", []),
    Selection("type=*&idPattern=^urn:x", [1, 2, 3]), Selection("type=*&idPattern=:[45]$", [4, 5]),
    Selection("type=Car&idPattern=y", []), Selection("type=Car&id=urn:x:1&idPattern=2", []),
    Selection("local=true&id=urn:x:1", [1]),
    // attrs
    Selection("attrs=owner", [3, 4]), Selection("attrs=name,address", [4, 5]),
    Selection("attrs=nothing", []), Selection("type=Bus&attrs=speed", [4]),
    // q
    Selection("q=speed==80", [1, 3]), Selection("q=speed==10", [2]),
    Selection("q=speed>15", [1, 2, 3]),
    Selection("q=speed", [1, 2, 3, 4]), Selection("type=*&q=!speed", [5]),
    Selection("q=speed!=80", [2, 4]), Selection("q=speed==%22fast%22", [4]),
    Selection("q=speed==79..81", [1, 3]), Selection("q=speed==1,20,80", [1, 2, 3]),
    Selection("q=speed.unitCode==KMH", [3]), Selection("q=speed.accuracy<0.2", [3]),
    Selection("q=speed.observedAt>2026-01-01T00:00:00Z", [3]),
    Selection("q=speed.observedAt==2026-01-01T00:00:00.500000Z", [3]),
    Selection("q=brand~=%22%5EA%22", [1]), Selection("q=brand!~=%22%5EA%22", [2]),
    Selection("q=speed>50;brand==Audi", [1]), Selection("q=brand==Audi%7Cbrand==BMW", [1, 2]),
    Selection("q=(brand==Audi%7Cbrand==BMW);speed<50", [2]), Selection("q=flag==true", [1]),
    Selection("q=since==2020-01-01T00:00:00Z", [2]),
    Selection("q=since<2020-01-01T00:00:00.1Z", [2]),
    Selection("q=owner==urn:p:1", [3, 4]), Selection("q=owner==urn:p:2", [4]),
    Selection("q=owner>%22urn:a%22", []), Selection("q=name==Bell", [4]),
    Selection("q=name%5Ben%5D==Bell", [4]), Selection("q=name%5Bfr%5D==Bell", []),
    Selection("q=name%5B*%5D==Cloche", [4]), Selection("q=address%5Bcity%5D==Berlin", [5]),
    Selection("q=address[geo.n]>4", [5]), Selection("q=address[geo.m]", []),
    Selection("q=raw[k.z]==2", [4]), Selection("q=raw[k]==1", [4]),
    Selection("q=location", [1, 2]),
    Selection("q=location==1", []), Selection("q=empty", [5]), Selection("q=empty==1", []),
    Selection("q=unknown", []), Selection("q=unknown!=1", []),
    Selection("q=brand==Audi;createdAt>2000-01-01T00:00:00Z", [1]),
    Selection("q=brand==Audi;createdAt<2000-01-01T00:00:00Z", []),
    // scopeQ
    Selection("type=*&scopeQ=/Madrid", [2]), Selection("type=*&scopeQ=/Madrid/%23", [1, 2, 3]),
    Selection("type=*&scopeQ=/Madrid/%2B", [1]), Selection("type=*&scopeQ=/Madrid/+/Roses", [3]),
    Selection("type=*&scopeQ=/%23", [1, 2, 3]),
    Selection("type=*&scopeQ=/Paris,/Madrid/Gardens", [1, 2]),
    Selection("type=*&scopeQ=(/Paris;/Madrid)", [2]), Selection("type=*&scopeQ=/Mad", []),
    // geo
    Selection("georel=near;maxDistance==1000&geometry=Point&coordinates=[0,0]", [1]),
    Selection("georel=near;maxDistance==200000&geometry=Point&coordinates=[0,0]", [1, 2]),
    Selection("georel=near;minDistance==1000&geometry=Point&coordinates=[0,0]", [2]),
    Selection(
      "georel=within&geometry=Polygon&coordinates=[[[-1,-1],[0.5,-1],[0.5,0.5],[-1,0.5],[-1,-1]]]",
      [1]),
    Selection("georel=equals&geometry=Point&coordinates=[1,1]", [2]),
    Selection("georel=disjoint&geometry=Point&coordinates=[1,1]", [1]),
    Selection("georel=intersects&geometry=Point&coordinates=[1,1]&geoproperty=line", [4]),
    Selection("type=Bus&georel=near;maxDistance==1000&geometry=Point&coordinates=[0,0]", []),
    Selection(
      "q=speed==80&georel=near;maxDistance==200000&geometry=Point&coordinates=[0,0]", [1]),
    // A reference that crosses itself is tolerated.
    Selection(
      "georel=within&geometry=Polygon&coordinates=[[[-1,-1],[2,2],[2,-1],[-1,2],[-1,-1]]]", []),
    // pages
    Selection("type=Car&offset=9", []), Selection("type=*&limit=1000", [1, 2, 3, 4, 5]),
  ]
}

@Suite("Query of Entities")
struct QueryTests {
  @Test("a query selects", arguments: Transport.allCases)
  func selection(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      let stored = try await client.send(
        "POST", "entityOperations/create", "[\(Selection.entities.joined(separator: ","))]")
      try #require(stored.status == 201, "\(stored.text)")
      for selection in Selection.all {
        let response = try await client.send("GET", "entities?\(selection.query.encodedForURL)")
        let expected = selection.numbers.map { $0 < 4 ? "urn:x:\($0)" : "urn:y:\($0)" }
        #expect(response.status == 200, "\(selection.query): \(response.text)")
        // The standard names no order, and what a batch creates may be stored in any.
        #expect(response.ids.sorted() == expected, "\(selection.query)")
      }
    }
  }

  @Test("counts ignore the page")
  func count() async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "A"), entity("urn:x:2", "A"))
      for (page, count) in [
        ("limit=0", 2), ("limit=1", 2), ("offset=5", 2), ("limit=1&offset=1", 2),
      ] {
        let response = try await client.send("GET", "entities?type=A&count=true&\(page)")
        #expect(response["NGSILD-Results-Count"] == "\(count)")
      }
      #expect(
        try await client.send("GET", "entities?type=B&count=true")["NGSILD-Results-Count"] == "0")
      #expect(try await client.send("GET", "entities?type=A")["NGSILD-Results-Count"] == nil)
    }
  }

  @Test(
    "representations",
    arguments: [
      ("", room),
      ("format=normalized", room),
      ("options=normalized", room),
      ("format=simplified", simplifiedRoom), ("format=keyValues", simplifiedRoom),
      ("options=keyValues", simplifiedRoom),
      ("format=keyValues&options=normalized", simplifiedRoom),
      (
        "format=concise",
        """
        {"id":"urn:ngsi-ld:Room:1","type":"Room","scope":"/Berlin/Office",
        "temperature":{"value":20.5,"unitCode":"CEL","observedAt":"2026-01-01T00:00:00Z",
        "accuracy":0.5},
        "label":[{"value":"A"},{"value":"B","datasetId":"urn:ngsi-ld:Dataset:b"}],
        "inBuilding":{"object":"urn:ngsi-ld:Building:1"},
        "location":{"type":"Point","coordinates":[13.4,52.5]}}
        """
      ),
      (
        "attrs=temperature&format=simplified",
        #"{"id":"urn:ngsi-ld:Room:1","type":"Room","temperature":20.5}"#
      ),
      (
        "attrs=label&datasetId=urn:ngsi-ld:Dataset:b&format=simplified",
        #"{"id":"urn:ngsi-ld:Room:1","type":"Room","label":"B"}"#
      ),
      (
        "attrs=label&datasetId=@none&format=simplified",
        #"{"id":"urn:ngsi-ld:Room:1","type":"Room","label":"A"}"#
      ),
    ])
  func representation(parameters: String, expected: String) async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let shown = json(expected)
      let one = try await client.send("GET", "\(roomPath)?\(parameters)")
      let ignoresScope = parameters.contains("attrs")
      #expect(
        one.json.withoutScope(if: ignoresScope) == shown.withoutScope(if: ignoresScope),
        "\(one.text)")
      let many = try await client.send("GET", "entities?type=Room&\(parameters)")
      #expect(many.json.elements.map { $0.rawText } == [one.text])
    }
  }

  @Test("sysAttrs shows the times of Entity, Attributes and sub-Attributes")
  func systemAttributes() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let shown = try await client.send("GET", "\(roomPath)?options=sysAttrs").json
      for holder in [
        shown, shown["temperature"], shown["temperature"]?["accuracy"], shown["location"],
      ] {
        #expect(holder?["createdAt"]?.string?.hasSuffix("Z") == true)
        #expect(holder?["modifiedAt"]?.string?.hasSuffix("Z") == true)
      }
    }
  }

  @Test(
    "the media type is negotiated",
    arguments: [
      (nil, "application/json"), ("*/*", "application/json"),
      ("application/ld+json", "application/ld+json"),
      ("application/ld+json, application/json", "application/json"),
      ("application/json;q=0.1, application/ld+json;q=0.9", "application/ld+json"),
      ("application/json;q=0, */*", "application/ld+json"),
      ("*/*;q=0.9, application/ld+json;q=0.8", "application/json"),
      ("application/json;q=x, application/ld+json;q=0.5", "application/json"),
    ] as [(String?, String)])
  func negotiation(accept: String?, type: String) async throws {
    try await withTestTenant { client in
      try await client.create(room)
      for target in [roomPath, "entities?type=Room", "temporal/\(roomPath)"] {
        let response = try await client.send(
          "GET", target, headers: accept.map { [("Accept", $0)] } ?? [])
        #expect(response.status == 200)
        #expect(response["Content-Type"] == type)
        #expect((response["Link"] == nil) == (type == "application/ld+json"))
        #expect(response.text.contains("\"@context\"") == (type == "application/ld+json"))
      }
    }
  }
}

extension JSONValue {
  /// Whether `attrs` keeps the scope is tested elsewhere.
  func withoutScope(if ignored: Bool) -> JSONValue {
    guard ignored else { return self }
    let rest = members.filter { $0.name.string != "scope" }
    return json(
      "{" + rest.map { "\($0.name.rawText):\($0.value.rawText)" }.joined(separator: ",") + "}")
  }
}

extension String {
  /// With the characters encoded that no URL may hold.
  var encodedForURL: String {
    unicodeScalars.map { scalar in
      switch scalar {
      case "[": "%5B"
      case "]": "%5D"
      case "^": "%5E"
      case "$": "%24"
      case "<": "%3C"
      case ">": "%3E"
      case " ": "%20"
      default: String(scalar)
      }
    }.joined()
  }
}
