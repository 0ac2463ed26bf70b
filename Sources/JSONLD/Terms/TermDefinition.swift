/// What a term stands for.
struct TermDefinition: Hashable, Sendable {
  /// An absolute IRI, or a keyword.
  var iri: String
  /// Whether the term may stand before the colon of a compact IRI.
  var isPrefix = false
  /// `@type`: a keyword such as `@vocab`, or the IRI of a datatype.
  var coercion: String?
}

/// A term that abbreviates the beginning of IRIs.
struct Prefix: Hashable, Sendable {
  let term: String
  let iri: String

  static func all(of definitions: [Term: TermDefinition]) -> [Prefix] {
    definitions.compactMap { term, definition in
      definition.isPrefix ? Prefix(term: term.text, iri: definition.iri) : nil
    }
  }

  /// `iri` with this prefix, its rest not empty.
  func compactIRI(_ iri: String) -> String? {
    guard iri.utf8.count > self.iri.utf8.count, iri.utf8.starts(with: self.iri.utf8) else {
      return nil
    }
    let rest = iri.utf8.dropFirst(self.iri.utf8.count)
    return "\(term):\(Substring(rest))"
  }
}

extension String {
  /// The parts before and after the first colon, if the first is not empty.
  var compactIRIParts: (prefix: Substring, suffix: Substring)? {
    guard let colon = utf8.firstIndex(of: UInt8(ascii: ":")), colon != startIndex else {
      return nil
    }
    return (self[..<colon], self[utf8.index(after: colon)...])
  }

  /// Whether this is longer-than-nothing text that RFC 3987 allows as an IRI with a scheme.
  ///
  /// Checked: the scheme's letters, and the absence of characters that no IRI has.
  var isAbsoluteIRI: Bool {
    guard let (scheme, _) = compactIRIParts, let first = scheme.utf8.first,
      first.isASCIILetter, scheme.utf8.allSatisfy(\.isSchemeCharacter)
    else { return false }
    return utf8.allSatisfy { !$0.isForbiddenInIRI }
  }
}

extension UInt8 {
  fileprivate var isASCIILetter: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20
  }

  fileprivate var isSchemeCharacter: Bool {
    isASCIILetter || UInt8(ascii: "0")...UInt8(ascii: "9") ~= self || self == UInt8(ascii: "+")
      || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
  }

  fileprivate var isForbiddenInIRI: Bool {
    switch self {
    case 0...0x20, 0x7F, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""),
      UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "|"), UInt8(ascii: "\\"),
      UInt8(ascii: "^"), UInt8(ascii: "`"):
      true
    default: false
    }
  }
}
