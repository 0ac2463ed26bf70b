import JSONLD
package import NGSILDQuery
package import Registrations

/// Whom a read of temporal evolutions is forwarded to.
///
/// Each source is asked for instances as they are, in the window and at most as many as are asked
/// for of all together; what is computed of them is computed here, of what is put together.
///
/// Standard: GS CIM 009, 5.7.3.4 and 5.7.4.4.
extension ReadPlan {
  /// - Parameters:
  ///   - aggregates: whether values are aggregated, which takes all instances in the window.
  ///   - registrations: as for the retrieval of an Entity.
  package init(
    retrievingHistoryOf id: String, _ request: TemporalRequest, aggregates: Bool,
    from registrations: [Registration]
  ) {
    let temporal = request.temporal(aggregates: aggregates)
    let selector = EntitySelector(ids: [IRI(id)])
    var filters = ReadFilters()
    filters.datasets = request.conditions.datasets
    for registration in registrations.ordered {
      // A query needs a window, which a retrieval need not have.
      let isQueryable = request.temporal.interval != nil
      guard
        let operation = registration.operations.contains(.retrieveTemporal)
          ? SourceRead.Operation.retrieveTemporal
          : isQueryable ? registration.operations.temporalQuery : nil
      else { continue }
      plan(
        operation, of: registration, [selector],
        attributes: request.conditions.wantedAttributes, filters: filters, temporal: temporal)
    }
  }

  /// - Parameters:
  ///   - splits: as for a query of Entities.
  ///   - aggregates: as for a retrieval.
  package init(
    queryingHistory request: TemporalRequest, splits: Bool, aggregates: Bool,
    from registrations: [Registration]
  ) {
    let conditions = request.conditions
    let selectors = conditions.selectors.isEmpty ? [EntitySelector()] : conditions.selectors
    var filters = splits ? ReadFilters() : ReadFilters(conditions)
    filters.sources = conditions.sources
    let attributes = splits ? conditions.neededAttributes : conditions.wantedAttributes
    // The last instances that are shown need not be those that conditions look at.
    let temporal = request.temporal(aggregates: aggregates || splits)
    for registration in registrations.ordered {
      guard let operation = registration.operations.temporalQuery else { continue }
      plan(
        operation, of: registration, selectors, attributes: attributes, filters: filters,
        temporal: temporal)
    }
  }
}

extension TemporalRequest {
  /// What sources are asked for: of what is aggregated, lastN counts periods.
  fileprivate func temporal(aggregates: Bool) -> TemporalQuery {
    TemporalQuery(
      interval: temporal.interval, timeproperty: temporal.timeproperty,
      lastN: aggregates ? nil : temporal.lastN)
  }
}

extension RegisteredOperations {
  fileprivate var temporalQuery: SourceRead.Operation? {
    contains(.queryTemporal) ? .queryTemporal : nil
  }
}

extension SourceRead {
  /// The same read of the one latest instance of each Attribute: for who asks which Entities there
  /// are.
  package var ofLatest: SourceRead {
    guard let temporal else { return self }
    var read = self
    read.temporal = TemporalQuery(
      interval: temporal.interval, timeproperty: temporal.timeproperty, lastN: 1)
    return read
  }

  /// The range that ends first, as the read goes.
  package func narrower(_ one: AnsweredRange, _ other: AnsweredRange) -> AnsweredRange {
    let isForward = temporal?.lastN == nil
    return (one.end < other.end) == isForward ? one : other
  }

  /// The same read of what an answer has left out that ended with `range`.
  package func rest(after range: AnsweredRange) -> SourceRead? {
    guard let temporal, temporal.lastN == nil else { return nil }
    // The instant at which the answer ended is asked for again: nothing is lost, and what comes
    // twice is merged.
    let interval: TemporalInterval =
      temporal.interval?.end.map { .between(range.end, $0) } ?? .after(range.end)
    guard interval != temporal.interval else { return nil }
    var read = self
    read.temporal = TemporalQuery(interval: interval, timeproperty: temporal.timeproperty)
    return read
  }
}
