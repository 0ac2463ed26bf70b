import JSONLD
package import NGSILD
package import NGSILDQuery
package import Postgres

/// An Entity with what was computed of its history.
package struct AggregatedHistory: Sendable {
  package let history: EntityHistory
  package let series: [AggregatedSeries]
}

/// One page of Entities with what was computed of their history.
package struct AggregatedPage: Sendable {
  package let histories: [AggregatedHistory]
  package let hasMore: Bool
  /// All Entities that match; nil unless asked for.
  package let count: Int?
  /// Whether there are more periods than one answer holds.
  package let isTooLong: Bool
}

extension HistoryStore {
  /// What `aggregation` computes of the history of one Entity; nil if it has none.
  package func aggregates(
    _ aggregation: Aggregation, of id: String, _ part: HistoryPart,
    beside foreign: ForeignHistory? = nil, at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> AggregatedPage? {
    var part = part
    part.countsHours = aggregation.isOfHours
    try await findNames(part)
    let scope = try await queryScope(part, beside: foreign, at: now, tenant: tenant)
    let plan = HistoryPlan(part, limits: limits, in: scope)
    let results = try await pool(in: scope).flight([
      scope.reading(Self.entity(id, tenant: tenant)),
      scope.reading(plan.aggregates(aggregation, of: .id(id), in: scope)),
    ])
    guard !results[0].isEmpty else { return nil }
    if results[1].isEmpty, try await !hasHistory(id, in: scope) { return nil }
    let entities = try await entities(results[0], tenant: tenant, beside: scope.foreign)
    return try await page(
      of: FoundEntities(scope: scope, entities: entities, hasMore: false, count: nil), results[1],
      plan, aggregation)
  }

  /// What `aggregation` computes of the history of one page of the Entities that `query` selects.
  package func aggregates(
    _ aggregation: Aggregation, _ query: HistoryQuery, beside foreign: ForeignHistory? = nil,
    at now: DateTime, tenant: TenantNumber
  ) async throws(PostgresError) -> AggregatedPage {
    var query = query
    query.part.countsHours = aggregation.isOfHours
    let found = try await select(query, beside: foreign, at: now, tenant: tenant)
    let scope = found.scope
    query.part.countsHours = found.hasHours
    let plan = HistoryPlan(query.part, scopes: query.scopes, limits: limits, in: scope)
    let keys = HistoryPlan.Entities.keys(found.entities.map(\.key))
    let rows = try await pool(in: scope).query(
      scope.reading(plan.aggregates(aggregation, of: keys, in: scope)))
    return try await page(of: found, rows, plan, aggregation)
  }

  private func page(
    of found: FoundEntities, _ rows: Rows, _ plan: HistoryPlan, _ aggregation: Aggregation
  ) async throws(PostgresError) -> AggregatedPage {
    let names = found.scope.names
    let numbers = rows.map { NameNumber($0[HistoryPlan.AggregateColumn.attribute].int) }
    try await names.find(numbers: Set(numbers), in: pool)
    let reader = AggregateRows(
      aggregation: aggregation, window: plan.window, lastN: plan.lastN)
    var series: [Int64: [AggregatedSeries]] = [:]
    var rest = Array(rows)[...]
    while let first = rest.first {
      let key = first[HistoryPlan.AggregateColumn.key].int64
      let number = first[HistoryPlan.AggregateColumn.attribute].int
      let ofSeries = rest.prefix {
        $0[HistoryPlan.AggregateColumn.key].int64 == key
          && $0[HistoryPlan.AggregateColumn.attribute].int == number
      }
      rest = rest.dropFirst(ofSeries.count)
      guard let attribute = names.attribute(NameNumber(number)) else { continue }
      series[key, default: []].append(reader.series(ofSeries, of: attribute))
    }
    return AggregatedPage(
      histories: found.entities.map {
        AggregatedHistory(history: $0.history, series: series[$0.key] ?? [])
      },
      hasMore: found.hasMore, count: found.count, isTooLong: rows.count > limits.periods)
  }
}
