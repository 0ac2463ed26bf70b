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
    isNested = false
    let key = rewritten { $0.string(text) }
    let name = try attributeName(key, meaning: names.member(key))
    let body = withoutContext(body)
    guard let only = body.members.first(where: { _ in true }) else {
      throw .badRequestData("The Attribute Fragment is empty; at least one member is expected")
    }
    if body.count == 1, only.value.isObject, names.member(only.name).iri == name.iri {
      return try instance(only.value, named: name)
    }
    guard rules != .complete || !namesSeveralAttributes(body) else {
      throw .badRequestData("The body has several Attributes; only '\(name)' is expected")
    }
    return try instance(body, named: name)
  }

  private func withoutContext(_ body: JSONValue) -> JSONValue {
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

  private func namesSeveralAttributes(_ body: JSONValue) -> Bool {
    guard body.count > 1, case .other = shape(of: body) else { return false }
    return body.withView { body in
      for (_, value) in body.members where !names.isInstance(value) { return false }
      return true
    }
  }

  /// The instances of an Attribute that a member of an Entity or Attribute gives.
  func attribute(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> [AttributeFragment] {
    if rules == .simplifiedMerge { return try simplified(value, named: name) }
    guard value.isArray, value.withView({ names.areInstances($0) }) else {
      return [try instance(value, named: name)]
    }
    if rules.isOfHistory && !isNested {
      var instances: [AttributeFragment] = []
      for element in value.elements { instances.append(try instance(element, named: name)) }
      return instances
    }
    try requireCount(value.count, of: "instances", named: name)
    var instances: [AttributeFragment] = []
    var datasets = SeenKeys<IRI?>()
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

  private func shape(of value: JSONValue) -> AttributeShape {
    value.withView { names.shape(of: $0) }
  }

  // MARK: One instance

  func instance(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    guard value.isObject else { return try bareValue(value, named: name) }
    switch shape(of: value) {
    case .normalized(let type): return try members(of: value, as: type, named: name)
    case .concise(let type):
      var fragment = try members(of: value, as: type, named: name)
      fragment.isTypeInferred = true
      return fragment
    case .value(let type): return try complete(value, as: type, named: name)
    case .members where needsValue:
      throw .badRequestData("The Attribute '\(name)' has no value, such as in 'value' or 'object'")
    case .other where needsValue: return try complete(value, as: .property, named: name)
    case .other where rules == .merge:
      return AttributeFragment(unread: UnreadAttribute(.object, value, name, context))
    case .members, .other: return try members(of: value, as: nil, named: name)
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

  func members(
    of object: JSONValue, as type: AttributeType?, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    if let type { try requireSuitable(type, named: name) }
    try requireCount(object.count, of: "members", named: name)
    var fragment = AttributeFragment(type: type)
    try object.withView { object throws(NGSILDError) in
      try read(membersOf: object, into: &fragment, named: name)
    }
    guard !needsValue || !fragment.value.isAbsent else {
      let member = (type ?? .property).valueMember.term
      throw .badRequestData("The Attribute '\(name)' has no '\(member)'")
    }
    return fragment
  }

  private func read(
    membersOf object: JSONView, into fragment: inout AttributeFragment, named name: AttributeName
  ) throws(NGSILDError) {
    var seenMembers = CoreMemberSet()
    var seenNames = SeenKeys<IRI>()
    for (key, value) in object.members {
      if let member = CoreMember(stored: key.contents) {
        try read(member, value.value, into: &fragment, seen: &seenMembers, named: name)
        continue
      }
      let meaning = names.member(key)
      if let member = CoreMember(meaning) {
        try read(member, value.value, into: &fragment, seen: &seenMembers, named: name)
        continue
      }
      let subName = try attributeName(key.value, meaning: meaning)
      guard seenNames.insert(subName.iri) else {
        throw .badRequestData("The Attribute '\(name)' has two members that mean '\(subName)'")
      }
      try add(subAttribute: subName, value.value, to: &fragment)
    }
  }

  private func read(
    _ member: CoreMember, _ value: JSONValue, into fragment: inout AttributeFragment,
    seen: inout CoreMemberSet, named name: AttributeName
  ) throws(NGSILDError) {
    guard seen.insert(member) else {
      throw .badRequestData("The Attribute '\(name)' has two members that mean '\(member.term)'")
    }
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
    case _ where member.isSystemGenerated && value.isString:
      read(member, value, of: &fragment.given)
    case _ where rules == .notification && member == fragment.type?.previousValueMember:
      fragment.members.append(.init(name: member, value: try previous(value, fragment, name)))
    default:
      throw .badRequestData("The Attribute '\(name)' cannot have the member '\(member.term)'")
    }
  }

  private func previous(
    _ value: JSONValue, _ fragment: AttributeFragment, _ name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    try self.value(value, of: fragment.type ?? .property, named: name)
  }

  private func add(
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

  func requireCount(
    _ count: Int, of what: StaticString, named name: AttributeName
  ) throws(NGSILDError) {
    guard count <= Self.countMax else {
      throw .badRequestData(
        "The Attribute '\(name)' has \(count) \(what); at most \(Self.countMax) are expected")
    }
  }

  private func datasetId(_ value: JSONValue) throws(NGSILDError) -> IRI? {
    guard let text = value.string, !value.isNGSILDNull else {
      throw .badRequestData("The datasetId \(value.rawText) is not a URI")
    }
    return try datasetId(text)
  }

  /// nil for the default instance, which `@none` stands for (4.5.5.1).
  func datasetId(_ text: String) throws(NGSILDError) -> IRI? {
    if text == "@none" { return nil }
    try requireURI(text, as: "The datasetId")
    return IRI(text)
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
    // What is told of a deletion is the Null, in one form.
    if rules == .notification && !isNested { return .value(AttributeInstance.null(of: type)) }
    guard rules.allowsDeletion || rules.isOfHistory && !isNested else {
      throw misplacedNull(in: "\(name)")
    }
    return .deletion
  }
}

extension JSONValue {
  /// Whether it is the NGSI-LD Null in the form that a type's value member has for it (4.5.0).
  func isNGSILDNull(of type: AttributeType) -> Bool {
    if isNGSILDNull { return true }
    switch type {
    case .languageProperty: return count == 1 && self["@none"]?.isNGSILDNull == true
    case .listProperty, .listRelationship:
      return isArray && count == 1 && elements.allSatisfy(\.isNGSILDNull)
    default: return false
    }
  }
}
