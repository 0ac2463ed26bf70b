import JSON
import JSONLD
import NGSILD

/// The Entity that a notification tells of, in stored form: with what was deleted marked, and, if
/// asked for, with previous values.
///
/// Standard: GS CIM 009, 5.8.6 and 5.2.14.1.
struct NotifiedEntity {
  let stored: JSONValue

  init(
    _ change: EntityChange, _ document: JSONValue, for subscription: CompiledSubscription,
    at now: DateTime
  ) {
    let showsChanges = subscription.subscription.notification.showChanges ?? false
    let changes = change.attributes.filter(\.isDifferent)
    guard let after = change.after else {
      stored = Self.deletion(
        of: change, told: Self.toldDeletions(changes, for: subscription, showsChanges),
        showsChanges, at: now)
      return
    }
    guard showsChanges || changes.contains(where: { $0.after == nil }) else {
      stored = document
      return
    }
    stored = Self.update(of: after, changes, showsChanges, at: now)
  }

  // MARK: Deleted Entities

  /// Of a deleted Entity its Attributes are told if the subscription waits for their deletion or
  /// asks for changes; otherwise its identity says it all.
  private static func toldDeletions(
    _ changes: [AttributeChange], for subscription: CompiledSubscription, _ showsChanges: Bool
  ) -> [AttributeChange] {
    if showsChanges { return changes }
    guard subscription.triggers.contains(.attributeDeleted) else { return [] }
    return changes.filter {
      subscription.watched.isEmpty || subscription.watched.contains($0.name)
    }
  }

  private static func deletion(
    of change: EntityChange, told changes: [AttributeChange], _ showsChanges: Bool,
    at now: DateTime
  ) -> JSONValue {
    guard let before = change.before else { preconditionFailure("A change of nothing") }
    let entity = Entity(
      id: before.id, types: before.types, createdAt: before.createdAt, modifiedAt: now,
      attributes: deletedAttributes(changes, of: nil, showsChanges, at: now))
    return ReportedEntity(entity, deletedAt: now).stored
  }

  // MARK: Entities that remain

  private static func update(
    of entity: Entity, _ changes: [AttributeChange], _ showsChanges: Bool, at now: DateTime
  ) -> JSONValue {
    var entity = entity
    if showsChanges {
      for change in changes { entity.showPrevious(of: change) }
    }
    for deleted in deletedAttributes(changes, of: entity, showsChanges, at: now) {
      if let index = entity.attributes.firstIndex(where: { $0.name == deleted.name }) {
        entity.attributes[index].instances += deleted.instances
      } else {
        entity.attributes.append(deleted)
      }
    }
    return entity.stored()
  }

  /// The deleted instances; of an Attribute that lost all of several, one stands for them, the
  /// default one if there was one (deleteAll).
  private static func deletedAttributes(
    _ changes: [AttributeChange], of entity: Entity?, _ showsChanges: Bool, at now: DateTime
  ) -> [Attribute] {
    var attributes: [Attribute] = []
    for change in changes {
      guard change.after == nil, let before = change.before else { continue }
      var instance = before.deleted(at: now)
      if showsChanges { instance = instance.showing(previous: before) }
      if let index = attributes.firstIndex(where: { $0.name == change.name }) {
        attributes[index].instances.append(instance)
      } else {
        attributes.append(Attribute(name: change.name, instances: [instance]))
      }
    }
    for index in attributes.indices where attributes[index].instances.count > 1 {
      let name = attributes[index].name
      guard entity?.attributes.contains(where: { $0.name == name }) != true else { continue }
      let instances = attributes[index].instances
      var one = instances.first { $0.datasetId == nil } ?? instances[0]
      one.datasetId = nil
      attributes[index].instances = [one]
    }
    return attributes
  }
}

extension Entity {
  fileprivate mutating func showPrevious(of change: AttributeChange) {
    guard let before = change.before, change.after != nil,
      let index = attributes.firstIndex(where: { $0.name == change.name }),
      let place = attributes[index].instances.firstIndex(where: {
        $0.datasetId == change.datasetId
      })
    else { return }
    let instance = attributes[index].instances[place]
    attributes[index].instances[place] = instance.showing(previous: before)
  }
}
