package import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
package import Storage

/// Temporal consumption (GS CIM 009, 5.7.3, 5.7.4).
extension Broker {
  /// The history of one Entity.
  ///
  /// - Parameters:
  ///   - attributes: of which it has to have at least one; any will do if they are empty.
  ///   - foreign: what Context Sources have of it.
  /// - Throws: `resourceNotFound`.
  package func retrieveTemporalEntity(
    _ id: String, _ part: HistoryPart, requiring attributes: Set<IRI>,
    beside foreign: ForeignHistory? = nil, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryPage {
    let page = try await database { () throws(PostgresError) in
      try await history.history(of: id, part, beside: foreign, at: .now, tenant: tenant)
    }
    guard let page else { throw Self.hasNoHistory(id) }
    let hasAny = page.histories.contains { $0.series.contains { $0.attribute != nil } }
    if !attributes.isEmpty && !hasAny && foreign?.evolutions.isEmpty ?? true {
      try await requireHistory(of: id, attributes, in: tenant)
    }
    return page
  }

  /// One page of the Entities that `query` selects by their past, with their history.
  ///
  /// - Parameter foreign: what Context Sources have of them.
  package func queryTemporalEntities(
    _ query: HistoryQuery, beside foreign: ForeignHistory? = nil, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HistoryPage {
    let now = DateTime.now
    let page = try await database { () throws(PostgresError) in
      try await history.page(query, beside: foreign, at: now, tenant: tenant)
    }
    let last = page.histories.last?.entity
    try await prune(query, after: last, hasMore: page.hasMore, at: now, in: tenant)
    return page
  }

  /// What is computed of the history of one Entity.
  ///
  /// - Parameters:
  ///   - attributes: of which it has to have at least one, and each that it has has to be eligible
  ///     for a method; any will do if they are empty.
  ///   - foreign: what Context Sources have of it.
  /// - Throws: `resourceNotFound`, `invalidRequest`, `tooManyResults`.
  package func aggregateTemporalEntity(
    _ id: String, _ part: HistoryPart, _ aggregation: Aggregation, requiring attributes: Set<IRI>,
    beside foreign: ForeignHistory? = nil, in tenant: TenantNumber
  ) async throws(NGSILDError) -> AggregatedPage {
    let page = try await database { () throws(PostgresError) in
      try await history.aggregates(
        aggregation, of: id, part, beside: foreign, at: .now, tenant: tenant)
    }
    guard let page else { throw Self.hasNoHistory(id) }
    if !attributes.isEmpty && page.histories.allSatisfy(\.series.isEmpty)
      && foreign?.evolutions.isEmpty ?? true
    {
      try await requireHistory(of: id, attributes, in: tenant)
    }
    try requireResults(page, of: attributes, aggregation)
    return page
  }

  /// What is computed of the history of one page of the Entities that `query` selects.
  ///
  /// - Parameters:
  ///   - attributes: of which each that an Entity has has to be eligible for a method.
  ///   - foreign: what Context Sources have of them.
  /// - Throws: `invalidRequest`, `tooManyResults`.
  package func aggregateTemporalEntities(
    _ query: HistoryQuery, _ aggregation: Aggregation, requiring attributes: Set<IRI>,
    beside foreign: ForeignHistory? = nil, in tenant: TenantNumber
  ) async throws(NGSILDError) -> AggregatedPage {
    let now = DateTime.now
    let page = try await database { () throws(PostgresError) in
      try await history.aggregates(
        aggregation, query, beside: foreign, at: now, tenant: tenant)
    }
    let last = page.histories.last?.history.entity
    try await prune(query, after: last, hasMore: page.hasMore, at: now, in: tenant)
    try requireResults(page, of: attributes, aggregation)
    return page
  }

  /// 5.7.4.4: an Attribute that is asked for and has values no method is eligible for is an error.
  ///
  /// Choice: only one that is asked for by its name.
  private func requireResults(
    _ page: AggregatedPage, of attributes: Set<IRI>, _ aggregation: Aggregation
  ) throws(NGSILDError) {
    guard !page.isTooLong else {
      throw NGSILDError(
        .tooManyResults,
        "There are more than \(history.limits.periods) periods; narrow the range by timerel, or "
          + "make aggrPeriodDuration longer")
    }
    for series in page.histories.flatMap(\.series)
    where attributes.contains(series.attribute) && series.results.isEmpty {
      let methods = aggregation.methods.map(\.rawValue).joined(separator: ", ")
      throw NGSILDError(
        .invalidRequest,
        "The values of '\(series.attribute)' are not eligible for any of \(methods); totalCount and "
          + "distinctCount always are")
    }
  }

  /// - Throws: `resourceNotFound` if the Entity has no history, of `attributes` if they are given.
  func requireHistory(
    of id: String, _ attributes: Set<IRI> = [], in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let hasHistory = try await database { () throws(PostgresError) in
      try await history.hasHistory(id, of: attributes, tenant: tenant)
    }
    guard !hasHistory else { return }
    if attributes.isEmpty { throw Self.hasNoHistory(id) }
    throw NGSILDError(
      .resourceNotFound, "The Entity '\(id)' never had any of the Attributes asked for")
  }

  static func hasNoHistory(_ id: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "The Entity '\(id)' has no history")
  }
}
