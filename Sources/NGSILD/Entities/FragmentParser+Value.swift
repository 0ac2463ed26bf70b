import JSON
import JSONLD

extension FragmentParser {
  /// Checks the value of an Attribute and brings it into the form in which it is kept.
  func value(
    _ value: JSONValue, of type: AttributeType, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    guard !value.isNull else {
      throw .badRequestData("The Attribute '\(name)' has the value null, which NGSI-LD forbids")
    }
    switch type {
    case .property where name.coreTerm == .ngsildproof: return try proof(value)
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
    _ value: JSONValue, of type: AttributeType, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    guard type == .property || value.isArray else {
      throw .badRequestData("The valueList of '\(name)' is no array")
    }
    try requirePlain(value, named: name)
    return value
  }

  /// A W3C Data Integrity proof, which is kept untouched (annex C.11).
  private func proof(_ value: JSONValue) throws(NGSILDError) -> JSONValue {
    guard value.isObject else {
      throw .badRequestData("The value of 'ngsildproof' is no object; a proof is expected")
    }
    return value
  }

  private func geometry(_ value: JSONValue, named name: AttributeName) throws(NGSILDError)
    -> JSONValue
  {
    var geometry = value
    if let text = value.string {
      guard let parsed = try? JSONValue(parsing: text) else {
        throw .badRequestData("The value of the GeoProperty '\(name)' is no GeoJSON geometry")
      }
      geometry = parsed
    }
    try Geometry.require(geometry)
    try requirePlain(geometry, named: name, mayDelete: false)
    return geometry
  }

  private func languageMap(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    guard value.isObject, value.count > 0 else {
      throw .badRequestData("The languageMap of '\(name)' is no object of languages and texts")
    }
    for (tag, text) in value.members {
      guard text.isText, isLanguage(tag.string ?? "") else {
        throw .badRequestData(
          "The languageMap of '\(name)' has \(tag.rawText): \(text.rawText); a language tag with "
            + "a string or an array of strings is expected")
      }
      let hasNull = text.isNGSILDNull || text.elements.contains(where: \.isNGSILDNull)
      guard !hasNull || rules.allowsDeletionInValues && text.isString else {
        throw misplacedNull(in: "\(name)")
      }
    }
    return value
  }

  private func json(_ value: JSONValue, named name: AttributeName) throws(NGSILDError) -> JSONValue
  {
    guard value.isObject || value.isArray else {
      throw .badRequestData("The json of '\(name)' is neither an object nor an array")
    }
    return value
  }

  private func object(_ value: JSONValue, named name: AttributeName) throws(NGSILDError)
    -> JSONValue
  {
    if value.isArray && value.count > 0 {
      for element in value.elements { _ = try target(element, named: name) }
    } else {
      _ = try target(value, named: name)
    }
    return value
  }

  private func objectList(
    _ value: JSONValue, named name: AttributeName
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

  private func target(_ value: JSONValue, named name: AttributeName) throws(NGSILDError) -> String {
    guard let text = value.string, isURI(text), !value.isNGSILDNull else {
      throw .badRequestData("The Relationship '\(name)' has the object \(value.rawText), no URI")
    }
    return text
  }

  private func vocab(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    guard value.isNameOrNames else {
      throw .badRequestData(
        "The vocab of '\(name)' is \(value.rawText); a string or an array of strings is expected")
    }
    return expandedNames(value)
  }

  /// A string or an array of strings with each one expanded like a type name.
  private func expandedNames(_ value: JSONValue) -> JSONValue {
    rewritten { writer in
      guard value.isArray else {
        names.withEntry(value) { _, contents in writer.string(contents: contents) }
        return
      }
      writer.beginArray()
      for element in value.elements {
        names.withEntry(element) { _, contents in writer.string(contents: contents) }
      }
      writer.endArray()
    }
  }

  // MARK: Other members

  func member(
    _ member: CoreMember, _ value: JSONValue, of type: AttributeType?, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    if value.isNGSILDNull {
      guard rules.allowsDeletion else { throw misplacedNull(in: "\(member.term)") }
      return value
    }
    let checked = try self.value(of: member, value, named: name)
    try type?.require(AttributeInstance.Member(name: member, value: checked), of: name.iri)
    return checked
  }

  private func value(
    of member: CoreMember, _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> JSONValue {
    switch member {
    case .observedAt, .expiresAt: return try dateTime(value, of: member)
    case .valueType where value.isNameOrNames && value.isString: return expandedNames(value)
    case .objectType where value.isNameOrNames: return expandedNames(value)
    case .unitCode where value.isString: return value
    case .entityIdSealed where value.isString && name.coreTerm == .ngsildproof: return value
    case .entityTypeSealed where value.isNameOrNames && value.isString:
      if name.coreTerm == .ngsildproof { return expandedNames(value) }
    default: break
    }
    throw .badRequestData(
      "The Attribute '\(name)' cannot have '\(member.term)' with \(value.rawText)")
  }

  /// A DateTime as it was given, which is echoed unchanged but for a comma (4.6.3).
  private func dateTime(
    _ value: JSONValue, of member: CoreMember
  ) throws(NGSILDError) -> JSONValue {
    guard DateTime(value) == nil || value.withRaw({ $0.contains(UInt8(ascii: ",")) }) else {
      return value
    }
    let text = try DateTimeText(value, of: member).text
    return rewritten { $0.string(text) }
  }

  // MARK: Nulls

  /// JSON-LD drops a JSON null silently, the NGSI-LD Null deletes, and an `@context` would change
  /// meanings: none of them may hide in a value (4.5.0, 4.5.1).
  private func requirePlain(_ value: JSONValue, named name: AttributeName) throws(NGSILDError) {
    try requirePlain(value, named: name, mayDelete: rules.allowsDeletionInValues)
  }

  /// - Parameter mayDelete: Whether a Null deletes a member of an object; within an array, which is
  ///   replaced as a whole, there is nothing to delete.
  private func requirePlain(
    _ value: JSONValue, named name: AttributeName, mayDelete: Bool
  ) throws(NGSILDError) {
    switch value.kind {
    case .null:
      throw .badRequestData("The value of '\(name)' holds null, which NGSI-LD forbids")
    case .string:
      guard value.isNGSILDNull else { return }
      throw misplacedNull(in: "\(name)")
    case .object where value.isSuspicious && value["@type"]?.isString("@json") != true:
      let mayDelete = mayDelete && value.isMergeable
      for (key, member) in value.members {
        guard !key.isString("@context") else {
          throw .badRequestData(
            "The value of '\(name)' has an '@context'; only a body may have one")
        }
        if mayDelete && member.isNGSILDNull { continue }
        try requirePlain(member, named: name, mayDelete: mayDelete)
      }
    case .array where value.isSuspicious:
      for element in value.elements { try requirePlain(element, named: name, mayDelete: false) }
    default: break
    }
  }
}

extension AttributeType {
  /// - Throws: `badRequestData` unless `member` may stand beside this type's value.
  func require(_ member: AttributeInstance.Member, of name: IRI) throws(NGSILDError) {
    guard !member.value.isNGSILDNull else { return }
    let isRight =
      self != .languageProperty || member.name != .valueType
      || member.value.isString("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString")
    guard allows(member.name), isRight else {
      throw .badRequestData(
        "The \(term) '\(name)' cannot have '\(member.name.term)' with \(member.value.rawText)")
    }
  }
}

extension DateTimeText {
  init(_ value: JSONValue, of member: CoreMember) throws(NGSILDError) {
    guard let text = value.string else {
      throw .badRequestData(
        "'\(member.term)' is \(value.rawText); a DateTime such as 2026-01-31T12:00:00Z is expected")
    }
    try self.init(parsing: text, of: "\(member.term)")
  }
}

extension JSONValue {
  /// A name, or a non-empty array of them; none is empty or the NGSI-LD Null.
  fileprivate var isNameOrNames: Bool {
    guard isArray else { return isString && !isNGSILDNull && !isString("") }
    return count > 0 && elements.allSatisfy { $0.isString && $0.isNameOrNames }
  }

  /// Whether `null`, an `@` or an escape stands in the text: a cheap test that spares a walk.
  fileprivate var isSuspicious: Bool {
    withRaw { bytes in
      for (position, byte) in bytes.enumerated() {
        switch byte {
        case UInt8(ascii: "@"), UInt8(ascii: "\\"): return true
        case UInt8(ascii: "n"):
          if bytes[position...].starts(with: "null".utf8) { return true }
        default: break
        }
      }
      return false
    }
  }
}

/// A value made by the broker itself.
func rewritten(_ write: (inout JSONWriter) -> Void) -> JSONValue {
  var writer = JSONWriter()
  write(&writer)
  return JSONValue(written: writer)
}
