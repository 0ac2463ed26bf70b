import NGSILD
import NGSILDQuery
import Testing

@Suite("Restriction")
struct RestrictionTests {
  private func require(
    type: String? = nil, id: String? = nil, attrs: String? = nil, pick: String? = nil,
    q: String? = nil, georel: String? = nil, isLocal: Bool = false
  ) throws {
    try requireRestriction(
      selectors: [EntitySelector(type: type, id: id, idPattern: nil, expander: Expander())],
      projection: Projection(attrs: attrs, pick: pick, omit: nil, expander: Expander()),
      query: q.map { try Query(parsing: $0, expander: Expander()) },
      geoQuery: GeoQuery(
        georel: georel, geometry: georel.map { _ in "Point" },
        coordinates: georel.map { _ in "[1,2]" },
        expander: Expander()),
      isLocal: isLocal)
  }

  @Test("a type, an Attribute, a place or local scope restricts enough")
  func enough() throws {
    try require(type: "A")
    try require(type: "*")
    try require(attrs: "id,a")
    try require(q: "a")
    try require(q: "createdAt|!a")
    try require(q: "r{createdAt}")
    try require(georel: "within")
    try require(isLocal: true)
  }

  @Test("ids, pick and system members do not")
  func tooWide() {
    for attempt in [
      { try require() }, { try require(id: "urn:a") }, { try require(attrs: "createdAt") },
      { try require(attrs: "id,type") }, { try require(pick: "a") },
      { try require(q: "modifiedAt>2020-01-01T00:00:00Z") }, { try require(q: "id") },
    ] as [() throws -> Void] {
      let error = #expect(throws: NGSILDError.self) { try attempt() }
      #expect(error?.kind == .badRequestData)
    }
  }

  @Test("Relationships are followed as far as join grants")
  func links() throws {
    try requireLinks(0, within: nil)
    try requireLinks(2, within: 2)
    #expect(throws: NGSILDError.self) { try requireLinks(1, within: nil) }
    #expect(throws: NGSILDError.self) { try requireLinks(3, within: 2) }
  }
}
