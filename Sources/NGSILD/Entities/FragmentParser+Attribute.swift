package import JSON
import JSONLD

extension FragmentParser {
  /// The body of an operation on one Attribute (Attribute Fragment, 5.4).
  ///
  /// Choice: `{"name": {…}}` with the path's Attribute as its only member is unwrapped, since
  /// deployed clients send it.
  package func attributeFragment(
    _ body: JSONValue, named name: String
  ) throws(NGSILDError) -> AttributeFragment {
    guard body.isObject else {
      throw NGSILDError(
        .invalidRequest, "The body is no JSON object; an Attribute Fragment is expected")
    }
    let iri = try expandedName(name, as: "The Attribute name")
    let members = body.members.filter { coreMember($0.name) != .context }
    if let only = members.first, members.count == 1, coreMember(only.name) == nil,
      let text = only.name.string, context.expand(text) == iri, only.value.isObject
    {
      return try instance(only.value, named: name, iri: iri)
    }
    guard !members.isEmpty else {
      throw .badRequestData("The Attribute Fragment is empty; at least one member is expected")
    }
    var parser = self
    parser.isBody = true
    return try parser.instance(body, named: name, iri: iri)
  }

  /// The instances of an Attribute that a member of an Entity or Attribute gives.
  func attribute(
    _ value: JSONValue, named name: String, iri: IRI
  ) throws(NGSILDError) -> [AttributeFragment] {
    guard value.isArray, value.count > 0, value.elements.allSatisfy(isInstance) else {
      return [try instance(value, named: name, iri: iri)]
    }
    var instances: [AttributeFragment] = []
    for element in value.elements {
      let instance = try instance(element, named: name, iri: iri)
      guard !instances.contains(where: { $0.datasetId == instance.datasetId }) else {
        let dataset = instance.datasetId.map { "the datasetId '\($0)'" } ?? "no datasetId"
        throw .badRequestData("The Attribute '\(name)' has two instances with \(dataset)")
      }
      instances.append(instance)
    }
    return instances
  }

  /// Whether an array's element is an Attribute instance and not part of a value (4.5.2.3).
  private func isInstance(_ element: JSONValue) -> Bool {
    guard element.isObject else { return false }
    var valueMembers = 0
    for (name, value) in element.members {
      switch coreMember(name) {
      case .type?:
        if let text = value.string, AttributeType(text) != nil { return true }
      case .datasetId?: return true
      case let member?: if member.attributeType != nil { valueMembers += 1 }
      case nil: break
      }
    }
    return valueMembers == 1
  }

  // MARK: One instance

  private func instance(
    _ value: JSONValue, named name: String, iri: IRI
  ) throws(NGSILDError) -> AttributeFragment {
    guard value.isObject else { return try bareValue(value, named: name, iri: iri) }
    let shape = try Shape(of: value, named: name, in: self)
    switch shape.meaning {
    case .value(let type): return try concise(value, as: type, named: name, iri: iri)
    case .instance(let type): return try normalized(value, as: type, named: name, iri: iri)
    }
  }

  /// A scalar or array in place of an object: the value of a Property, or a deletion.
  private func bareValue(
    _ value: JSONValue, named name: String, iri: IRI
  ) throws(NGSILDError) -> AttributeFragment {
    if value.isNGSILDNull {
      guard rules.allowsDeletion else { throw misplacedNull(in: name) }
      return AttributeFragment(value: .deletion, members: [], subAttributes: [])
    }
    return try concise(value, as: .property, named: name, iri: iri)
  }

  private func concise(
    _ value: JSONValue, as type: AttributeType, named name: String, iri: IRI
  ) throws(NGSILDError) -> AttributeFragment {
    try requireGeoProperty(type, ifReserved: iri)
    let checked = try self.value(value, of: type, named: name)
    return AttributeFragment(type: type, value: .value(checked), members: [], subAttributes: [])
  }

  private func normalized(
    _ object: JSONValue, as type: AttributeType?, named name: String, iri: IRI
  ) throws(NGSILDError) -> AttributeFragment {
    if let type { try requireGeoProperty(type, ifReserved: iri) }
    var fragment = AttributeFragment(type: type, value: .absent, members: [], subAttributes: [])
    for (key, value) in object.members {
      if let member = coreMember(key) {
        try read(member, value, into: &fragment, named: name, iri: iri)
      } else {
        try add(subAttribute: key, value, to: &fragment)
      }
    }
    guard !rules.needsValue || !fragment.value.isAbsent else {
      let member = (type ?? .property).valueMember.term
      throw .badRequestData("The Attribute '\(name)' has no '\(member)'")
    }
    return fragment
  }

  private func read(
    _ member: CoreMember, _ value: JSONValue, into fragment: inout AttributeFragment,
    named name: String, iri: IRI
  ) throws(NGSILDError) {
    if let type = fragment.type, member == type.valueMember {
      fragment.value = try deletableValue(value, of: type, named: name)
      return
    }
    switch member {
    case .type: break
    case .context where isBody: break
    case .datasetId: fragment.datasetId = try datasetId(value)
    case .observedAt, .expiresAt, .unitCode, .valueType, .objectType, .entityIdSealed,
      .entityTypeSealed:
      let checked = try self.member(member, value, of: fragment.type, named: name, iri: iri)
      fragment.members.append(.init(name: member, value: checked))
    case _ where member.isSystemGenerated && value.isString: break
    default:
      throw .badRequestData("The Attribute '\(name)' cannot have the member '\(member.term)'")
    }
  }

