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
  mutating func member(_ name: JSONView) -> Member {
    guard !name.hasEscapes else { return member(name.value) }
    return withEntry(bytes: name.contents) { member, _ in member }
  }

  /// What an object's key means as a core member; a term is told without a look-up, since no
  /// context redefines it.
  private mutating func coreMember(_ name: JSONView) -> CoreMember? {
    CoreMember(stored: name.contents) ?? CoreMember(member(name))
  }

  /// The Attribute type that `name` means; nil for anything else.
  private mutating func attributeType(_ name: JSONView) -> AttributeType? {
    if let type = AttributeType(stored: name) { return type }
    guard name.isString, case .coreTerm(let term) = member(name) else { return nil }
    return AttributeType(term)
  }

  mutating func shape(of object: JSONView) -> AttributeShape {
    var type: JSONView?
    var found: (member: CoreMember, value: JSONView)?
    var ambiguous: AttributeShape?
    var hasReservedMember = false
    var isTypedValue = false
    for (key, value) in object.members {
      guard let member = coreMember(key) else {
        let meaning = self.member(key)
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
        if let found { ambiguous = ambiguous ?? .ambiguous(found.member, member) }
        found = (member, value)
      } else {
        hasReservedMember = hasReservedMember || member.isReservedForAttributes
      }
    }
    if let ambiguous { return ambiguous }
    if isTypedValue && found == nil { return .value(.property) }
    if let type {
      return found == nil && Geometry.isGeometry(object.value)
        ? .value(.geoProperty) : .typedOtherwise(type.value)
    }
    if let found, let type = found.member.attributeType {
      let isGeometry = type == .property && Geometry.isGeometry(found.value.value)
      return .concise(isGeometry ? .geoProperty : type)
    }
    return hasReservedMember ? .members : .other
  }

  /// Whether an array's element is an Attribute instance, and not part of a value.
  mutating func isInstance(_ element: JSONView) -> Bool {
    guard element.isObject else { return false }
    return switch shape(of: element) {
    case .normalized, .concise: true
    case .typedOtherwise: has(element) { $0 == .datasetId || $0.attributeType != nil }
    default: has(element) { $0 == .datasetId }
    }
  }

  private mutating func has(_ object: JSONView, _ isWanted: (CoreMember) -> Bool) -> Bool {
    for (key, _) in object.members {
      if let member = coreMember(key), isWanted(member) { return true }
    }
    return false
  }

  /// Whether all elements of an array are instances of one Attribute.
  mutating func areInstances(_ array: JSONView) -> Bool {
    guard array.isArray, array.count > 0 else { return false }
    for element in array.elements where !isInstance(element) { return false }
    return true
  }
}
