package import JSONLD
import NGSILD

/// Turns a short or prefixed name into the IRI it stands for, with the request's @context.
package protocol NameExpander {
  func expand(_ name: String) -> IRI
}

extension Context: NameExpander {}

extension NameExpander {
  /// - Throws: `badRequestData` for a word such as `type` that stands for a keyword of JSON-LD, so
  ///   that it names nothing that an Entity could have.
  func expandedName(_ name: String) throws(NGSILDError) -> IRI {
    let iri = expand(name)
    guard iri.text.utf8.first != UInt8(ascii: "@") else {
      throw .badRequestData(
        "'\(name.bounded)' is a word for \(iri), which is no name of a type or an Attribute")
    }
    return iri
  }
}

/// The grammar of names, in `q`, `type`, `pick` and the other small languages.
///
/// Shape: a letter, then letters, numbers and `_`; `prefix:name`; an absolute IRI.
///
/// Choice: an IRI may stand in angle brackets, `<https://example.org/a.b>`, as the characters `.`,
/// `;` and `,` within it would otherwise be read as operators.
///
/// Standard: GS CIM 009, 4.6.2 and 4.9.
extension TextCursor {
  /// Reads a name of a path, which ends at the first byte that is no part of a name.
  mutating func name(_ what: String) throws(NGSILDError) -> String {
    if let iri = try bracketedIRI() { return iri }
    let start = position
    guard takeShortName() else { throw expected(what) }
    guard isAt(":") else { return text(start..<position) }
    position = bareIRIEnd(from: start)
    let name = text(start..<position)
    guard isName(name) else {
      position = start
      throw expected(what)
    }
    return name
  }

  /// Reads a name that ends at the first byte that `isDelimiter`.
  mutating func name(
    _ what: String, until isDelimiter: (UInt8) -> Bool
  ) throws(NGSILDError) -> String {
    if let iri = try bracketedIRI() { return iri }
    let start = position
    let name = take(until: isDelimiter)
    guard isName(name) else {
      position = start
      throw expected(what)
    }
    return name
  }

  /// Reads a short name or an IRI in brackets; nil, and nothing read, if there is none.
  mutating func simpleName() throws(NGSILDError) -> String? {
    if let iri = try bracketedIRI() { return iri }
    let start = position
    return takeShortName() ? text(start..<position) : nil
  }

  mutating func bracketedIRI() throws(NGSILDError) -> String? {
    let start = position
    guard take("<") else { return nil }
    let iri = take(until: { $0 == UInt8(ascii: ">") })
    guard isAbsoluteIRI(iri), take(">") else {
      position = start
      throw expected("an IRI in angle brackets")
    }
    return iri
  }

  private mutating func takeShortName() -> Bool {
    let start = position
    while let scalar = currentScalar, isNameScalar(scalar, isFirst: position == start) {
      position += UTF8.width(scalar)
    }
    return position > start
  }

  private var currentScalar: Unicode.Scalar? {
    guard let byte = current else { return nil }
    if byte < 0x80 { return Unicode.Scalar(byte) }
    return text(position..<min(position + 4, bytes.count)).unicodeScalars.first
  }

  /// The end of the IRI from `start` on.
  ///
  /// A `.` ends it unless a slash or `#` comes later, as in `https://example.org/name.subname`.
  private func bareIRIEnd(from start: Int) -> Int {
    var end = start
    var lastSlash = start
    while end < bytes.count, isBareIRIByte(bytes[end]) {
      if bytes[end] == UInt8(ascii: "/") || bytes[end] == UInt8(ascii: "#") { lastSlash = end }
      end += 1
    }
    return bytes[lastSlash..<end].firstIndex(of: UInt8(ascii: ".")) ?? end
  }
}

private func isBareIRIByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
    true
  default: "-_.:/#?@%&+*$'".utf8.contains(byte)
  }
}

/// A short name, a prefixed name or an absolute IRI.
func isName(_ text: String) -> Bool {
  if isShortName(text) || isAbsoluteIRI(text) { return true }
  let parts = text.split(separator: ":", omittingEmptySubsequences: false)
  return parts.count == 2 && isShortName(parts[0]) && isShortName(parts[1])
}

/// A scheme, `:` and more, without white space, control characters and `<>"{}|\^` and backquote
/// (RFC 3986, 3; RFC 3987, 2.2).
func isAbsoluteIRI(_ text: String) -> Bool {
  guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
  let scheme = text.utf8[..<colon]
  let rest = text.utf8[text.utf8.index(after: colon)...]
  guard let first = scheme.first, isASCIILetter(first), !rest.isEmpty else { return false }
  return scheme.allSatisfy {
    isASCIILetter($0) || 48...57 ~= $0 || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
  } && rest.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"<>\"{}|\\^`".utf8.contains($0) }
}

private func isASCIILetter(_ byte: UInt8) -> Bool { 97...122 ~= byte | 0x20 }

extension IRI {
  /// As it stands in the canonical text of a tree: bare if short, else in angle brackets.
  package var bracketed: String { isShortName(text) ? text : "<\(text)>" }
}