  private func add(
    subAttribute key: JSONValue, _ value: JSONValue, to fragment: inout AttributeFragment
  ) throws(NGSILDError) {
    let text = key.string ?? ""
    let iri = try expandedName(text, as: "The sub-Attribute name")
    guard !fragment.subAttributes.contains(where: { $0.name == iri }) else {
      throw .badRequestData("An Attribute has two members that both mean '\(iri)'")
    }
    // A sub-Attribute is complete even in a fragment, unless a Null deletes it (4.5.2.3).
    let nested = FragmentParser(context: context, rules: rules == .complete ? .complete : .update)
    let parser = rules == .merge ? self : nested
    let instances = try parser.attribute(value, named: text, iri: iri)
    fragment.subAttributes.append(.init(name: iri, instances: instances))
  }

  private func datasetId(_ value: JSONValue) throws(NGSILDError) -> String? {
    guard let text = value.string, !value.isNGSILDNull else {
      throw .badRequestData("The datasetId \(value.rawText) is not a URI")
    }
    if text == "@none" { return nil }
    try requireURI(text, as: "The datasetId")
    return text
  }

  private func requireGeoProperty(
    _ type: AttributeType, ifReserved iri: IRI
  ) throws(NGSILDError) {
    guard type != .geoProperty, Self.geoPropertyNames.contains(iri) else { return }
    throw .badRequestData("'\(iri)' is reserved for a GeoProperty; it is given as a \(type.term)")
  }

  private static let geoPropertyNames = Set(
    ["location", "observationSpace", "operationSpace"].map { IRI(CoreMember.namespace + $0) })

  private func deletableValue(
    _ value: JSONValue, of type: AttributeType, named name: String
  ) throws(NGSILDError) -> FragmentValue<JSONValue> {
    guard isNull(value, of: type) else {
      return .value(try self.value(value, of: type, named: name))
    }
    guard rules.allowsDeletion else { throw misplacedNull(in: name) }
    return .deletion
  }

  /// The NGSI-LD Null in the form that a type's value member has for it (4.5.0).
  private func isNull(_ value: JSONValue, of type: AttributeType) -> Bool {
    if value.isNGSILDNull { return true }
    switch type {
    case .languageProperty:
      return value.count == 1 && value["@none"]?.isNGSILDNull == true
    case .listProperty, .listRelationship:
      return value.count == 1 && value.elements.allSatisfy(\.isNGSILDNull)
    default: return false
    }
  }
}

/// What an object that stands for an Attribute means (4.5.2.3, and its like for the other types).
private struct Shape {
  enum Meaning {
    /// The object is itself the value.
    case value(AttributeType)
    /// The object is an instance; without a type it is a fragment of the stored one.
    case instance(AttributeType?)
  }

  let meaning: Meaning

  init(
    of object: JSONValue, named name: String, in parser: FragmentParser
  ) throws(NGSILDError) {
    var type: JSONValue?
    var valueMembers: [(CoreMember, JSONValue)] = []
    var hasReservedMember = false
    var hasKeyword = false
    for (key, value) in object.members {
      guard let member = parser.coreMember(key) else {
        hasKeyword = hasKeyword || key.isString("@value")
        continue
      }
      if member == .type { type = value }
      if member.attributeType != nil {
        valueMembers.append((member, value))
      } else if member != .type && member != .context {
        hasReservedMember = true
      }
    }
    guard valueMembers.count < 2 else {
      let names = valueMembers.map { "'\($0.0.term)'" }.joined(separator: " and ")
      throw .badRequestData("The Attribute '\(name)' has \(names); one of them is expected")
    }
    if hasKeyword {
      meaning = .value(.property)
    } else if let type {
      meaning = try Self.meaning(
        of: object, typed: type, hasValueMember: !valueMembers.isEmpty, named: name, in: parser)
    } else if let (member, value) = valueMembers.first {
      let isGeometry = member == .value && Geometry.isGeometry(value)
      meaning = .instance(isGeometry ? .geoProperty : member.attributeType)
    } else if hasReservedMember || !parser.rules.needsValue {
      meaning = .instance(nil)
    } else {
      meaning = .value(.property)
    }
  }

  private static func meaning(
    of object: JSONValue, typed type: JSONValue, hasValueMember: Bool, named name: String,
    in parser: FragmentParser
  ) throws(NGSILDError) -> Meaning {
    guard let text = type.string else {
      throw .badRequestData("The type \(type.rawText) of the Attribute '\(name)' is no string")
    }
    if let known = AttributeType(text) ?? AttributeType(parser.context.expand(text).text) {
      return .instance(known)
    }
    if !hasValueMember && Geometry.isGeometry(object) { return .value(.geoProperty) }
    throw .badRequestData(
      "The Attribute '\(name)' has the type '\(text)'; an Attribute type such as Property is "
        + "expected")
  }
}
