import JSON
import JSONLD
import Schemas
import Testing

@Suite("Core context")
struct CoreContextTests {
  @Test("the embedded document has the 212 entries of annex B, each a CoreTerm")
  func completeness() throws {
    let core = try #require(JSONValue(parsing: Schemas.coreContext)["@context"])
    #expect(core.count == 212)
    let names = core.members.compactMap(\.name.string).filter { !$0.hasPrefix("@") }
    let scoped: Set = ["entityIdSealed", "entityTypeSealed"]
    #expect(Set(names).union(scoped) == Set(CoreTerm.allCases.map(\.rawValue)))
  }

  @Test("every term goes to its IRI and back")
  func roundTrip() {
    for term in CoreTerm.allCases {
      #expect(Context.core.expand(term.rawValue) == term.iri)
      #expect(Context.core.compact(term.iri) == term.rawValue)
      #expect(Context.core.member(term.rawValue) == .coreTerm(term))
      #expect(Context.core.member(term.iri.text) == .coreTerm(term))
      #expect(Context.coreTerm(for: term.iri) == term)
    }
  }

  @Test(
    "terms stand for what annex B says",
    arguments: [
      (.id, "@id"), (.type, "@type"), (.value, ngsiLD + "hasValue"),
      (.json, ngsiLD + "hasJSON"), (.previousJson, ngsiLD + "hasPreviousJson"),
      (.containedBy, ngsiLD + "isContainedBy"), (.dataset, ngsiLD + "hasDataset"),
      (.description, "http://purl.org/dc/terms/description"),
      (.title, "http://purl.org/dc/terms/title"), (.status, ngsiLD + "status"),
      (.Point, "https://purl.org/geojson/vocab#Point"),
      (.coordinates, "https://purl.org/geojson/vocab#coordinates"),
      (.langString, "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"),
      (.entityTypeSealed, ngsiLD + "entityTypeSealed"),
    ] as [(CoreTerm, String)])
  func meaning(term: CoreTerm, iri: String) {
    #expect(term.iri.text == iri)
  }

  @Test(
    "names are the values of members that are coerced to @vocab",
    arguments: [
      (.vocab, true), (.objectType, true), (.valueType, true), (.watchedAttributes, true),
      (.entityTypeSealed, true), (.value, false), (.object, false), (.observedAt, false),
      (.vocabs, false), (.jsonldContext, false),
    ] as [(CoreTerm, Bool)])
  func vocabularyTyped(term: CoreTerm, expected: Bool) {
    #expect(term.isVocabularyTyped == expected)
  }

  @Test(
    "URLs of all versions name the Core, and no others do",
    arguments: [
      (coreURL, true),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld", true),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.0.jsonld", true),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld", true),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.10.jsonld", true),
      ("http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld", true),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-non-existing.jsonld", false),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.jsonld", false),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v.8.jsonld", false),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.1.jsonld", false),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.json", false),
      ("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld?x", false),
      ("https://uri.etsi.org/ngsi-ld/v2/ngsi-ld-core-context-v1.8.jsonld", false),
      ("ftp://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld", false),
      ("https://uri.etsi.org.example/ngsi-ld/v1/ngsi-ld-core-context.jsonld", false),
      ("", false),
    ])
  func identity(url: String, isCore: Bool) {
    #expect(CoreContext.isCore(url: url) == isCore)
  }
}
