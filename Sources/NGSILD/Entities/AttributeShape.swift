import JSON
import JSONLD

/// What an object that stands for an Attribute is, as far as its members tell.
///
/// Standard: GS CIM 009, 4.5.2.3, and its like for the other types.
enum AttributeShape {
  /// An instance that names its type.
  case normalized(AttributeType)
  /// An instance whose type follows from its one value member.
  case concise(AttributeType)
  /// The value itself.
  case value(AttributeType)
  /// Members that only an Attribute has, but no value.
  case members
  /// Anything else: a compound value, or a fragment with sub-Attributes alone.
  case other
  case typedOtherwise(JSONValue)
  /// Two members of which one is expected.
  case ambiguous(CoreMember, CoreMember)
}

extension ExpandedNames {
  mutating func coreMember(_ name: JSONValue) -> CoreMember? { CoreMember(member(name)) }

  /// The Attribute type that `name` means; nil for anything else.
  mutating func attributeType(_ name: JSONValue) -> AttributeType? {
    guard name.isString, case .coreTerm(let term) = member(name) else { return nil }
    return AttributeType(term)
  }

  mutating func shape(of object: JSONValue) -> AttributeShape {
    var type: JSONValue?
    var found: (member: CoreMember, value: JSONValue)?
    var hasReservedMember = false
    var isTypedValue = false
    for (key, value) in object.members {
      let meaning = member(key)
      guard let member = CoreMember(meaning) else {
        isTypedValue = isTypedValue || meaning == .keyword("@value")
        hasReservedMember = hasReservedMember || meaning == .coreTerm(.ngsildproof)
        continue
      }
      if member == .type {
        guard type == nil else { return .ambiguous(.type, .type) }
        // Members that do not suit the type are found when they are read.
        if let type = attributeType(value) { return .normalized(type) }
        type = value
      } else if member.attributeType != nil {
        if let found { return .ambiguous(found.member, member) }
        found = (member, value)
      } else {
        hasReservedMember = hasReservedMember || member.isReservedForAttributes
      }
    }
    if isTypedValue && found == nil { return .value(.property) }
    if let type {
      return found == nil && Geometry.isGeometry(object)
        ? .value(.geoProperty) : .typedOtherwise(type)
    }
    if let found, let type = found.member.attributeType {
      return .concise(type == .property && Geometry.isGeometry(found.value) ? .geoProperty : type)
    }
    return hasReservedMember ? .members : .other
  }

  /// Whether an array's element is an Attribute instance, and not part of a value.
  mutating func isInstance(_ element: JSONValue) -> Bool {
    guard element.isObject else { return false }
    switch shape(of: element) {
    case .normalized, .concise: return true
    default:
      for (key, _) in element.members where coreMember(key) == .datasetId { return true }
      return false
    }
  }

  /// Whether all elements of an array are instances of one Attribute.
  mutating func areInstances(_ array: JSONValue) -> Bool {
    guard array.isArray, array.count > 0 else { return false }
    for element in array.elements where !isInstance(element) { return false }
    return true
  }
}
