import JSON
import JSONLD

extension FragmentParser {
  /// Checks the value of an Attribute and brings it into the form in which it is kept.
  func value(
    _ value: JSONValue, of type: AttributeType, named name: String
  ) throws(NGSILDError) -> JSONValue {
    guard !value.isNull else {
      throw .badRequestData("The Attribute '\(name)' has the value null, which NGSI-LD forbids")
    }
    switch type {
    case .property, .listProperty: return try plain(value, of: type, named: name)
    case .geoProperty: return try geometry(value, named: name)
    case .languageProperty: return try languageMap(value, named: name)
    case .vocabProperty: return try vocab(value, named: name)
    case .jsonProperty: return try json(value, named: name)
    case .relationship: return try object(value, named: name)
    case .listRelationship: return try objectList(value, named: name)
    }
  }

  // MARK: Values

  private func plain(
    _ value: JSONValue, of type: AttributeType, named name: String
  ) throws(NGSILDError) -> JSONValue {
    guard type == .property || value.isArray else {
      throw .badRequestData("The valueList of '\(name)' is no array")
    }
    if value.mentionsNull { try requireNoNull(in: value, named: name) }
    return value
  }

  private func geometry(_ value: JSONValue, named name: String) throws(NGSILDError) -> JSONValue {
    guard let text = value.string else {
      _ = try Geometry(value)
      return value
    }
    guard let parsed = try? JSONValue(parsing: text) else {
      throw .badRequestData("The value of the GeoProperty '\(name)' is no GeoJSON geometry")
    }
    _ = try Geometry(parsed)
    return parsed
  }

  private func languageMap(
    _ value: JSONValue, named name: String
  ) throws(NGSILDError) -> JSONValue {
    guard value.isObject, value.count > 0 else {
      throw .badRequestData("The languageMap of '\(name)' is no object of languages and texts")
    }
    for (tag, text) in value.members {
      let isText =
        text.isArray ? text.count > 0 && text.elements.allSatisfy(\.isString) : text.isString
      guard isText, tag.string?.isEmpty == false else {
        throw .badRequestData(
          "The languageMap of '\(name)' has \(tag.rawText): \(text.rawText); a language tag with "
            + "a string or an array of strings is expected")
      }
      guard rules == .merge || !text.isNGSILDNull else { throw misplacedNull(in: name) }
    }
    return value
  }

  private func json(_ value: JSONValue, named name: String) throws(NGSILDError) -> JSONValue {
    guard value.isObject || value.isArray else {
      throw .badRequestData("The json of '\(name)' is neither an object nor an array")
    }
    return value
  }

  private func object(_ value: JSONValue, named name: String) throws(NGSILDError) -> JSONValue {
    if value.isArray && value.count > 0 {
      for element in value.elements { _ = try target(element, named: name) }
    } else {
      _ = try target(value, named: name)
    }
    return value
  }

  private func objectList(
    _ value: JSONValue, named name: String
  ) throws(NGSILDError) -> JSONValue {
    guard value.isArray else {
      throw .badRequestData("The objectList of '\(name)' is no array")
    }
    var targets: [String] = []
    for element in value.elements {
      targets.append(
        try target(element.isObject ? element["object"] ?? element : element, named: name))
    }
    return rewritten { writer in
      writer.beginArray()
      for target in targets {
        writer.beginObject()
        writer.name("object")
        writer.string(target)
        writer.endObject()
      }
      writer.endArray()
    }
  }

  private func target(_ value: JSONValue, named name: String) throws(NGSILDError) -> String {
    guard let text = value.string, isURI(text), !value.isNGSILDNull else {
      throw .badRequestData("The Relationship '\(name)' has the object \(value.rawText), no URI")
    }
    return text
  }

  private func vocab(_ value: JSONValue, named name: String) throws(NGSILDError) -> JSONValue {
    guard
      value.isString || value.isArray && value.count > 0 && value.elements.allSatisfy(\.isString)
    else {
      throw .badRequestData("The vocab of '\(name)' is neither a string nor an array of strings")
    }
    return expandedStrings(value)
  }

