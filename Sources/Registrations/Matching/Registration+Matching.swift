package import JSONLD
import NGSILD
package import NGSILDQuery
import Subscriptions

/// Which registrations an operation or a discovery concerns.
///
/// Standard: GS CIM 009, 5.10.2.4 and 5.12.
extension Registration {
  /// The parts of `information` that are about what is asked for, each with those `entities` alone
  /// that are; empty if the registration does not match.
  package func information(matching specification: EntitySpecification) -> [RegistrationInfo] {
    guard sharesDatasets(with: specification.datasets) else { return [] }
    return information.compactMap { $0.narrowed(to: specification) }
  }

  /// Whether the source can have an instance that is asked for.
  package func sharesDatasets(with datasets: DatasetSelection?) -> Bool {
    guard let datasets, let datasetIds else { return true }
    return datasetIds.contains { datasets.keeps($0 == "@none" ? nil : IRI($0)) }
  }

  /// Whether the source has data of the time that is asked for; nil for what is now.
  package func covers(_ query: TemporalQuery?) -> Bool {
    guard let query else { return !isTemporal }
    let interval =
      query.timeproperty == .observedAt ? observationInterval : managementInterval
    guard let interval else { return false }
    return query.interval.map(interval.covers) ?? true
  }

  /// Whether a temporal operation may go to the source.
  ///
  /// Choice: one that lists temporal operations and says nothing of times has data of any time.
  package func mayCover(_ query: TemporalQuery) -> Bool { !isTemporal || covers(query) }
}

extension RegistrationInfo {
  /// This part with the `entities` that are asked for; nil if it does not match.
  package func narrowed(to specification: EntitySpecification) -> RegistrationInfo? {
    guard sharesAttributes(with: specification.attributes) else { return nil }
    guard !entities.isEmpty, !specification.selectors.isEmpty else { return self }
    var narrowed = self
    narrowed.entities = entities.filter { entity in
      specification.selectors.contains(where: entity.matches)
    }
    return narrowed.entities.isEmpty ? nil : narrowed
  }

  /// - Parameter asked: empty for all.
  package func sharesAttributes(with asked: [IRI]) -> Bool {
    asked.isEmpty || attributes.isEmpty || attributes.contains(where: asked.contains)
  }
}

extension EntityInfo {
  /// Whether an Entity that is asked for can be one of these.
  package func matches(_ selector: NGSILDQuery.EntitySelector) -> Bool {
    guard types.isEmpty || selector.types?.matches(types: types) ?? true else { return false }
    if let id {
      return (selector.ids.isEmpty || selector.ids.contains(id))
        && selector.idPattern?.matches(id.text) ?? true
    }
    // Two patterns may always have an id in common.
    guard let idPattern, !selector.ids.isEmpty else { return true }
    return selector.ids.contains { id in
      idPattern.matches(id.text) && selector.idPattern?.matches(id.text) ?? true
    }
  }
}

extension TimeInterval {
  /// Whether the source can have data of the time that is asked for; borders count.
  ///
  /// Choice: by 5.10.2.4 the instant of `before` and `after` itself has to lie within, which would
  /// leave out sources that have data before or after it (TS 037_09).
  package func covers(_ asked: TemporalInterval) -> Bool {
    startAt.instant <= asked.end ?? .latest
      && asked.start ?? .earliest <= endAt?.instant ?? .latest
  }
}
