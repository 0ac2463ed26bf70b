import JSON
import JSONLD
import NGSILD
import NGSILDQuery

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
  /// Whether the subscription is due for the change, all but `q` and `scopeQ` considered.
  ///
  /// Standard: GS CIM 009, 5.8.6. Choice: `entityCreated` and `entityDeleted` do not depend on
  /// watched Attributes.
  func isTriggered(by change: ChangeSummary, at now: DateTime) -> Bool {
    guard subscription.status(at: now) == .active, selects(change) else { return false }
    if change.isCreation && triggers.contains(.entityCreated) { return true }
    if change.isDeletion && triggers.contains(.entityDeleted) { return true }
    return change.attributes.contains { concerns($0) && triggers.contains($0.trigger) }
  }

  private func selects(_ change: ChangeSummary) -> Bool {
    subscription.entities.isEmpty
      || subscription.entities.contains { $0.matches(id: change.id, types: change.types) }
  }

  /// Choice: an instance that `datasetId` leaves out of notifications does not cause one.
  private func concerns(_ change: AttributeChange) -> Bool {
    guard watched.isEmpty || watched.contains(change.name) else { return false }
    return datasets?.contains(change.datasetId) ?? true
  }

  /// Whether the Entity is one that the subscription asks for by `q` and `scopeQ`.
  func accepts(_ document: JSONValue, at now: DateTime) -> Bool {
    if let scopeQuery = subscription.scopeQuery, !scopeQuery.tree.matches(document) { return false }
    return subscription.query?.tree.matches(document, at: now) ?? true
  }

  var needsDocument: Bool { subscription.query != nil || subscription.scopeQuery != nil }
}

extension AttributeChange {
  fileprivate var trigger: NotificationTriggers {
    if before == nil { return .attributeCreated }
    return after == nil ? .attributeDeleted : .attributeUpdated
  }
}
