/// What an operation's body says of one Attribute instance.
struct ModelFragment {
  /// nil if neither `type` nor a value member tells.
  var type: String?
  var isTypeGiven = false
  var value: PlainJSON?
  /// It deletes the instance.
  var isNull = false
  var datasetId = "@none"
  /// Non-reified members; Nulls delete.
  var members: [String: PlainJSON] = [:]
  var attributes: [String: [ModelFragment]] = [:]
  /// In a merge, an object without value member: what it is depends on what is stored.
  var bareObject: PlainJSON?
}

/// What an operation's body says of an Entity.
struct ModelEntityFragment {
  var types: Set<String> = []
  /// The Null deletes.
  var scope: PlainJSON?
  var expiresAt: PlainJSON?
  var attributes: [String: [ModelFragment]] = [:]

  var isEmpty: Bool {
    types.isEmpty && scope == nil && expiresAt == nil && attributes.isEmpty
  }
}

/// Reads bodies by the rules of type inference (information model, 3.4) and of Nulls (6).
struct FragmentReader {
  enum Rules {
    /// Create, replace, append, upsert, and batch create and update: no Null anywhere.
    case complete
    /// Update Attributes: Nulls delete instances.
    case update
    /// Partial Attribute Update: Nulls delete an instance or a member of it.
    case partial
    /// Merge: Nulls delete at any depth.
    case merge
  }

  let rules: Rules
  /// Within an Attribute: a sub-Attribute is read as in a create (3.4).
  var isNested = false

  // MARK: Entities

  func entity(_ body: PlainJSON) throws(ModelRefusal) -> ModelEntityFragment {
    var fragment = ModelEntityFragment()
    for (name, value) in body.object ?? [:] {
      switch name {
      case "id", "createdAt", "modifiedAt": break
      case "type":
        guard value.elements.allSatisfy({ $0.string != nil && $0 != ngsiLDNull }) else {
          throw .badRequestData
        }
        guard value != [] else { throw .badRequestData }
        fragment.types = Set(value.elements.compactMap(\.string))
      case "scope": fragment.scope = try scope(value)
      case "expiresAt": fragment.expiresAt = try expiresAt(value)
      default: fragment.attributes[name] = try attribute(value, named: name)
      }
    }
    return fragment
  }

  private func scope(_ value: PlainJSON) throws(ModelRefusal) -> PlainJSON {
    if value == ngsiLDNull {
      guard rules != .complete else { throw .badRequestData }
      return value
    }
    guard value != [] else { throw .undefined }
    for element in value.elements {
      guard let text = element.string, text.split(separator: "/").allSatisfy({ $0.first!.isLetter })
      else { throw .badRequestData }
    }
    return value
  }

  private func expiresAt(_ value: PlainJSON) throws(ModelRefusal) -> PlainJSON {
    guard value == ngsiLDNull else {
      guard AttributeTypes.isDateTime(value) else { throw .badRequestData }
      return value
    }
    switch rules {
    case .complete: throw .badRequestData
    case .update, .partial: throw .undefined
    case .merge: return value
    }
  }

  // MARK: Attributes

  /// An Attribute's instances: several in an array of them, else one.
  func attribute(_ value: PlainJSON, named name: String) throws(ModelRefusal) -> [ModelFragment] {
    guard let elements = value.array, !elements.isEmpty, elements.allSatisfy(isInstance) else {
      return [try instance(value, named: name)]
    }
    var instances: [ModelFragment] = []
    for element in elements { instances.append(try instance(element, named: name)) }
    guard Set(instances.map(\.datasetId)).count == instances.count else { throw .badRequestData }
    return instances
  }

  private func isInstance(_ value: PlainJSON) -> Bool {
    guard let members = value.object else { return false }
    return AttributeTypes.valueMembers[members["type"]?.string ?? ""] != nil
      || members["datasetId"] != nil || valueMembers(of: members).count == 1
  }

  private func valueMembers(of members: [String: PlainJSON]) -> Set<String> {
    Set(AttributeTypes.valueMembers.values).intersection(members.keys)
  }

  func instance(_ json: PlainJSON, named name: String) throws(ModelRefusal) -> ModelFragment {
    guard let members = json.object else { return try scalarOrArray(json, named: name) }
    let valueMembers = valueMembers(of: members)
    guard valueMembers.count < 2 else { throw .badRequestData }
    if let given = members["type"] {
      if let type = given.string, let valueMember = AttributeTypes.valueMembers[type] {
        guard valueMembers.isSubset(of: [valueMember]) else { throw .badRequestData }
        return try self.members(members, as: type, isTypeGiven: true, named: name)
      }
      guard valueMembers.isEmpty, AttributeTypes.isGeometry(json) else { throw .badRequestData }
      return try value(json, of: "GeoProperty", named: name)
    }
    if let valueMember = valueMembers.first {
      let type = inferredType(of: valueMember, members[valueMember] ?? .null)
      return try self.members(members, as: type, isTypeGiven: false, named: name)
    }
    if isNested || rules == .complete || rules == .update {
      return try completeObject(json, named: name)
    }
    if rules == .merge { return ModelFragment(datasetId: datasetId(json), bareObject: json) }
    return try self.members(members, as: nil, isTypeGiven: false, named: name)
  }