  /// A string or an array of strings with each one expanded like a type name.
  private func expandedStrings(_ value: JSONValue) -> JSONValue {
    rewritten { writer in
      guard value.isArray else {
        writer.string(context.expand(value.string ?? "").text)
        return
      }
      writer.beginArray()
      for element in value.elements { writer.string(context.expand(element.string ?? "").text) }
      writer.endArray()
    }
  }

  // MARK: Other members

  func member(
    _ member: CoreMember, _ value: JSONValue, of type: AttributeType?, named name: String,
    iri: IRI
  ) throws(NGSILDError) -> JSONValue {
    if value.isNGSILDNull {
      guard rules.allowsMemberDeletion else { throw misplacedNull(in: "\(member.term)") }
      return value
    }
    switch member {
    case .observedAt, .expiresAt:
      _ = try dateTime(value, named: "\(member.term)")
      return value
    case .unitCode:
      try require(value.isString && type?.hasUnitCode ?? true, member, value, of: type, named: name)
      return value
    case .valueType:
      let isAllowed = type.map { !$0.isRelationship } ?? true
      try require(value.isString && isAllowed, member, value, of: type, named: name)
      let expanded = expandedStrings(value)
      if type == .languageProperty {
        let isLangString = expanded.isString(
          "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString")
        try require(isLangString, member, value, of: type, named: name)
      }
      return expanded
    case .objectType:
      let isAllowed = type?.isRelationship ?? true
      let isText = value.isString || value.isArray && value.elements.allSatisfy(\.isString)
      try require(isText && isAllowed, member, value, of: type, named: name)
      return expandedStrings(value)
    default:
      let isProof = iri == IRI(CoreMember.namespace + "ngsildproof")
      try require(value.isString && isProof, member, value, of: type, named: name)
      return member == .entityTypeSealed ? expandedStrings(value) : value
    }
  }

  private func require(
    _ condition: Bool, _ member: CoreMember, _ value: JSONValue, of type: AttributeType?,
    named name: String
  ) throws(NGSILDError) {
    guard !condition else { return }
    let kind = type.map { "the \($0.term)" } ?? "the Attribute"
    throw .badRequestData("\(kind) '\(name)' cannot have '\(member.term)' with \(value.rawText)")
  }

  // MARK: Nulls

  /// JSON-LD drops a JSON null silently and the NGSI-LD Null deletes: neither may hide in a value.
  private func requireNoNull(in value: JSONValue, named name: String) throws(NGSILDError) {
    if value["@type"]?.isString("@json") == true { return }
    switch value.kind {
    case .null:
      throw .badRequestData("The value of '\(name)' holds null, which NGSI-LD forbids")
    case .string:
      guard value.isNGSILDNull else { return }
      throw misplacedNull(in: name)
    case .object:
      for (_, member) in value.members where rules != .merge || !member.isNGSILDNull {
        try requireNoNull(in: member, named: name)
      }
    case .array:
      for element in value.elements { try requireNoNull(in: element, named: name) }
    default: break
    }
  }
}

extension JSONValue {
  /// Whether the letters `null` stand anywhere in the value: a cheap test that spares a walk.
  fileprivate var mentionsNull: Bool {
    withRaw { bytes in
      guard bytes.count >= 4 else { return false }
      var position = 0
      while position + 4 <= bytes.count {
        if bytes[position] == UInt8(ascii: "n"), bytes[position + 1] == UInt8(ascii: "u"),
          bytes[position + 2] == UInt8(ascii: "l"), bytes[position + 3] == UInt8(ascii: "l")
        {
          return true
        }
        position += 1
      }
      return hasEscapesAnywhere(bytes)
    }
  }

  /// An escape could spell the NGSI-LD Null.
  private func hasEscapesAnywhere(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.contains(UInt8(ascii: "\\"))
  }
}

/// A value made by the broker itself.
func rewritten(_ write: (inout JSONWriter) -> Void) -> JSONValue {
  var writer = JSONWriter()
  write(&writer)
  guard let value = try? JSONValue(parsing: writer.bytes) else {
    preconditionFailure("The writer yields valid JSON: \(writer.text)")
  }
  return value
}
