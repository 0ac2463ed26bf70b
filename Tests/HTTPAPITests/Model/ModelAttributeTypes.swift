/// The NGSI-LD Null (4.5.0).
let ngsiLDNull: PlainJSON = "urn:ngsi-ld:null"

/// Why the model refuses an operation.
enum ModelRefusal: Error, Hashable {
  case badRequestData
  case resourceNotFound
  case alreadyExists
  /// The standard does not say what happens; such a step is not tried.
  case undefined

  var status: Int {
    switch self {
    case .badRequestData: 400
    case .resourceNotFound: 404
    case .alreadyExists: 409
    case .undefined: 0
    }
  }
}

/// The standard's table of Attribute types (information model, 4.5 and 5.2.5 to 5.2.7).
enum AttributeTypes {
  static let valueMembers = [
    "Property": "value", "GeoProperty": "value", "LanguageProperty": "languageMap",
    "VocabProperty": "vocab", "ListProperty": "valueList", "JsonProperty": "json",
    "Relationship": "object", "ListRelationship": "objectList",
  ]

  /// Members of an Attribute that are no Attributes themselves.
  static let nonReified = [
    "datasetId", "observedAt", "expiresAt", "unitCode", "valueType", "objectType",
  ]

  static func isRelationship(_ type: String) -> Bool { type.hasSuffix("Relationship") }

  static func isGeometry(_ value: PlainJSON) -> Bool {
    guard let type = value["type"]?.string, let coordinates = value["coordinates"] else {
      return false
    }
    switch type {
    case "Point": return isPosition(coordinates)
    case "LineString":
      return coordinates.array.map { $0.count > 1 && $0.allSatisfy(isPosition) } ?? false
    default: return false
    }
  }

  private static func isPosition(_ value: PlainJSON) -> Bool {
    guard let array = value.array, array.count == 2 else { return false }
    return array.allSatisfy { if case .number = $0 { true } else { false } }
  }

  static func isURI(_ value: PlainJSON) -> Bool {
    guard let text = value.string else { return false }
    return text.contains(":") && !text.contains(" ")
  }

  /// The generator makes up no other DateTimes.
  static func isDateTime(_ value: PlainJSON) -> Bool {
    value.string.map { $0.hasSuffix("T00:00:00Z") && !$0.contains("-13-") } ?? false
  }

  /// Checks a non-reified member of an Attribute of a type.
  static func check(_ member: String, _ value: PlainJSON, of type: String) throws(ModelRefusal) {
    let isFine =
      switch member {
      case "datasetId": value != ngsiLDNull && isURI(value) || value == "@none"
      case "observedAt", "expiresAt": isDateTime(value)
      case "unitCode": value.string != nil && ["Property", "ListProperty"].contains(type)
      case "valueType":
        value.string != nil && !isRelationship(type)
          && (type != "LanguageProperty" || value == "langString")
      case "objectType": value.elements.allSatisfy { $0.string != nil } && isRelationship(type)
      default: false
      }
    guard isFine else { throw .badRequestData }
  }

  /// The value as it is stored.
  ///
  /// - Parameter mayHoldNulls: in a merge, where they delete members of objects.
  static func value(
    _ value: PlainJSON, of type: String, mayHoldNulls: Bool
  ) throws(ModelRefusal) -> PlainJSON {
    if type == "JsonProperty" {
      guard value.object != nil || value.array != nil else { throw .badRequestData }
      return value
    }
    try checkNulls(value, mayHoldNulls: mayHoldNulls)
    let isFine =
      switch type {
      case "GeoProperty": isGeometry(value)
      case "LanguageProperty":
        value.object?.values.allSatisfy { $0.elements.allSatisfy { $0.string != nil } } ?? false
      case "VocabProperty": value.elements.allSatisfy { $0.string != nil }
      case "ListProperty": value.array != nil
      case "Relationship": value.elements.allSatisfy(isURI)
      case "ListRelationship": value.array?.allSatisfy { isURI($0["object"] ?? $0) } ?? false
      default: true
      }
    guard isFine else { throw .badRequestData }
    guard type == "Property" || !isOpen(value) else { throw .undefined }
    guard type == "ListRelationship" else { return value }
    return .array(value.elements.map { ["object": $0["object"] ?? $0] })
  }

  /// An empty object or array, or an array that may be shown as its one element: nothing is said
  /// of the first two, and both are right for the third.
  private static func isOpen(_ value: PlainJSON) -> Bool {
    switch value {
    case .object(let members): members.isEmpty || members.values.contains(where: isOpen)
    case .array(let elements): elements.isEmpty || elements.count == 1 && elements[0].string != nil
    default: false
    }
  }

  /// JSON's null is nowhere legal, the NGSI-LD Null at most as a member of an object.
  private static func checkNulls(
    _ value: PlainJSON, mayHoldNulls: Bool
  ) throws(ModelRefusal) {
    guard value != .null, value != ngsiLDNull else { throw .badRequestData }
    // Arrays are replaced, so that nothing could be deleted in them.
    for element in value.array ?? [] { try checkNulls(element, mayHoldNulls: false) }
    for member in value.object?.values.map({ $0 }) ?? [] where !mayHoldNulls || member != ngsiLDNull
    {
      try checkNulls(member, mayHoldNulls: mayHoldNulls)
    }
  }

  /// Whether it is the Null in the form that a type's value member has for it.
  static func isNull(_ value: PlainJSON, of type: String) -> Bool {
    switch type {
    case "LanguageProperty": value == ["@none": ngsiLDNull]
    case "ListProperty", "ListRelationship": value == ngsiLDNull || value == [ngsiLDNull]
    default: value == ngsiLDNull
    }
  }
}
