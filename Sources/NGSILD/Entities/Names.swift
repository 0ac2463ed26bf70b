package import JSON
import JSONLD

/// The value that deletes what it is given for (GS CIM 009, 4.5.0).
package let ngsildNull: StaticString = "urn:ngsi-ld:null"

extension JSONValue {
  /// Whether this is the string `urn:ngsi-ld:null`.
  package var isNGSILDNull: Bool { isString(ngsildNull) }
}

/// Checks that `text` is a URI that may identify something (4.5.1, 5.2.4).
///
/// - Throws: `badRequestData` naming `role`.
package func requireURI(_ text: String, as role: String) throws(NGSILDError) {
  guard isURI(text) else {
    throw .badRequestData(
      "\(role) '\(text)' is not a URI; a scheme, a colon and a rest without white space are "
        + "expected, such as urn:ngsi-ld:Room:1")
  }
}

/// An Entity's id: a URI, and not the NGSI-LD Null.
package func requireEntityID(_ text: String) throws(NGSILDError) {
  try requireURI(text, as: "The Entity id")
  guard text != "\(ngsildNull)" else {
    throw .badRequestData("The Entity id is the NGSI-LD Null; a URI of its own is expected")
  }
}

/// Whether `text` has a scheme and a rest, and none of the characters that RFC 3986 excludes or
/// that are invisible: two ids that look alike should be the same.
package func isURI(_ text: String) -> Bool {
  var text = text
  guard let isASCII = text.withUTF8(isASCIIURI) else { return false }
  return isASCII || !text.unicodeScalars.contains(where: isInvisible)
}

/// Whether the bytes of a URI are ASCII; nil unless they have its shape.
private func isASCIIURI(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool? {
  guard let first = bytes.first, isLetter(first),
    let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 1 < bytes.count
  else { return nil }
  for byte in bytes[..<colon] where !isLetter(byte) && !isSchemeSign(byte) { return nil }
  var isASCII = true
  for byte in bytes[colon...] {
    switch byte {
    case 0...0x20, 0x7F: return nil
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "{"),
      UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
      UInt8(ascii: "`"):
      return nil
    case 0x80...: isASCII = false
    default: break
    }
  }
  return isASCII
}

func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

private func isSchemeSign(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
    UInt8(ascii: "."):
    true
  default: false
  }
}

private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  let properties = scalar.properties
  switch properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate,
    .privateUse:
    return true
  default:
    return properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
      || properties.isVariationSelector || scalar == "\u{2800}"
  }
}

/// Checks a short or prefixed name of an Entity type or Attribute (4.6.2); an IRI passes.
///
/// Shape: a letter, then letters, digits and `_`; or two such names with a colon between.
/// Choice: strict, since other names cannot be used in queries.
package func requireName(_ name: String, as role: String) throws(NGSILDError) {
  guard isShortName(name) || isPrefixedNameOrURI(name) else {
    throw .badRequestData(
      "\(role) '\(name)' is not a name; a letter followed by letters, digits and '_' is expected")
  }
}

/// As above, without a `String` for the names that are common.
func requireName(_ name: JSONValue, as role: StaticString) throws(NGSILDError) {
  if !name.hasEscapes && name.withContents(isASCIIName) { return }
  try requireName(name.string ?? "", as: "\(role)")
}

/// Whether `bytes` are a short or prefixed name of ASCII letters.
private func isASCIIName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  var colons = 0
  var isFirst = true
  for byte in bytes {
    if byte == UInt8(ascii: ":") && !isFirst {
      colons += 1
      isFirst = true
      continue
    }
    let isDigit = byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "_")
    guard isLetter(byte) || isDigit && !isFirst else { return false }
    isFirst = false
  }
  return !isFirst && colons < 2
}

private func isPrefixedNameOrURI(_ name: String) -> Bool {
  let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
  return parts.count == 2 && (isURI(name) || isShortName(parts[0]) && isShortName(parts[1]))
}

package func isShortName(_ name: some StringProtocol) -> Bool {
  var isFirst = true
  for byte in name.utf8 {
    let isDigit = byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "_")
    guard byte < 0x80 else { return isUnicodeName(name) }
    guard isLetter(byte) || isDigit && !isFirst else { return false }
    isFirst = false
  }
  return !isFirst
}

private func isUnicodeName(_ name: some StringProtocol) -> Bool {
  var isFirst = true
  for scalar in name.unicodeScalars {
    guard isNameScalar(scalar, isFirst: isFirst) else { return false }
    isFirst = false
  }
  return !isFirst
}

/// A letter, and after the first one also a number, a mark that belongs to a letter, or `_`.
package func isNameScalar(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
  switch scalar.properties.generalCategory {
  case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
  case .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark: !isFirst
  default: !isFirst && scalar == "_"
  }
}

/// Whether a languageMap may have `tag`.
///
/// Choice: any name is a language's, but no keyword except `@none`.
package func isLanguage(_ tag: String) -> Bool {
  guard let first = tag.utf8.first else { return false }
  return first != UInt8(ascii: "@") || tag == "@none"
}

/// Checks one scope: levels of letters, digits and `_` that begin with a letter, split by `/`,
/// with or without a leading `/` (4.18).
package func requireScope(_ scope: String) throws(NGSILDError) {
  let path = scope.hasPrefix("/") ? scope.dropFirst() : scope[...]
  guard path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ isShortName($0) })
  else {
    throw .badRequestData(
      "The scope '\(scope)' is not valid; levels of letters, digits and '_' are expected, "
        + "such as /Madrid/Gardens")
  }
}

extension [String] {
  /// Whether `scope` is among these scopes; the leading `/` makes no difference (4.18).
  func contains(scope: String) -> Bool {
    contains {
      $0.dropFirst($0.hasPrefix("/") ? 1 : 0)
        .isExactly(scope.dropFirst(scope.hasPrefix("/") ? 1 : 0))
    }
  }
}