  private func inferredType(of valueMember: String, _ value: PlainJSON) -> String {
    guard valueMember == "value" else {
      return AttributeTypes.valueMembers.first { $0.value == valueMember }!.key
    }
    return AttributeTypes.isGeometry(value) ? "GeoProperty" : "Property"
  }

  private func datasetId(_ json: PlainJSON) -> String { json["datasetId"]?.string ?? "@none" }

  private func scalarOrArray(_ json: PlainJSON, named name: String) throws(ModelRefusal)
    -> ModelFragment
  {
    guard json == ngsiLDNull else { return try value(json, of: "Property", named: name) }
    try requireNullAllowed()
    return ModelFragment(isNull: true)
  }

  private func requireNullAllowed() throws(ModelRefusal) {
    guard rules != .complete else { throw .badRequestData }
    // 5.6.2 says nothing of Nulls in sub-Attributes.
    guard rules != .update || !isNested else { throw .undefined }
  }

  /// An object without `type` and value member, where Attributes are complete: a value, unless a
  /// member shows that it is an Attribute which lacks its value.
  func completeObject(_ json: PlainJSON, named name: String) throws(ModelRefusal) -> ModelFragment {
    guard AttributeTypes.nonReified.allSatisfy({ json[$0] == nil }) else { throw .badRequestData }
    return try value(json, of: "Property", named: name)
  }

  private func value(
    _ json: PlainJSON, of type: String, named name: String
  ) throws(ModelRefusal) -> ModelFragment {
    try requireSuitable(type, named: name)
    let value = try AttributeTypes.value(json, of: type, mayHoldNulls: rules == .merge)
    return ModelFragment(type: type, value: value)
  }

  /// `location` is a GeoProperty (4.7.1).
  private func requireSuitable(_ type: String, named name: String) throws(ModelRefusal) {
    guard name != "location" || type == "GeoProperty" else { throw .badRequestData }
  }

  // MARK: Members of Attributes

  /// - Parameter type: nil if only what is stored tells.
  func members(
    _ members: [String: PlainJSON], as type: String?, isTypeGiven: Bool, named name: String
  ) throws(ModelRefusal) -> ModelFragment {
    var fragment = ModelFragment(type: type, isTypeGiven: isTypeGiven)
    if let type { try requireSuitable(type, named: name) }
    for (member, value) in members {
      switch member {
      case "type", "createdAt", "modifiedAt": break
      case _ where AttributeTypes.nonReified.contains(member):
        fragment.members[member] = try nonReified(member, value, of: type)
      case _ where type.map { AttributeTypes.valueMembers[$0] == member } ?? false:
        try read(value, into: &fragment)
      default: fragment.attributes[member] = try subAttribute(value, named: member)
      }
    }
    if let datasetId = fragment.members.removeValue(forKey: "datasetId")?.string {
      fragment.datasetId = datasetId
    }
    let mayLackValue = !isNested && (rules == .partial || rules == .merge)
    guard mayLackValue || fragment.value != nil || fragment.isNull else { throw .badRequestData }
    return fragment
  }

  private func read(_ value: PlainJSON, into fragment: inout ModelFragment) throws(ModelRefusal) {
    let type = fragment.type ?? ""
    if AttributeTypes.isNull(value, of: type) {
      try requireNullAllowed()
      fragment.isNull = true
    } else {
      fragment.value = try AttributeTypes.value(value, of: type, mayHoldNulls: rules == .merge)
    }
  }

  private func nonReified(
    _ member: String, _ value: PlainJSON, of type: String?
  ) throws(ModelRefusal) -> PlainJSON {
    if value == ngsiLDNull && member != "datasetId" {
      switch rules {
      case .complete: throw .badRequestData
      case .update: throw .undefined
      case .partial where isNested: throw .undefined
      case .partial, .merge: return value
      }
    }
    // Without a type, any that could have the member will do for now.
    let type = type ?? (member == "objectType" ? "Relationship" : "Property")
    try AttributeTypes.check(member, value, of: type)
    return value
  }

  private func subAttribute(
    _ value: PlainJSON, named name: String
  ) throws(ModelRefusal) -> [ModelFragment] {
    var nested = self
    nested.isNested = true
    return try nested.attribute(value, named: name)
  }
}
