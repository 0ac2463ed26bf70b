package import JSON
package import JSONLD
package import NGSILD
package import NGSILDQuery

/// What of a change matching looks at, worked out once for all subscriptions.
struct ChangeSummary {
  let id: String
  /// After the change; of a deleted Entity those that it had.
  let types: [IRI]
  /// Instances that came to exist, went, or have another content.
  let attributes: [AttributeChange]
  let isCreation: Bool
  let isDeletion: Bool

  init?(_ change: EntityChange) {
    guard let entity = change.after ?? change.before else { return nil }
    id = entity.id
    types = entity.types
    attributes = change.attributes.filter(\.isDifferent)
    isCreation = change.before == nil
    isDeletion = change.after == nil
  }
}

extension CompiledSubscription {
  /// Whether the subscription is due for the change, its conditions on the Entity aside.
  ///
  /// Standard: GS CIM 009, 5.8.6. Choice: `entityCreated` and `entityDeleted` do not depend on
  /// watched Attributes.
  func isTriggered(by change: ChangeSummary, at now: DateTime) -> Bool {
    guard isActive(at: now), selects(change) else { return false }
    return hearsOf(change)
      || change.attributes.contains {
        watches($0) && shows($0) && triggers.contains($0.trigger)
      }
  }

  /// Whether the change of the Entity as a whole is enough.
  func hearsOf(_ change: ChangeSummary) -> Bool {
    change.isCreation && triggers.contains(.entityCreated)
      || change.isDeletion && triggers.contains(.entityDeleted)
  }

  package func isActive(at now: DateTime) -> Bool { subscription.status(at: now) == .active }

  func selects(_ change: ChangeSummary) -> Bool { selects(change.id, types: change.types) }

  package func selects(_ id: String, types: [IRI]) -> Bool {
    subscription.entities.isEmpty
      || subscription.entities.contains { $0.matches(id: id, types: types) }
  }

  func watches(_ change: AttributeChange) -> Bool {
    watched.isEmpty || watched.contains(change.name)
  }

  /// Choice: an instance that `datasetId` leaves out of notifications does not cause one.
  func shows(_ change: AttributeChange) -> Bool { datasets?.contains(change.datasetId) ?? true }

  /// Whether the Entity is one that the subscription asks for, as far as it can tell by itself.
  func accepts(_ document: JSONValue, at now: DateTime) -> Bool {
    guard isInScope(document) else { return false }
    guard let query = subscription.query, !followsLinks else { return true }
    return query.tree.matches(document, at: now)
  }

  package func isInScope(_ document: JSONValue) -> Bool {
    subscription.scopeQuery?.tree.matches(document) ?? true
  }

  var needsDocument: Bool { subscription.query != nil || subscription.scopeQuery != nil }
}

/// Conditions that only the database can decide.
extension CompiledSubscription {
  /// Whether `q` has conditions on linked Entities.
  package var followsLinks: Bool { (subscription.query?.tree.linkDepth ?? 0) > 0 }

  /// Whether the Entity satisfies `q`, as far as linked Entities are known.
  ///
  /// - Parameter linked: the Entity of an id; whoever does not have it can note the id, load the
  ///   Entity and ask again.
  package func accepts(
    _ document: JSONValue, at now: DateTime, linked: @escaping (IRI) -> JSONValue?
  ) -> Bool {
    subscription.query?.tree.matches(document, at: now, linked: linked) ?? true
  }

  package var geoQuery: GeoQuery? { subscription.geoQuery?.tree }

  /// The geometries of an Entity at which `geoQuery` looks, as GeoJSON.
  package func geometries(of document: JSONValue, at now: DateTime) -> [[UInt8]] {
    geoQuery?.geometries(of: document, at: now) ?? []
  }
}

extension AttributeChange {
  var trigger: NotificationTriggers {
    if before == nil { return .attributeCreated }
    return after == nil ? .attributeDeleted : .attributeUpdated
  }
}
