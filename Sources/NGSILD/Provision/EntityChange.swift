package import JSONLD

/// What one operation did to one Entity: the basis of its history and of notifications.
///
/// A class, since it is handed from stage to stage.
package final class EntityChange: Sendable {
  /// nil when the Entity came to exist.
  package let before: Entity?
  /// nil when the Entity was deleted.
  package let after: Entity?
  /// Each Attribute instance that was written, also with the value that it had.
  package let attributes: [AttributeChange]
  /// Attribute instances that had expired and are no longer kept: nothing to tell anyone, but to
  /// remove from what is stored beside the Entity.
  package let expired: [AttributeChange]
  /// What the history is given in the place of `attributes`; nil if it is given those.
  package let record: TemporalRecord?

  package init(
    before: Entity?, after: Entity?, attributes: [AttributeChange],
    expired: [AttributeChange] = [], record: TemporalRecord? = nil
  ) {
    self.before = before
    self.after = after
    self.attributes = attributes
    self.expired = expired
    self.record = record
  }
}

/// What happened to one Attribute instance.
package struct AttributeChange: Sendable {
  package let name: IRI
  /// nil when it came to exist.
  package let before: AttributeInstance?
  /// nil when it was deleted.
  package let after: AttributeInstance?

  package init(name: IRI, before: AttributeInstance?, after: AttributeInstance?) {
    self.name = name
    self.before = before
    self.after = after
  }

  package var datasetId: IRI? { (after ?? before)?.datasetId }

  /// Whether anything but timestamps differs (5.8.6).
  package var isDifferent: Bool {
    guard let before, let after else { return true }
    return !before.hasSameContent(as: after)
  }
}

extension AttributeInstance {
  /// Equal but for `createdAt` and `modifiedAt`.
  package func hasSameContent(as other: AttributeInstance) -> Bool {
    type == other.type && value == other.value && datasetId == other.datasetId
      && members.count == other.members.count
      && members.allSatisfy { member in other[member.name].map { $0 == member.value } ?? false }
      && subAttributes.count == other.subAttributes.count
      && subAttributes.allSatisfy { attribute in
        other.subAttributes.first { $0.name == attribute.name }
          .map { attribute.hasSameContent(as: $0) } ?? false
      }
  }
}

extension Attribute {
  fileprivate func hasSameContent(as other: Attribute) -> Bool {
    instances.count == other.instances.count
      && instances.allSatisfy { instance in
        other.instances.contains { instance.hasSameContent(as: $0) }
      }
  }
}
