package import JSON
import JSONLD

extension FragmentParser {
  /// The body of an operation on one Attribute (Attribute Fragment, 5.4).
  ///
  /// Choice: `{"name": {…}}` with the path's Attribute as its only member is unwrapped, since
  /// deployed clients send it.
  package func attributeFragment(
    _ body: JSONValue, named text: String
  ) throws(NGSILDError) -> AttributeFragment {
    guard body.isObject else {
      throw .badRequestData("The body is no JSON object; an Attribute Fragment is expected")
    }
    var parser = self
    let key = rewritten { $0.string(text) }
    let name = try attributeName(key, meaning: parser.names.member(key))
    let body = parser.withoutContext(body)
    guard let only = body.members.first(where: { _ in true }) else {
      throw .badRequestData("The Attribute Fragment is empty; at least one member is expected")
    }
    if body.count == 1, only.value.isObject, parser.names.member(only.name).iri == name.iri {
      return try parser.instance(only.value, named: name)
    }
    guard rules != .complete || !parser.namesSeveralAttributes(body) else {
      throw .badRequestData("The body has several Attributes; only '\(name)' is expected")
    }
    return try parser.instance(body, named: name)
  }

  private mutating func withoutContext(_ body: JSONValue) -> JSONValue {
    guard body["@context"] != nil else { return body }
    return rewritten { writer in
      writer.beginObject()
      for (name, value) in body.members where !name.isString("@context") {
        name.withContents { writer.name(contents: $0) }
        writer.value(value)
      }
      writer.endObject()
    }
  }

  private mutating func namesSeveralAttributes(_ body: JSONValue) -> Bool {
    guard body.count > 1, case .other = names.shape(of: body) else { return false }
    for (_, value) in body.members where !names.isInstance(value) { return false }
    return true
  }

