import JSON
import TestSupport
import Testing

@Suite("Order of Entities")
struct OrderingTests {
  private static let values = [
    "10", "9.5", #""b""#, #""A""#, #""á""#, #"{"x":1}"#, "[2,1]", "[10]", "[2]", "[]", #"["a"]"#,
    "true",
    "false", #""12:00:00Z""#, #""2020-01-01""#, #""2020-01-01T00:00:00Z""#,
    #""2019-12-31T23:59:59.5Z""#,
  ]

  /// A Property with each of `values`, in turn, and one Entity without it.
  private func withEntities(
    _ transport: Transport = .inProcess, _ body: (TestClient) async throws -> Void
  ) async throws {
    try await withTestTenant(transport) { client in
      var entities = Self.values.enumerated().map { number, value in
        entity("urn:x:\(number)", "T", #""a":{"type":"Property","value":\#(value)}"#)
      }
      entities.insert(entity("urn:x:none", "T"), at: 3)
      let response = try await client.send(
        "POST", "entityOperations/create", "[\(entities.joined(separator: ","))]")
      try #require(response.status == 201, "\(response.text)")
      try await body(client)
    }
  }

  private func values(_ response: TestResponse) -> [String] {
    response.json.elements.map { $0["a"]?.rawText ?? "none" }
  }

  @Test("values of different types stand as the standard says, what is missing last")
  func types() async throws {
    let ascending = [
      "9.5", "10", #""A""#, #""b""#, #""á""#, #"{"x":1}"#, "[]", "[2]", "[2,1]", "[10]", #"["a"]"#,
      "false", "true", #""12:00:00Z""#, #""2020-01-01""#, #""2019-12-31T23:59:59.5Z""#,
      #""2020-01-01T00:00:00Z""#,
    ]
    try await withEntities(.socket) { client in
      for (direction, expected) in [("asc", ascending), ("desc", ascending.reversed())] {
        let response = try await client.send(
          "GET", "entities?type=T&format=simplified&orderBy=a;\(direction)")
        #expect(values(response) == expected + ["none"], "\(response.text)")
      }
    }
  }

  @Test("pages of an order cover everything once", arguments: [1, 4, 18])
  func pages(limit: Int) async throws {
    try await withEntities { client in
      let whole = try await client.send("GET", "entities?type=T&orderBy=a;desc").ids
      var seen: [String] = []
      var target: String? = "entities?type=T&orderBy=a;desc&count=true&limit=\(limit)"
      while let page = target {
        let response = try await client.send("GET", page)
        #expect(response["NGSILD-Results-Count"] == "18")
        seen += response.ids
        target = response.link("next")
      }
      #expect(seen == whole && seen.count == 18)
    }
  }

  @Test(
    "strings stand as the collation says",
    arguments: [
      ("", ["Aa", "Zebra", "aa", "ab", "Ähre", "á"]),
      ("&collation=und", ["á", "aa", "Aa", "ab", "Ähre", "Zebra"]),
      ("&collation=de-u-co-phonebk", ["á", "aa", "Aa", "ab", "Ähre", "Zebra"]),
      ("&collation=und-u-kf-upper", ["á", "Aa", "aa", "ab", "Ähre", "Zebra"]),
    ])
  func collation(parameters: String, expected: [String]) async throws {
    try await withTestTenant { client in
      for (number, text) in ["Zebra", "aa", "Aa", "Ähre", "á", "ab"].enumerated() {
        try await client.create(entity("urn:x:\(number)", "T", #""a":"\#(text)""#))
      }
      for _ in 0..<2 {
        let response = try await client.send(
          "GET", "entities?type=T&format=simplified&orderBy=a\(parameters)")
        #expect(
          response.json.elements.compactMap { $0["a"]?.string } == expected, "\(response.text)")
      }
    }
  }

  @Test(
    "paths lead to what is compared",
    arguments: [
      ("id", "1234"), ("id;desc", "4321"), ("createdAt", "3142"), ("createdAt;desc", "2413"),
      ("type,id", "1324"), ("type;desc,id;desc", "4231"), ("scope", "2134"),
      ("n", "1243"), ("n;desc", "3421"), ("n.sub", "2134"), ("n.observedAt", "2134"),
      ("n.unitCode;desc", "1234"), ("c[x.y]", "4132"), ("l[en]", "2134"), ("l[fr]", "1342"),
      ("r", "2134"), ("v", "2134"), ("nothing,id;desc", "4321"), ("g;desc,id", "1234"),
      ("g;dist-asc&orderFrom=[0,0]", "2134"), ("g;dist-desc&orderFrom=[0,0]", "1234"),
      ("g;dist-asc&orderGeometry=LineString&orderFrom=[[5,5],[9,9]]", "1234"),
      ("n;dist-asc&orderFrom=[0,0]", "1243"), ("n[x];dist-desc,id&orderFrom=[0,0]", "1234"),
    ])
  func paths(orderBy: String, expected: String) async throws {
    try await withTestTenant { client in
      for (id, type, attributes) in [
        ("3", "A", #""scope":"/x/y","n":[{"type":"Property","value":9,"datasetId":"urn:d:2"}]"#),
        (
          "1", "A",
          """
          "scope":["/c","/a"],"n":[{"type":"Property","value":0,"datasetId":"urn:d:1"},
          {"type":"Property","value":1,"unitCode":"B","observedAt":"2026-01-02T00:00:00Z",
          "sub":{"type":"Property","value":2}}],"c":{"x":{"y":5}},
          "l":{"type":"LanguageProperty","languageMap":{"en":"z","fr":"a"}},
          "g":{"type":"GeoProperty","value":{"type":"Point","coordinates":[5,5]}},
          "r":{"type":"Relationship","object":"urn:o:2"},"v":{"type":"VocabProperty","vocab":"b"}
          """
        ),
        (
          "4", "B",
          """
          "n":[{"type":"Property","value":3,"datasetId":"urn:d:2"},
          {"type":"Property","value":7,"datasetId":"urn:d:1"}],"c":{"x":[{"y":1},{"y":9}]}
          """
        ),
        (
          "2", "B",
          """
          "scope":"/b","n":{"type":"Property","value":5.5,"unitCode":"A",
          "observedAt":"2026-01-01T00:00:00Z","sub":1},
          "l":{"type":"LanguageProperty","languageMap":{"en":"a"}},
          "g":{"type":"GeoProperty","value":{"type":"Point","coordinates":[-1,1]}},
          "r":{"type":"Relationship","object":"urn:o:1"},"v":{"type":"VocabProperty","vocab":"a"}
          """
        ),
      ] {
        // At times of their own.
        try await client.create(entity("urn:x:\(id)", type, attributes))
        try await Task.sleep(for: .milliseconds(2))
      }
      let response = try await client.send(
        "GET", "entities?type=A,B&orderBy=\(orderBy)".encodedForURL)
      #expect(response.status == 200, "\(response.text)")
      #expect(response.ids.compactMap(\.last).map(String.init).joined() == expected)
    }
  }

  @Test("an order goes with every condition")
  func conditions() async throws {
    try await withTestTenant { client in
      for number in 1...4 {
        try await client.create(
          entity(
            "urn:x:\(number)", number % 2 == 0 ? "A" : "B",
            """
            "n":\(number % 3),"g":{"type":"GeoProperty","value":{"type":"Point",
            "coordinates":[\(number),0]}}
            """))
      }
      for (query, expected) in [
        ("q=n>0", "412"), ("type=A", "42"), ("type=A,B&idPattern=[123]$", "312"),
        ("q=n>0;modifiedAt>2020-01-01T00:00:00Z", "412"), ("attrs=n", "3412"),
        ("georel=near;maxDistance==250000&geometry=Point&coordinates=[1,0]&geoproperty=g", "312"),
      ] {
        let response = try await client.send(
          "GET", "entities?\(query)&orderBy=n,id;desc".encodedForURL)
        #expect(
          response.ids.compactMap(\.last).map(String.init).joined() == expected, "\(query)")
      }
    }
  }
}
