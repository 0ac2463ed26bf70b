package import JSON
package import JSONLD

/// Reads the body of a provision operation: normalized, concise or a mixture (GS CIM 009, 4.5).
///
/// Checks everything that can be checked without the stored Entity, so that a bad body is refused
/// before anything is locked.
package struct FragmentParser {
  let context: Context
  let rules: FragmentRules
  /// Whether the object at hand is a whole body, in which an `@context` may stand.
  var isBody = false

  package init(context: Context, rules: FragmentRules) {
    self.context = context
    self.rules = rules
  }

  /// An Entity or Entity Fragment. An `@context` member is skipped: the caller has resolved it.
  ///
  /// - Throws: `badRequestData` naming the member at fault.
  package func entity(_ body: JSONValue) throws(NGSILDError) -> EntityFragment {
    guard body.isObject else {
      throw NGSILDError(.invalidRequest, "The body is no JSON object; an Entity is expected")
    }
    var fragment = EntityFragment(types: [], scope: .absent, expiresAt: .absent, attributes: [])
    var seen: Set<CoreMember> = []
    for (name, value) in body.members {
      guard let member = coreMember(name) else {
        try add(attribute: name, value, to: &fragment)
        continue
      }
      guard seen.insert(member).inserted else {
        throw .badRequestData("The Entity has two members that both mean '\(member.term)'")
      }
      try read(member, value, into: &fragment)
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
    case .scope: fragment.scope = try scope(value)
    case .expiresAt:
      fragment.expiresAt = try deletable(value, named: "expiresAt") { value throws(NGSILDError) in
        try dateTime(value, named: "expiresAt")
      }
    case _ where member.isSystemGenerated && value.isString: break
    default:
      throw .badRequestData(
        "'\(member.term)' is a term of the core @context that cannot name an Attribute")
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
  func types(_ value: JSONValue) throws(NGSILDError) -> [IRI] {
    var types: [IRI] = []
    for element in value.isArray ? Array(value.elements) : [value] {
      guard let name = element.string, !name.isEmpty else {
        throw .badRequestData(
          "The Entity type \(element.rawText) is no name; a non-empty string is expected")
      }
      let type = try expandedName(name, as: "The Entity type")
      if !types.contains(type) { types.append(type) }
    }
    guard !types.isEmpty else {
      throw .badRequestData("The Entity type is an empty array; at least one type is expected")
    }
    return types
  }

  private func scope(_ value: JSONValue) throws(NGSILDError) -> FragmentValue<[String]> {
    try deletable(value, named: "scope") { value throws(NGSILDError) in
      var scopes: [String] = []
      for element in value.isArray ? Array(value.elements) : [value] {
        guard let scope = element.string else {
          throw .badRequestData("The scope \(element.rawText) is no string")
        }
        try requireScope(scope)
        if !scopes.contains(scope) { scopes.append(scope) }
      }
      return scopes
    }
  }

  // MARK: Names

  /// The core member that `name` means by term or by IRI; nil for an Attribute's name.
  func coreMember(_ name: JSONValue) -> CoreMember? {
    if let member = CoreMember(spelt: name) { return member }
    guard let text = name.string, text.utf8.contains(UInt8(ascii: ":")) else { return nil }
    return CoreMember(context.expand(text))
  }

  func expandedName(_ name: String, as role: String) throws(NGSILDError) -> IRI {
    try requireName(name, as: role)
    let iri = context.expand(name)
    guard CoreMember(iri) == nil, !iri.text.hasPrefix("@"),
      iri.text.utf8.contains(UInt8(ascii: ":"))
    else {
      throw .badRequestData("\(role) '\(name)' is a term that the core @context reserves")
    }
    return iri
  }

  private func add(
    attribute name: JSONValue, _ value: JSONValue, to fragment: inout EntityFragment
  ) throws(NGSILDError) {
    let text = name.string ?? ""
    let iri = try expandedName(text, as: "The Attribute name")
    guard !fragment.attributes.contains(where: { $0.name == iri }) else {
      throw .badRequestData("The Entity has two members that both mean the Attribute '\(iri)'")
    }
    let instances = try attribute(value, named: text, iri: iri)
    fragment.attributes.append(.init(name: iri, instances: instances))
  }

  // MARK: Scalars

  func dateTime(_ value: JSONValue, named name: String) throws(NGSILDError) -> DateTimeText {
    guard let text = value.string else {
      throw .badRequestData(
        "'\(name)' is \(value.rawText); a DateTime such as 2026-01-31T12:00:00Z is expected")
    }
    return try DateTimeText(parsing: text, of: name)
  }

  private func deletable<Value>(
    _ value: JSONValue, named name: String,
    _ parse: (JSONValue) throws(NGSILDError) -> Value
  ) throws(NGSILDError) -> FragmentValue<Value> {
    guard value.isNGSILDNull else { return .value(try parse(value)) }
    guard rules.allowsDeletion else { throw misplacedNull(in: name) }
    return .deletion
  }

  func misplacedNull(in name: String) -> NGSILDError {
    .badRequestData("'\(name)' is the NGSI-LD Null, which this operation does not accept there")
  }
}
