import JSON
import TestSupport
import Testing

@Suite("Representations that a request asks for")
struct NegotiationTests {
  private static let geo = ("Accept", "application/geo+json")
  private static let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"

  @Test("GeoJSON carries the context in the body, or in a Link with Prefer: body=json")
  func contextOfGeoJSON() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      for target in [roomPath, "entities?type=Room"] {
        var response = try await client.send("GET", target, headers: [Self.geo])
        #expect(response["Content-Type"] == "application/geo+json")
        #expect(response.all("Link").isEmpty)
        #expect(response.json["@context"]?.string == Self.core)
        response = try await client.send(
          "GET", target, headers: [Self.geo, ("Prefer", "handling=lenient, body=json")])
        #expect(response["Link"]?.contains(Self.core) == true)
        #expect(response.json["@context"] == nil)
      }
    }
  }

  @Test("retrieving answers a Feature, querying a FeatureCollection")
  func features() async throws {
    try await withTestTenant { client in
      try await client.create(room)
      let feature = try await client.send(
        "GET", "\(roomPath)?format=simplified&attrs=temperature", headers: [Self.geo])
      #expect(feature.json["type"]?.string == "Feature")
      #expect(
        feature.json["geometry"] == json(#"{"type":"Point","coordinates":[13.4,52.5]}"#))
      #expect(
        feature.json["properties"]
          == json(#"{"type":"Room","scope":"/Berlin/Office","temperature":20.5}"#))
      let collection = try await client.send(
        "GET", "entities?type=Room&geometryProperty=none&count=true", headers: [Self.geo])
      #expect(collection.json["type"]?.string == "FeatureCollection")
      let first = try #require(collection.json["features"]?.elements.first { _ in true })
      #expect(first["geometry"]?.isNull == true)
      #expect(collection["NGSILD-Results-Count"] == "1")
      let none = try await client.send("GET", "entities?type=None", headers: [Self.geo])
      #expect(none.json["features"]?.count == 0)
    }
  }

  @Test("a language is chosen in answers to Retrieve and Query")
  func language() async throws {
    try await withTestTenant { client in
      try await client.create(
        entity("urn:x:1", "T", #""a":{"languageMap":{"en":"Bell","fr":"Cloche"}}"#))
      for (target, end) in [("entities/urn:x:1?", "}"), ("entities?type=T&", "}]")] {
        let response = try await client.send(
          "GET", "\(target)lang=de,fr;q=0.5&format=simplified")
        #expect(response.text.hasSuffix(#""a":"Cloche"\#(end)"#), "\(response.text)")
      }
    }
  }

  @Test(
    "an older version of the standard is kept to where it is preferred",
    arguments: [
      ("ngsi-ld=1.5", 203, "ngsi-ld=1.5"), ("NGSI-LD=\"1.5\";q=0.1", 203, "ngsi-ld=1.5"),
      ("respond-async, ngsi-ld=1.7", 203, "ngsi-ld=1.7"), ("ngsi-ld=1.8", 200, "ngsi-ld=1.8"),
      ("ngsi-ld=1.9", 200, "ngsi-ld=1.9"), ("ngsi-ld=1.10", 200, nil), ("ngsi-ld=3", 200, nil),
      ("respond-async", 200, nil), ("ngsi-ld=1.9, ngsi-ld=1.2", 200, "ngsi-ld=1.9"),
    ] as [(String, Int, String?)])
  func olderVersion(preference: String, status: Int, applied: String?) async throws {
    try await withTestTenant { client in
      try await client.create(entity("urn:x:1", "T", #""a":{"vocab":"v"}"#))
      let past = "timerel=before&timeAt=2999-01-01T00:00:00Z&timeproperty=modifiedAt"
      for target in [
        "entities/urn:x:1", "entities?type=T", "temporal/entities/urn:x:1",
        "temporal/entities?type=T&\(past)", "temporal/entities/urn:x:1?format=temporalValues",
      ] {
        let response = try await client.send("GET", target, headers: [("Prefer", preference)])
        #expect(response.status == status)
        #expect(response["Preference-Applied"] == applied)
        #expect(response.text.contains(#""type":"VocabProperty""#) == (status == 200))
      }
      let list = try await client.send(
        "GET", "subscriptions", headers: [("Prefer", preference)])
      #expect(list.status == 200)
      #expect(list["Preference-Applied"] == applied)
    }
  }
}
