package import JSON
package import NGSILD

/// Reads members of an object of a request by their kind, and says what is wrong with them.
///
/// A JSON null counts as an absent member, as in JSON-LD; the NGSI-LD Null is refused.
package struct MemberReader {
  package let object: JSONValue
  /// How the object is called: `notification.endpoint`.
  package let path: String

  package init(_ object: JSONValue, _ path: String) throws(NGSILDError) {
    guard object.isObject else {
      throw .badRequestData("'\(path)' is \(object.excerpt); an object is expected")
    }
    self.object = object
    self.path = path
  }

  package func value(_ name: StaticString) throws(NGSILDError) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    guard !value.isNGSILDNull else {
      throw .badRequestData("\(title(name)) is the NGSI-LD Null, which only updates accept")
    }
    return value
  }

  package func has(_ name: StaticString) throws(NGSILDError) -> Bool { try value(name) != nil }

  package func title(_ name: StaticString) -> String {
    path.isEmpty ? "'\(name)'" : "'\(path).\(name)'"
  }

  package func string(_ name: StaticString) throws(NGSILDError) -> String? {
    guard let value = try value(name) else { return nil }
    guard let string = value.string else { throw expected("a string", name, value) }
    return string
  }

  package func string(
    _ name: StaticString, or alias: StaticString
  ) throws(NGSILDError) -> String? {
    if let string = try string(name) { return string }
    return try string(alias)
  }

  package func boolean(_ name: StaticString) throws(NGSILDError) -> Bool? {
    guard let value = try value(name) else { return nil }
    guard let boolean = value.boolean else { throw expected("true or false", name, value) }
    return boolean
  }

  package func positiveNumber(_ name: StaticString) throws(NGSILDError) -> PositiveNumber? {
    guard let value = try value(name) else { return nil }
    guard let number = value.double, number > 0 else {
      throw expected("a number greater than zero", name, value)
    }
    return PositiveNumber(text: value.rawText, value: number)
  }

  package func integer(_ name: StaticString) throws(NGSILDError) -> Int? {
    guard let value = try value(name) else { return nil }
    guard let integer = value.integer else { throw expected("a whole number", name, value) }
    return integer
  }

  package func dateTime(_ name: StaticString) throws(NGSILDError) -> DateTimeText? {
    guard let text = try string(name) else { return nil }
    return try DateTimeText(parsing: text, of: title(name))
  }

  /// A non-empty array; a lone value counts as an array of it, as in JSON-LD.
  package func elements(_ name: StaticString) throws(NGSILDError) -> [JSONValue]? {
    guard let value = try value(name) else { return nil }
    guard value.isArray else { return [value] }
    guard value.count > 0 else { throw expected("an array with an element", name, value) }
    return Array(value.elements)
  }

  package func strings(_ name: StaticString) throws(NGSILDError) -> [String]? {
    guard let elements = try elements(name) else { return nil }
    var strings: [String] = []
    for element in elements {
      guard let string = element.string, !element.isNGSILDNull else {
        throw expected("an array of strings, none of them the NGSI-LD Null", name, element)
      }
      strings.append(string)
    }
    return strings
  }

  /// An array of KeyValuePairs (GS CIM 009, 5.2.22).
  package func pairs(_ name: StaticString) throws(NGSILDError) -> [KeyValuePair]? {
    guard let value = try value(name) else { return nil }
    guard value.isArray else { throw expected("an array of key-value pairs", name, value) }
    var pairs: [KeyValuePair] = []
    for element in value.elements {
      guard let key = element["key"]?.string, let value = element["value"]?.string else {
        // Not repeated in the answer: it may be a secret.
        throw .badRequestData(
          "\(title(name)) has an element without the strings 'key' and 'value'")
      }
      pairs.append(KeyValuePair(key: key, value: value))
    }
    return pairs
  }

  /// One of a few words.
  package func word<Word: RawRepresentable & CaseIterable>(
    _ name: StaticString
  ) throws(NGSILDError) -> Word? where Word.RawValue == String {
    guard let text = try string(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badRequestData("\(title(name)) is '\(text.prefix(100))'; one of \(words) is expected")
    }
    return word
  }

  package func expected(_ what: String, _ name: StaticString, _ value: JSONValue) -> NGSILDError {
    .badRequestData("\(title(name)) is \(value.excerpt); \(what) is expected")
  }
}

extension JSONValue {
  /// As much of the value as an error's detail repeats.
  package var excerpt: String {
    let text = rawText
    return text.utf8.count <= 120 ? text : "\(text.prefix(120))…"
  }
}
