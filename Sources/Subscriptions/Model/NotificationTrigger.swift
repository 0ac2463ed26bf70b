/// A kind of change that a subscription may wait for (GS CIM 009, 5.2.12).
package enum NotificationTrigger: String, Sendable, CaseIterable {
  case entityCreated, entityUpdated, entityDeleted
  case attributeCreated, attributeUpdated, attributeDeleted

  /// Where a client names none; shown too, as all that is supported so far waits for changes.
  static let standard: [NotificationTrigger] = [.attributeCreated, .attributeUpdated]
}

/// The kinds of change that a subscription waits for; `entityUpdated` is its three parts.
package struct NotificationTriggers: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let entityCreated = NotificationTriggers(rawValue: 1)
  package static let entityDeleted = NotificationTriggers(rawValue: 2)
  package static let attributeCreated = NotificationTriggers(rawValue: 4)
  package static let attributeUpdated = NotificationTriggers(rawValue: 8)
  package static let attributeDeleted = NotificationTriggers(rawValue: 16)

  /// Where a client names none.
  package static let standard = NotificationTriggers(NotificationTrigger.standard)

  package init(_ triggers: [NotificationTrigger]) {
    self = []
    for trigger in triggers { formUnion(NotificationTriggers(trigger)) }
  }

  private init(_ trigger: NotificationTrigger) {
    switch trigger {
    case .entityCreated: self = .entityCreated
    case .entityDeleted: self = .entityDeleted
    case .entityUpdated: self = [.attributeCreated, .attributeUpdated, .attributeDeleted]
    case .attributeCreated: self = .attributeCreated
    case .attributeUpdated: self = .attributeUpdated
    case .attributeDeleted: self = .attributeDeleted
    }
  }

  /// Whether the change of the Entity as a whole is enough, whatever Attributes it has.
  var hearsOfEntities: Bool { !isDisjoint(with: [.entityCreated, .entityDeleted]) }
}
