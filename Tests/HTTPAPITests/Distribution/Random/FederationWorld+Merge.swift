/// What a broker would hold that holds everything: the rules of merging (GS CIM 009, 4.5.5), once
/// more and as plainly as possible.
extension FederationWorld {
  /// One part of an Entity that counts, and how late it was written.
  private struct Part {
    var entity: PlainJSON
    let written: Int
    let isAuxiliary: Bool
  }

  var mergedEntities: [PlainJSON] {
    let ids = Set(versions.compactMap { $0.entity.id }).sorted()
    return ids.compactMap { id in
      let parts = versions.indices.flatMap { index in
        versions[index].entity.id == id ? self.parts(of: index) : []
      }
      return parts.isEmpty ? nil : Self.merged(parts)
    }
  }

  /// Whether all instances have values; what has none need not be one, and merges as something
  /// else.
  var hasValues: Bool {
    versions.map(\.entity).allSatisfy { entity in
      entity.attributeNames.allSatisfy { name in
        (entity[name]?.elements ?? []).allSatisfy { $0["value"] != nil }
      }
    }
  }

  // MARK: Who has a part

  private func parts(of index: Int) -> [Part] {
    let version = versions[index]
    guard version.holder != 0 else {
      return ownPart(version.entity).map {
        [Part(entity: $0, written: index, isAuxiliary: false)]
      } ?? []
    }
    return registrations.filter { $0.source == version.holder }.flatMap { registration in
      registration.body["information"]?.elements.compactMap { info in
        guard info.covers(version.entity), let part = info.registered(of: version.entity) else {
          return nil
        }
        return Part(
          entity: part, written: index,
          isAuxiliary: registration.body["mode"]?.string == "auxiliary")
      } ?? []
    }
  }

  /// What proxied registrations leave to the hub; nil for nothing.
  private func ownPart(_ entity: PlainJSON) -> PlainJSON? {
    var members = entity.object ?? [:]
    for registration in registrations {
      guard ["exclusive", "redirect"].contains(registration.body["mode"]?.string) else { continue }
      for info in registration.body["information"]?.elements ?? [] where info.covers(entity) {
        guard let names = info.registeredNames else { return nil }
        for name in names { members[name] = nil }
      }
    }
    return .object(members)
  }

  // MARK: What counts of the parts

  private static func merged(_ parts: [Part]) -> PlainJSON {
    let all = sharingExpiry(parts)
    var result: [String: PlainJSON] = [
      "id": all[0].entity["id"] ?? .null, "type": all[0].entity["type"] ?? .null,
    ]
    let scopes = Set(all.flatMap { $0.entity["scope"]?.elements ?? [] })
    if !scopes.isEmpty { result["scope"] = .array(scopes.sorted { "\($0)" < "\($1)" }) }
    result["expiresAt"] = all.compactMap { $0.entity["expiresAt"]?.string }.max()
      .map { .string($0) }
    for name in Set(all.flatMap(\.entity.attributeNames)) {
      let holders = all.filter { $0.entity[name] != nil }
      let main = holders.filter { !$0.isAuxiliary }
      result[name] = mergedAttribute(
        (main.isEmpty ? holders : main).flatMap { part in
          (part.entity[name]?.elements ?? []).map { ($0, part.written) }
        })
    }
    return .object(result)
  }

  private static func mergedAttribute(_ instances: [(instance: PlainJSON, written: Int)])
    -> PlainJSON
  {
    let byDataset = Dictionary(grouping: instances) { $0.instance["datasetId"]?.string ?? "" }
    let latest = byDataset.sorted { $0.key < $1.key }.compactMap { _, instances in
      instances.max { one, other in
        (one.instance.observedAt, one.written) < (other.instance.observedAt, other.written)
      }?.instance
    }
    return latest.count == 1 ? latest[0] : .array(latest)
  }

  /// An Entity's `expiresAt` that not all parts have is that of the part's Attributes.
  private static func sharingExpiry(_ parts: [Part]) -> [Part] {
    guard parts.contains(where: { $0.entity["expiresAt"] == nil }) else { return parts }
    return parts.map { part in
      guard let expiry = part.entity["expiresAt"]?.string, var members = part.entity.object
      else { return part }
      members["expiresAt"] = nil
      for name in part.entity.attributeNames {
        let instances = (members[name]?.elements ?? []).map { $0.expiring(notAfter: expiry) }
        members[name] = instances.count == 1 ? instances[0] : .array(instances)
      }
      var copy = part
      copy.entity = .object(members)
      return copy
    }
  }
}

// MARK: Entities and registrations as JSON

extension PlainJSON {
  var id: String? { self["id"]?.string }

  /// Of an Entity.
  fileprivate var attributeNames: [String] {
    (object ?? [:]).keys.filter { !["id", "type", "scope", "expiresAt"].contains($0) }
  }

  /// The Attributes of a RegistrationInfo; nil for all.
  fileprivate var registeredNames: [String]? {
    self["propertyNames"]?.elements.compactMap(\.string)
  }

  /// Whether a RegistrationInfo is about an Entity.
  fileprivate func covers(_ entity: PlainJSON) -> Bool {
    self["entities"]?.elements.contains { info in
      guard info["type"] == nil || info["type"] == entity["type"] else { return false }
      if let id = info["id"] { return id == entity["id"] }
      // The patterns of the test are lists of last characters, `[12]$`.
      guard let pattern = info["idPattern"]?.string, let last = entity.id?.last else { return true }
      return pattern.contains(last)
    } ?? true
  }

  /// What a RegistrationInfo says of an Entity that it covers; nil for nothing.
  fileprivate func registered(of entity: PlainJSON) -> PlainJSON? {
    guard let names = registeredNames else { return entity }
    let own = entity.attributeNames
    guard own.contains(where: names.contains) else { return nil }
    return .object(
      (entity.object ?? [:]).filter { !own.contains($0.key) || names.contains($0.key) })
  }

  /// No observation comes before all others.
  fileprivate var observedAt: String { self["observedAt"]?.string ?? "" }

  fileprivate func expiring(notAfter expiry: String) -> PlainJSON {
    var members = object ?? [:]
    let own = members["expiresAt"]?.string
    members["expiresAt"] = .string(own.map { min($0, expiry) } ?? expiry)
    return .object(members)
  }
}
