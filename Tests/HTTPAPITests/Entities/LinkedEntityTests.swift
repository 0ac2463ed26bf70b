import JSON
import TestSupport
import Testing

private let city = """
  {"id":"urn:x:Berlin","type":"City","name":"Berlin","isIn":{"type":"Relationship",
  "object":"urn:x:Germany"}}
  """
private let country = """
  {"id":"urn:x:Germany","type":"Country","name":"Germany","capital":{"type":"Relationship",
  "object":"urn:x:Berlin"}}
  """
private let house = """
  {"id":"urn:x:House","type":"House","name":"Home","isIn":{"type":"Relationship",
  "object":"urn:x:Berlin"}}
  """
/// Several objects, of which one does not exist, and an ordered list of them.
private let tour = """
  {"id":"urn:x:Tour","type":"Tour","sees":{"type":"Relationship",
  "object":["urn:x:Berlin","urn:x:none"]},"stops":{"type":"ListRelationship",
  "objectList":["urn:x:Germany","urn:x:Berlin"]},
  "guide":[{"type":"Relationship","object":"urn:x:House"},
  {"type":"Relationship","object":"urn:x:none","datasetId":"urn:d:1"}]}
  """

@Suite("Linked Entities")
struct LinkedEntityTests {
  static let answers: [(target: String, expected: String)] = [
    (
      "entities/urn:x:House?join=inline",
      """
      {"id":"urn:x:House","type":"House","name":{"type":"Property","value":"Home"},
      "isIn":{"type":"Relationship","object":"urn:x:Berlin","entity":{"id":"urn:x:Berlin",
      "type":"City","name":{"type":"Property","value":"Berlin"},
      "isIn":{"type":"Relationship","object":"urn:x:Germany"}}}}
      """
    ),
    (
      "entities/urn:x:House?join=inline&joinLevel=2&format=concise&pick=isIn",
      """
      {"isIn":{"object":"urn:x:Berlin","entity":{"id":"urn:x:Berlin","type":"City",
      "name":"Berlin","isIn":{"object":"urn:x:Germany","entity":{"id":"urn:x:Germany",
      "type":"Country","name":"Germany","capital":{"object":"urn:x:Berlin"}}}}}}
      """
    ),
    (
      "entities/urn:x:House?join=inline&joinLevel=9&format=simplified",
      """
      {"id":"urn:x:House","type":"House","name":"Home","isIn":{"id":"urn:x:Berlin","type":"City",
      "name":"Berlin","isIn":{"id":"urn:x:Germany","type":"Country","name":"Germany",
      "capital":"urn:x:Berlin"}}}
      """
    ),
    (
      "entities/urn:x:House?join=flat&joinLevel=9&format=simplified",
      """
      [{"id":"urn:x:House","type":"House","name":"Home","isIn":"urn:x:Berlin"},
      {"id":"urn:x:Berlin","type":"City","name":"Berlin","isIn":"urn:x:Germany"},
      {"id":"urn:x:Germany","type":"Country","name":"Germany","capital":"urn:x:Berlin"}]
      """
    ),
    (
      "entities?type=House,City&join=flat&format=simplified&pick=id,isIn{name}",
      """
      [{"id":"urn:x:Berlin","isIn":"urn:x:Germany"},{"id":"urn:x:House","isIn":"urn:x:Berlin"},
      {"name":"Germany"}]
      """
    ),
    (
      "entities?type=House,City&join=inline&format=simplified&pick=id,isIn{name}",
      """
      [{"id":"urn:x:Berlin","isIn":{"name":"Germany"}},
      {"id":"urn:x:House","isIn":{"name":"Berlin"}}]
      """
    ),
    (
      "entities?type=House&join=inline&joinLevel=2&format=simplified&omit=name,isIn{type,isIn{id}}",
      """
      [{"id":"urn:x:House","type":"House","isIn":{"id":"urn:x:Berlin","name":"Berlin",
      "isIn":{"type":"Country","name":"Germany","capital":"urn:x:Berlin"}}}]
      """
    ),
    (
      "entities/urn:x:House?join=inline&containedBy=urn:x:Berlin&format=simplified",
      #"{"id":"urn:x:House","type":"House","name":"Home","isIn":"urn:x:Berlin"}"#
    ),
    (
      "entities/urn:x:House?join=flat&omit=isIn&format=simplified",
      #"{"id":"urn:x:House","type":"House","name":"Home"}"#
    ),
    (
      "entities/urn:x:Tour?join=inline&pick=sees{name},stops{id},guide{name}",
      """
      {"sees":{"type":"Relationship","object":["urn:x:Berlin","urn:x:none"],
      "entity":[{"name":{"type":"Property","value":"Berlin"}}]},
      "stops":{"type":"ListRelationship","objectList":[{"object":"urn:x:Germany"},
      {"object":"urn:x:Berlin"}],"entityList":[{"id":"urn:x:Germany"},{"id":"urn:x:Berlin"}]},
      "guide":[{"type":"Relationship","object":"urn:x:House",
      "entity":{"name":{"type":"Property","value":"Home"}}},
      {"type":"Relationship","object":"urn:x:none","datasetId":"urn:d:1"}]}
      """
    ),
    (
      "entities/urn:x:Tour?join=inline&pick=sees{name},stops{id},guide{name}&format=simplified",
      """
      {"sees":[{"name":"Berlin"},"urn:x:none"],"stops":[{"id":"urn:x:Germany"},
      {"id":"urn:x:Berlin"}],"guide":{"dataset":{"@none":{"name":"Home"},"urn:d:1":"urn:x:none"}}}
      """
    ),
    (
      "entities/urn:x:Tour?join=flat&pick=id,guide&datasetId=urn:d:1&format=simplified",
      #"{"id":"urn:x:Tour","guide":"urn:x:none"}"#
    ),
  ]

