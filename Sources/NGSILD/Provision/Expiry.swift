import JSON
import JSONLD

extension AttributeInstance {
  /// Whether `expiresAt` has come, so that the instance counts as absent (4.22).
  package func isExpired(at now: DateTime) -> Bool {
    guard let expiresAt = self[.expiresAt], let instant = DateTime(expiresAt) else { return false }
    return instant <= now
  }

  fileprivate func hasExpired(at now: DateTime) -> Bool {
    isExpired(at: now)
      || subAttributes.contains { $0.instances.contains { $0.hasExpired(at: now) } }
  }
}

extension Entity {
  /// Removes what has expired; returns the instances of Attributes among it.
  mutating func removeExpired(at now: DateTime) -> [AttributeChange] {
    let hasExpired = attributes.contains { $0.instances.contains { $0.hasExpired(at: now) } }
    guard hasExpired else { return [] }
    var removed: [AttributeChange] = []
    for attribute in attributes {
      for instance in attribute.instances where instance.isExpired(at: now) {
        removed.append(AttributeChange(name: attribute.name, before: instance, after: nil))
      }
    }
    attributes.removeExpired(at: now)
    return removed
  }

  /// All Attribute instances, as deleted.
  var deletions: [AttributeChange] {
    attributes.flatMap { attribute in
      attribute.instances.map { AttributeChange(name: attribute.name, before: $0, after: nil) }
    }
  }
}

extension [Attribute] {
  fileprivate mutating func removeExpired(at now: DateTime) {
    for index in indices {
      self[index].instances.removeAll { $0.isExpired(at: now) }
      for place in self[index].instances.indices {
        self[index].instances[place].subAttributes.removeExpired(at: now)
      }
    }
    removeAll(where: \.instances.isEmpty)
  }
}
