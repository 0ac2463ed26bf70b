package import JSON
package import JSONLD

/// Reads the body of a provision operation: normalized, concise or a mixture (GS CIM 009, 4.5).
///
/// Checks everything that can be checked without the stored Entity, so that a bad body is refused
/// before anything is locked. A class, since it remembers names as it goes; for one task.
package final class FragmentParser {
  package let context: Context
  let rules: FragmentRules
  var names: ExpandedNames
  /// Within an Attribute: a sub-Attribute is complete even in a fragment (4.5.2.3).
  var isNested = false
  /// The scopes that were read by the rules `temporal` and `temporalAnswer`.
  private(set) var scopeHistory: [TemporalRecord.Scopes] = []

  package init(context: Context, rules: FragmentRules) {
    self.context = context
    self.rules = rules
    names = context.expandedNames
  }

  var needsValue: Bool { rules.needsValue || isNested }

  /// An Entity or Entity Fragment. An `@context` member is skipped: the caller has resolved it.
  ///
  /// - Throws: `badRequestData` naming the member at fault.
  package func entity(_ body: JSONValue) throws(NGSILDError) -> EntityFragment {
    isNested = false
    scopeHistory = []
    return try read(entity: body)
  }

  /// Which Entity it is; the rest is not looked at.
  ///
  /// - Throws: `badRequestData` or `invalidRequest` if it does not say.
  package func identity(of body: JSONValue) throws(NGSILDError) -> (id: String, types: [IRI]) {
    guard body.isObject else {
      throw NGSILDError(.invalidRequest, "\(body.rawText.prefix(100)) is no Entity")
    }
    var id: String?
    var types: [IRI] = []
    try body.withView { body throws(NGSILDError) in
      for (key, value) in body.members where id == nil || types.isEmpty {
        switch CoreMember(names.member(key)) {
        case .id?: id = try entityID(value.value)
        case .type?: types = try self.types(value.value)
        default: break
        }
      }
    }
    guard let id, !types.isEmpty else {
      throw .badRequestData("The Entity '\(id ?? "")' has no id or no type")
    }
    return (id, types)
  }

  private func read(entity body: JSONValue) throws(NGSILDError) -> EntityFragment {
    guard body.isObject else {
      throw NGSILDError(.invalidRequest, "The body is no JSON object; an Entity is expected")
    }
    var fragment = EntityFragment(types: [], scope: .absent, expiresAt: .absent, attributes: [])
    fragment.attributes.reserveCapacity(body.count)
    var seenMembers = CoreMemberSet()
    var seenNames = SeenKeys<IRI>()
    try body.withView { body throws(NGSILDError) in
      for (key, value) in body.members {
        let meaning = names.member(key)
        if let member = CoreMember(meaning) {
          guard seenMembers.insert(member) else {
            throw .badRequestData("The Entity has two members that both mean '\(member.term)'")
          }
          try read(member, value.value, into: &fragment)
          continue
        }
        let name = try attributeName(key.value, meaning: meaning)
        guard seenNames.insert(name.iri) else {
          throw .badRequestData(
            "The Entity has two members that both mean the Attribute '\(name)'")
        }
        let instances = try attribute(value.value, named: name)
        fragment.attributes.append(.init(name: name.iri, instances: instances))
      }
    }
    return fragment
  }

  private func read(
    _ member: CoreMember, _ value: JSONValue, into fragment: inout EntityFragment
  ) throws(NGSILDError) {
    switch member {
    case .context: break
    case .id: fragment.id = try entityID(value)
    case .type: fragment.types = try types(value)
    case .scope where rules.isOfHistory: scopeHistory = try scopeRecords(value)
    case .scope:
      fragment.scope =
        try isDeletion(value, of: member) ? .deletion : .value(scopes(value))
    case .expiresAt:
      fragment.expiresAt =
        try isDeletion(value, of: member) ? .deletion : .value(DateTimeText(value, of: member))
    case _ where member.isSystemGenerated && value.isString:
      read(member, value, of: &fragment.given)
    default:
      throw .badRequestData(
        "'\(member.term)' is a term of the core @context that cannot name an Attribute")
    }
  }

  func read(_ member: CoreMember, _ value: JSONValue, of given: inout GivenMembers) {
    guard rules.isOfAnswers else { return }
    switch member {
    case .createdAt: given.createdAt = DateTime(value)
    case .modifiedAt: given.modifiedAt = DateTime(value)
    case .deletedAt where DateTime(value) != nil: given.deletedAt = value
    case .instanceId: given.instanceId = value
    default: break
    }
  }

  // MARK: Members of Entities

  private func entityID(_ value: JSONValue) throws(NGSILDError) -> String {
    guard let id = value.string else {
      throw .badRequestData("The Entity id \(value.rawText) is no string; a URI is expected")
    }
    try requireEntityID(id)
    return id
  }

  /// One type or a non-empty array of types, without repetition.
  private func types(_ value: JSONValue) throws(NGSILDError) -> [IRI] {
    guard value.isArray else { return [try type(value)] }
    var types: [IRI] = []
    for element in value.elements {
      let type = try type(element)
      if !types.contains(type) { types.append(type) }
    }
    guard !types.isEmpty else {
      throw .badRequestData("The Entity type is an empty array; at least one type is expected")
    }
    return types
  }

  private func type(_ value: JSONValue) throws(NGSILDError) -> IRI {
    guard value.isString, !value.isNGSILDNull else {
      throw .badRequestData("The Entity type \(value.rawText) is no name; a name is expected")
    }
    return try expandedName(value, meaning: names.member(value), as: "The Entity type")
  }

  func scopes(_ value: JSONValue) throws(NGSILDError) -> [String] {
    var scopes: [String] = []
    for element in value.isArray ? Array(value.elements) : [value] {
      guard let scope = element.string else {
        throw .badRequestData("The scope \(element.rawText) is no string")
      }
      try requireScope(scope)
      if !scopes.contains(scope: scope) { scopes.append(scope) }
    }
    return scopes
  }

  // MARK: Names

  func attributeName(
    _ key: JSONValue, meaning: Member
  ) throws(NGSILDError) -> AttributeName {
    AttributeName(
      key: key, meaning: meaning,
      iri: try expandedName(key, meaning: meaning, as: "The Attribute name"))
  }

  private func expandedName(
    _ name: JSONValue, meaning: Member, as role: StaticString
  ) throws(NGSILDError) -> IRI {
    try requireName(name, as: role)
    switch meaning {
    case .name(let iri) where iri.text.utf8.contains(UInt8(ascii: ":")): return iri
    case .coreTerm(let term) where CoreMember(term) == nil: return term.iri
    default:
      throw .badRequestData(
        "\(role) '\(name.string ?? "")' is a word that the core @context reserves")
    }
  }

  // MARK: Nulls

  /// Whether `value` deletes a member of the Entity.
  private func isDeletion(_ value: JSONValue, of member: CoreMember) throws(NGSILDError) -> Bool {
    guard value.isNGSILDNull else { return false }
    guard rules.allowsDeletion else { throw misplacedNull(in: "\(member.term)") }
    return true
  }

  func misplacedNull(in name: String) -> NGSILDError {
    .badRequestData("'\(name)' is the NGSI-LD Null, which this operation does not accept there")
  }
}

/// An Attribute's name, as the client wrote it and as it is stored.
struct AttributeName: Sendable, CustomStringConvertible {
  let key: JSONValue
  let iri: IRI
  /// The word of the Core that it is, if it is one.
  let coreTerm: CoreTerm?

  init(key: JSONValue, meaning: Member, iri: IRI) {
    self.key = key
    self.iri = iri
    coreTerm = if case .coreTerm(let term) = meaning { term } else { nil }
  }

  var description: String { key.string ?? iri.text }
}

/// Keys that were seen: few are compared one by one, many are hashed.
struct SeenKeys<Key: Hashable> {
  private static var fewMax: Int { 16 }
  private var few: [Key] = []
  private var many: Set<Key> = []

  /// Whether `key` was not there before.
  mutating func insert(_ key: Key) -> Bool {
    guard many.isEmpty else { return many.insert(key).inserted }
    guard !few.contains(key) else { return false }
    if few.isEmpty { few.reserveCapacity(Self.fewMax / 2) }
    few.append(key)
    if few.count > Self.fewMax { many = Set(few) }
    return true
  }
}
