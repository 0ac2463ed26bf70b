/// The inputs that a seeded generator makes for each parser in a normal test run.
///
/// Each is a text that has to come back as it was, or a mutation of one that has to be refused or
/// to come back as it was understood.
package enum GeneratedCases: CaseIterable {
  case json
  case contexts
  case entities, attributeFragments
  case typeSelections, scopeQueries, queries, compactedQueries, projections, orderings, patterns
  case geoRelations, geometries, geoQueries
  case dateTimes, temporalQueries
  case lists, entitySelectors, languageFilters, noise
  case queryStrings, linkHeaders, acceptHeaders, preferHeaders
  case subscriptions

  package var count: Int {
    switch self {
    case .json: 16_000
    case .contexts: 6_000
    case .entities: 16_000
    case .attributeFragments: 8_000
    case .queries, .compactedQueries, .noise: 5_000
    case .subscriptions: 6_000
    default: 4_000
    }
  }

  package static var total: Int { allCases.reduce(0) { $0 + $1.count } }
}