  /// The instances of an Attribute that a member of an Entity or Attribute gives.
  mutating func attribute(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> [AttributeFragment] {
    if rules == .simplifiedMerge { return try simplified(value, named: name) }
    guard names.areInstances(value) else { return [try instance(value, named: name)] }
    try requireCount(value.count, of: "instances", named: name)
    var instances: [AttributeFragment] = []
    var datasets = SeenKeys<String?>()
    for element in value.elements {
      let instance = try instance(element, named: name)
      guard datasets.insert(instance.datasetId) else {
        let dataset = instance.datasetId.map { "the datasetId '\($0)'" } ?? "no datasetId"
        throw .badRequestData("The Attribute '\(name)' has two instances with \(dataset)")
      }
      instances.append(instance)
    }
    return instances
  }

  // MARK: One instance

  mutating func instance(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    guard value.isObject else { return try bareValue(value, named: name) }
    switch names.shape(of: value) {
    case .normalized(let type): return try members(of: value, as: type, named: name)
    case .concise(let type):
      var fragment = try members(of: value, as: type, named: name)
      fragment.isTypeInferred = true
      return fragment
    case .value(let type): return try complete(value, as: type, named: name)
    case .members where needsValue:
      throw .badRequestData("The Attribute '\(name)' has no value, such as in 'value' or 'object'")
    case .other where needsValue: return try complete(value, as: .property, named: name)
    case .members, .other:
      var fragment = try members(of: value, as: nil, named: name)
      if rules == .merge { fragment.unread = UnreadAttribute(.members, value, name, context) }
      return fragment
    case .typedOtherwise(let type):
      throw .badRequestData(
        "The Attribute '\(name)' has the type \(type.rawText); an Attribute type such as Property "
          + "is expected")
    case .ambiguous(let one, let other):
      throw .badRequestData(
        "The Attribute '\(name)' has '\(one.term)' and '\(other.term)'; one of them is expected")
    }
  }

  /// A scalar or array in place of an object: the value of a Property, or a deletion.
  private func bareValue(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    guard value.isNGSILDNull else { return try complete(value, as: .property, named: name) }
    guard rules.allowsDeletion else { throw misplacedNull(in: "\(name)") }
    return AttributeFragment(value: .deletion)
  }

  /// An Attribute of which only the value is given.
  func complete(
    _ value: JSONValue, as type: AttributeType, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    try requireSuitable(type, named: name)
    let checked = try self.value(value, of: type, named: name)
    return AttributeFragment(type: type, isTypeInferred: true, value: .value(checked))
  }

  private mutating func members(
    of object: JSONValue, as type: AttributeType?, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    if let type { try requireSuitable(type, named: name) }
    try requireCount(object.count, of: "members", named: name)
    var fragment = AttributeFragment(type: type)
    var seenMembers = CoreMemberSet()
    var seenNames = SeenKeys<IRI>()
    for (key, value) in object.members {
      let meaning = names.member(key)
      guard let member = CoreMember(meaning) else {
        let name = try attributeName(key, meaning: meaning)
        guard seenNames.insert(name.iri) else {
          throw .badRequestData("An Attribute has two members that both mean '\(name)'")
        }
        try add(subAttribute: name, value, to: &fragment)
        continue
      }
      guard seenMembers.insert(member) else {
        throw .badRequestData("The Attribute '\(name)' has two members that mean '\(member.term)'")
      }
      try read(member, value, into: &fragment, named: name)
    }
    guard !needsValue || !fragment.value.isAbsent else {
      let member = (type ?? .property).valueMember.term
      throw .badRequestData("The Attribute '\(name)' has no '\(member)'")
    }
    return fragment
  }

  private func read(
    _ member: CoreMember, _ value: JSONValue, into fragment: inout AttributeFragment,
    named name: AttributeName
  ) throws(NGSILDError) {
    if let type = fragment.type, member == type.valueMember {
      fragment.value = try deletableValue(value, of: type, named: name)
      return
    }
    switch member {
    case .type: break
    case .datasetId: fragment.datasetId = try datasetId(value)
    case .observedAt, .expiresAt, .unitCode, .valueType, .objectType, .entityIdSealed,
      .entityTypeSealed:
      let checked = try self.member(member, value, of: fragment.type, named: name)
      fragment.members.append(.init(name: member, value: checked))
    case _ where member.isSystemGenerated && value.isString: break
    default:
      throw .badRequestData("The Attribute '\(name)' cannot have the member '\(member.term)'")
    }
  }

  private mutating func add(
    subAttribute name: AttributeName, _ value: JSONValue, to fragment: inout AttributeFragment
  ) throws(NGSILDError) {
    let wasNested = isNested
    isNested = true
    fragment.subAttributes.append(
      .init(name: name.iri, instances: try attribute(value, named: name)))
    isNested = wasNested
  }

  /// Bounds what is searched step by step when a fragment is applied.
  private static let countMax = 1000

  private func requireCount(
    _ count: Int, of what: StaticString, named name: AttributeName
  ) throws(NGSILDError) {
    guard count <= Self.countMax else {
      throw .badRequestData(
        "The Attribute '\(name)' has \(count) \(what); at most \(Self.countMax) are expected")
    }
  }

  private func datasetId(_ value: JSONValue) throws(NGSILDError) -> String? {
    guard let text = value.string, !value.isNGSILDNull else {
      throw .badRequestData("The datasetId \(value.rawText) is not a URI")
    }
    return try datasetId(text)
  }

  /// nil for the default instance, which `@none` stands for (4.5.5.1).
  func datasetId(_ text: String) throws(NGSILDError) -> String? {
    if text == "@none" { return nil }
    try requireURI(text, as: "The datasetId")
    return text
  }

  /// Some names of the Core may name one type of Attribute only (4.7.1, 4.5.2.2).
  private func requireSuitable(
    _ type: AttributeType, named name: AttributeName
  ) throws(NGSILDError) {
    let expected: AttributeType
    switch name.coreTerm {
    case .location?, .observationSpace?, .operationSpace?: expected = .geoProperty
    case .ngsildproof?: expected = .property
    default: return
    }
    guard type != expected else { return }
    throw .badRequestData(
      "'\(name)' is reserved for a \(expected.term); it is given as a \(type.term)")
  }

  private func deletableValue(
    _ value: JSONValue, of type: AttributeType, named name: AttributeName
  ) throws(NGSILDError) -> FragmentValue<JSONValue> {
    guard value.isNGSILDNull(of: type) else {
      return .value(try self.value(value, of: type, named: name))
    }
    guard rules.allowsDeletion else { throw misplacedNull(in: "\(name)") }
    return .deletion
  }
}

extension JSONValue {
  /// Whether it is the NGSI-LD Null in the form that a type's value member has for it (4.5.0).
  fileprivate func isNGSILDNull(of type: AttributeType) -> Bool {
    if isNGSILDNull { return true }
    switch type {
    case .languageProperty: return count == 1 && self["@none"]?.isNGSILDNull == true
    case .listProperty, .listRelationship:
      return isArray && count == 1 && elements.allSatisfy(\.isNGSILDNull)
    default: return false
    }
  }
}
