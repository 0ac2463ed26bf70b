import JSONLD
package import NGSILD

/// An Entity that is put together from what this broker and Context Sources hold of it.
///
/// The order in which versions are added decides between equals; add this broker's first, then
/// those of sources in the order of their registrations' ids, so that the result does not depend
/// on which source was faster.
///
/// Standard: GS CIM 009, 4.5.5.2 and 4.5.5.3.
package struct EntityMerge: Sendable {
  private var versions: [Entity] = []
  private var auxiliary: [Entity] = []
  private let now: DateTime

  package init(at now: DateTime) { self.now = now }

  /// Adds what one source holds; a version that has expired counts as none.
  package mutating func add(_ version: Entity, isAuxiliary: Bool = false) {
    guard !version.isExpired(at: now) else { return }
    if isAuxiliary { auxiliary.append(version) } else { versions.append(version) }
  }

  /// nil if no source holds anything.
  package var result: Entity? {
    let all = Self.sharingExpiry(versions + auxiliary)
    guard var merged = all.first else { return nil }
    for version in all.dropFirst() { merged.absorbMembers(of: version) }
    var attributes = MergedAttributes(at: now)
    for version in all.prefix(versions.count) {
      for attribute in version.attributes { attributes.add(attribute) }
    }
    let supplements = MergedAttributes(all.dropFirst(versions.count), at: now)
    for attribute in supplements.all { attributes.supplement(attribute) }
    merged.attributes = attributes.all
    return merged
  }

  /// Where some version of an Entity never expires, the others' `expiresAt` holds for their
  /// Attributes only.
  private static func sharingExpiry(_ versions: [Entity]) -> [Entity] {
    guard versions.contains(where: { $0.expiresAt == nil }) else { return versions }
    return versions.map { version in
      guard let expiresAt = version.expiresAt else { return version }
      var version = version
      version.expiresAt = nil
      for place in version.attributes.indices {
        version.attributes[place].expire(notAfter: expiresAt)
      }
      return version
    }
  }
}

extension Entity {
  /// Choice: the merged Entity is as old as its oldest version and was modified with the last one.
  fileprivate mutating func absorbMembers(of other: Entity) {
    for type in other.types where !types.contains(type) { types.append(type) }
    for scope in other.scopes where !scopes.contains(exactly: scope) { scopes.append(scope) }
    if let expiresAt, let others = other.expiresAt, others.instant > expiresAt.instant {
      self.expiresAt = others
    }
    if createdAt == .earliest || (other.createdAt < createdAt && other.createdAt != .earliest) {
      createdAt = other.createdAt
    }
    modifiedAt = max(modifiedAt, other.modifiedAt)
  }
}

extension Attribute {
  fileprivate mutating func expire(notAfter expiresAt: DateTimeText) {
    for place in instances.indices { instances[place].expire(notAfter: expiresAt) }
  }
}

/// Attributes of several versions of one Entity: of each dataset the instance that counts.
private struct MergedAttributes {
  private(set) var all: [Attribute] = []
  private var places: [IRI: Int] = [:]
  private let now: DateTime

  init(_ versions: some Sequence<Entity> = [], at now: DateTime) {
    self.now = now
    for version in versions {
      for attribute in version.attributes { add(attribute) }
    }
  }

  mutating func add(_ attribute: Attribute) {
    let instances = attribute.instances.filter { !$0.isExpired(at: now) }
    guard !instances.isEmpty else { return }
    guard let place = places[attribute.name] else {
      places[attribute.name] = all.count
      return all.append(Attribute(name: attribute.name, instances: instances))
    }
    for instance in instances { all[place].add(instance) }
  }

  /// Adds an Attribute of an auxiliary source, which counts only where nobody else has it.
  mutating func supplement(_ attribute: Attribute) {
    if places[attribute.name] == nil { add(attribute) }
  }
}

extension Attribute {
  fileprivate mutating func add(_ instance: AttributeInstance) {
    guard let place = instances.firstIndex(where: { $0.datasetId == instance.datasetId }) else {
      if instance.datasetId == nil {
        instances.insert(instance, at: 0)
      } else {
        instances.append(instance)
      }
      return
    }
    if instance.isMoreRecent(than: instances[place]) { instances[place] = instance }
  }
}

extension AttributeInstance {
  /// By `observedAt`; Choice: an instance that was observed beats one that was not. Else by
  /// `modifiedAt`.
  fileprivate func isMoreRecent(than other: AttributeInstance) -> Bool {
    switch (observedAt, other.observedAt) {
    case (let own?, let others?) where own != others: own > others
    case (.some, nil): true
    case (nil, .some): false
    default: modifiedAt > other.modifiedAt
    }
  }

  private var observedAt: DateTime? { self[.observedAt].flatMap { DateTime($0) } }
}
