import JSONLD
package import NGSILD
package import NGSILDQuery

/// The temporal evolution of an Entity, put together from what Context Sources hold of it.
///
/// Instances are concatenated; of those of one dataset with the same time, one stays: that which
/// was modified last, or else came first. Auxiliary sources have no part in it: their registrations
/// cannot list temporal operations (5.9.2.4).
///
/// Standard: GS CIM 009, 4.5.5, 5.7.3.4 and 5.7.4.4.
package struct HistoryMerge: Sendable {
  private var head: TemporalEntity?
  private var series: MergedSeries

  /// - Parameter property: by which instances are told apart.
  package init(by property: TemporalQuery.TimeProperty) {
    series = MergedSeries(by: property)
  }

  package mutating func add(_ evolution: TemporalEntity) {
    if head == nil {
      head = evolution
      head?.attributes = []
    } else {
      head?.absorbMembers(of: evolution)
    }
    for attribute in evolution.attributes { series.add(attribute) }
  }

  /// nil if no source holds anything.
  package var result: TemporalEntity? {
    var result = head
    result?.attributes = series.attributes
    return result
  }
}

extension TemporalEntity {
  /// Choice: as for Entities, the oldest version says when it was created, the last when modified.
  fileprivate mutating func absorbMembers(of other: TemporalEntity) {
    for type in other.types where !types.contains(type) { types.append(type) }
    if createdAt == .earliest || (other.createdAt < createdAt && other.createdAt != .earliest) {
      createdAt = other.createdAt
    }
    modifiedAt = max(modifiedAt, other.modifiedAt)
    let known = Set(scopes.compactMap(\.time))
    scopes += other.scopes.filter { $0.time.map { !known.contains($0) } ?? true }
  }
}

extension TemporalRecord.Scopes {
  fileprivate var time: DateTime? { observedAt?.instant ?? changedAt }
}

/// Instances of several sources, each time once.
private struct MergedSeries: Sendable {
  private(set) var attributes: [Attribute] = []
  private let property: TemporalQuery.TimeProperty
  private var attributePlaces: [IRI: Int] = [:]
  private var places: [InstanceTime: Int] = [:]

  init(by property: TemporalQuery.TimeProperty) { self.property = property }

  mutating func add(_ attribute: Attribute) {
    let place = attributePlaces[attribute.name] ?? attributes.count
    if place == attributes.count {
      attributePlaces[attribute.name] = place
      attributes.append(Attribute(name: attribute.name, instances: []))
    }
    for instance in attribute.instances {
      let time = InstanceTime(of: instance, attribute.name, by: property)
      if let time, let known = places[time] {
        guard instance.modifiedAt > attributes[place].instances[known].modifiedAt else { continue }
        attributes[place].instances[known] = instance
      } else {
        if let time { places[time] = attributes[place].instances.count }
        attributes[place].instances.append(instance)
      }
    }
  }
}

/// What two instances have in common of which one is too many.
private struct InstanceTime: Hashable {
  let attribute: IRI
  let dataset: IRI?
  let time: DateTime
  let isObserved: Bool

  /// nil for an instance of which nothing tells when it was.
  init?(
    of instance: AttributeInstance, _ attribute: IRI, by property: TemporalQuery.TimeProperty
  ) {
    let observedAt = instance[.observedAt].flatMap { DateTime($0) }
    self.attribute = attribute
    dataset = instance.datasetId
    isObserved = property == .observedAt && observedAt != nil
    switch property {
    case .observedAt: time = observedAt ?? instance.createdAt
    case .createdAt: time = instance.createdAt
    case .modifiedAt, .deletedAt: time = instance.modifiedAt
    }
    guard time != .earliest else { return nil }
  }
}
