import JSON
import JSONLD

extension AttributeInstance {
  /// Whether `expiresAt` has come, so that the instance counts as absent (4.22).
  package func isExpired(at now: DateTime) -> Bool { expiresAt.map { $0 <= now } ?? false }

  package var expiresAt: DateTime? { self[.expiresAt].flatMap { DateTime($0) } }

  fileprivate func hasExpired(at now: DateTime) -> Bool {
    isExpired(at: now)
      || subAttributes.contains { $0.instances.contains { $0.hasExpired(at: now) } }
  }
}

extension Entity {
  /// When it, or the first of anything in it, expires; nil if nothing does.
  package var firstExpiry: DateTime? {
    earlier(expiresAt?.instant, attributes.firstExpiry)
  }

  /// Whether anything in it has expired.
  func hasExpired(at now: DateTime) -> Bool {
    attributes.contains { $0.instances.contains { $0.hasExpired(at: now) } }
  }

  /// Removes what has expired; returns the instances of Attributes among it.
  @discardableResult
  mutating func removeExpired(at now: DateTime) -> [AttributeChange] {
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
  fileprivate var firstExpiry: DateTime? {
    var first: DateTime?
    for attribute in self {
      for instance in attribute.instances {
        let ofInstance = earlier(instance.expiresAt, instance.subAttributes.firstExpiry)
        first = earlier(first, ofInstance)
      }
    }
    return first
  }

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

private func earlier(_ one: DateTime?, _ other: DateTime?) -> DateTime? {
  guard let one, let other else { return one ?? other }
  return min(one, other)
}