  @Test("linked Entities are answered", arguments: Transport.allCases)
  func join(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      try await client.create(city, country, house, tour)
      for (target, expected) in Self.answers {
        let response = try await client.send("GET", target.encodedForURL)
        #expect(response.status == 200, "\(target): \(response.text)")
        #expect(response.json == json(expected), "\(target): \(response.text)")
      }
    }
  }

  @Test("pages, counts and links are of the linking Entities alone")
  func pages() async throws {
    try await withTestTenant { client in
      try await client.create(city, country, house)
      let response = try await client.send(
        "GET", "entities?type=House,City&join=flat&limit=1&count=true")
      #expect(response["NGSILD-Results-Count"] == "2")
      #expect(response.ids == ["urn:x:Berlin", "urn:x:Germany"])
      #expect(response.all("Link").contains { $0.contains("rel=\"next\"") })
    }
  }

  @Test("the @context stands in each Entity of an array, not within others")
  func contexts() async throws {
    try await withTestTenant { client in
      try await client.create(city, country, house)
      for (target, count) in [
        ("entities/urn:x:House?join=inline&joinLevel=2", 1),
        ("entities/urn:x:House?join=flat&joinLevel=2", 3),
      ] {
        let response = try await client.send(
          "GET", target, headers: [("Accept", "application/ld+json")])
        #expect(response.text.split(separator: "@context").count - 1 == count)
      }
    }
  }

  @Test("as GeoJSON, linked Entities are Features too, or stand within properties")
  func features() async throws {
    try await withTestTenant { client in
      try await client.create(city, country, house)
      let headers = [(name: "Accept", value: "application/geo+json")]
      let flat = try await client.send(
        "GET", "entities/urn:x:House?join=flat&format=simplified&pick=id,isIn{id,name}",
        headers: headers + [("Prefer", "body=json")])
      #expect(
        flat.json
          == json(
            """
            {"type":"FeatureCollection","features":[
            {"id":"urn:x:House","type":"Feature","geometry":null,
            "properties":{"isIn":"urn:x:Berlin"}},
            {"id":"urn:x:Berlin","type":"Feature","geometry":null,
            "properties":{"name":"Berlin"}}]}
            """), "\(flat.text)")
      let inline = try await client.send(
        "GET", "entities/urn:x:House?join=inline&format=simplified&pick=id,isIn{id,name}",
        headers: headers)
      #expect(
        inline.json["properties"] == json(#"{"isIn":{"id":"urn:x:Berlin","name":"Berlin"}}"#),
        "\(inline.text)")
    }
  }

  @Test("an older version of the standard holds for linked Entities, too")
  func olderVersion() async throws {
    try await withTestTenant { client in
      try await client.create(
        house,
        #"{"id":"urn:x:Berlin","type":"City","v":{"type":"VocabProperty","vocab":"a"}}"#)
      for join in ["flat", "inline"] {
        let response = try await client.send(
          "GET", "entities/urn:x:House?join=\(join)", headers: [("Prefer", "ngsi-ld=1.5")])
        #expect(response.status == 203)
        #expect(response.text.contains(#""v":{"type":"Property","value":"a"}"#), "\(response.text)")
      }
    }
  }

  @Test("a language holds for linked Entities, too")
  func language() async throws {
    try await withTestTenant { client in
      try await client.create(
        house,
        """
        {"id":"urn:x:Berlin","type":"City","name":{"type":"LanguageProperty",
        "languageMap":{"en":"Berlin","fr":"Berlino"}}}
        """)
      let body = #"{"type":"Query","entities":[{"type":"House"}],"lang":"fr","join":"inline"}"#
      let response = try await client.send(
        "POST", "entityOperations/query?format=simplified", body)
      #expect(
        response.json.elements.compactMap { $0["isIn"]?["name"]?.string } == ["Berlino"],
        "\(response.text)")
    }
  }

  @Test("conditions on linked Entities select", arguments: Transport.allCases)
  func conditions(_ transport: Transport) async throws {
    try await withTestTenant(transport) { client in
      try await client.create(city, country, house, tour)
      for (query, expected) in [
        ("q=isIn{name}==Berlin", ["urn:x:House"]),
        ("q=isIn{City:name}==Berlin", ["urn:x:House"]),
        ("q=isIn{Country,City:name}", ["urn:x:Berlin", "urn:x:House"]),
        ("q=isIn{Country:name}==Berlin", []),
        ("q=isIn{isIn{name}}==Germany&joinLevel=2", ["urn:x:House"]),
        ("q=isIn{Country:capital{isIn{name}}}&joinLevel=3", ["urn:x:Berlin"]),
        ("q=stops{name}~=%22%5EG%22", ["urn:x:Tour"]), ("q=sees{name}!=Berlin", []),
        ("q=!isIn{isIn}&type=House,City", ["urn:x:Berlin"]),
        ("q=isIn{modifiedAt}>2020-01-01T00:00:00Z;name==Home", ["urn:x:House"]),
        ("q=isIn{nothing}", []), ("q=nothing{name}", []), ("q=name{name}", []),
      ] {
        let response = try await client.send(
          "GET", "entities?join=inline&pick=id&\(query)".encodedForURL)
        #expect(response.status == 200, "\(query): \(response.text)")
        #expect(response.ids == expected, "\(query)")
      }
    }
  }

  @Test(
    "what goes deeper than the join is refused",
    arguments: [
      "join=outer", "join=flat&joinLevel=0", "joinLevel=x", "join=flat&joinLevel=11",
      "containedBy=x", "pick=isIn{name}", "omit=isIn{name}", "pick=isIn{isIn{name}}&join=flat",
      "q=isIn{name}", "q=isIn{isIn{name}}&join=inline&joinLevel=1", "join=inline&pick=isIn{}",
    ])
  func refuse(parameters: String) async throws {
    try await withTestTenant { client in
      try await client.create(house)
      for target in ["entities?type=House", "entities/urn:x:House?local=true"]
      where !(target.contains("House?") && parameters.hasPrefix("q")) {
        let response = try await client.send("GET", "\(target)&\(parameters)".encodedForURL)
        #expect(response.status == 400, "\(target) \(response.text)")
        #expect(response.errorType == "BadRequestData")
      }
    }
  }
}
