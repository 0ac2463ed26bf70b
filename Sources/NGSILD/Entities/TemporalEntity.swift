package import JSONLD

/// What a Context Source answers of the temporal evolution of an Entity.
///
/// Standard: EntityTemporal (GS CIM 009, 5.2.20).
package struct TemporalEntity: Sendable {
  package let id: String
  package var types: [IRI]
  package var createdAt: DateTime
  package var modifiedAt: DateTime
  /// Each with any number of instances, which have `instanceId` and, of deletions, `deletedAt`
  /// among their members.
  package var attributes: [Attribute]
  package var scopes: [TemporalRecord.Scopes]

  /// - Parameter fragment: read by the rules `temporalAnswer`.
  /// - Throws: `badRequestData` for one without id or type.
  package init(answer fragment: TemporalFragment) throws(NGSILDError) {
    guard let id = fragment.id, !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(fragment.id ?? "")' has no id or no type")
    }
    self.id = id
    types = fragment.types
    createdAt = fragment.given.createdAt ?? .earliest
    modifiedAt = fragment.given.modifiedAt ?? fragment.given.createdAt ?? .earliest
    scopes = fragment.scopes
    let surrounding = createdAt
    attributes = fragment.attributes.map { Attribute(answer: $0, in: surrounding) }
  }

  /// The Entity with the latest instance of each Attribute and dataset, unless that was deleted.
  ///
  /// - Parameter now: when it was created, where the source does not tell.
  package func latest(at now: DateTime) -> Entity {
    let isDated = createdAt != .earliest
    let scopes = self.scopes.max { $0.time ?? .latest < $1.time ?? .latest }
    return Entity(
      id: id, types: types, scopes: scopes?.scopes ?? [], createdAt: isDated ? createdAt : now,
      modifiedAt: isDated ? modifiedAt : now,
      attributes: attributes.compactMap(\.latest))
  }

  /// Of all Attributes.
  package var instanceCount: Int { attributes.reduce(scopes.count) { $0 + $1.instances.count } }
}

extension Attribute {
  /// nil if all instances were deleted.
  fileprivate var latest: Attribute? {
    var latest: [AttributeInstance] = []
    for instance in instances {
      guard let place = latest.firstIndex(where: { $0.datasetId == instance.datasetId }) else {
        latest.append(instance)
        continue
      }
      if latest[place].time <= instance.time { latest[place] = instance }
    }
    latest.removeAll { $0[.deletedAt] != nil }
    for place in latest.indices { latest[place].members.removeAll { $0.name == .instanceId } }
    return latest.isEmpty ? nil : Attribute(name: name, instances: latest)
  }
}

extension AttributeInstance {
  fileprivate var time: DateTime { self[.observedAt].flatMap { DateTime($0) } ?? modifiedAt }
}

extension TemporalRecord.Scopes {
  fileprivate var time: DateTime? { observedAt?.instant ?? changedAt }
}
