import NGSILD

/// What a text of one of the small languages may cost.
package struct QueryLimits: Sendable {
  package var bytesMax: Int
  /// Parentheses and braces within each other.
  package var depthMax: Int
  /// Conditions of `q`, each of which the database has to look at.
  package var termsMax: Int

  package init(bytesMax: Int = 16_384, depthMax: Int = 32, termsMax: Int = 256) {
    self.bytesMax = bytesMax
    self.depthMax = depthMax
    self.termsMax = termsMax
  }
}

/// A place in a text of one of the small languages, moving forward.
struct TextCursor {
  /// What the text is, as its user calls it: `q`, `type`.
  let language: String
  let bytes: [UInt8]
  let depthMax: Int
  var position = 0

  /// - Throws: `badRequestData` for an empty text, `tooComplexQuery` for one over the limit.
  init(_ text: String, of language: String, limits: QueryLimits) throws(NGSILDError) {
    guard !text.isEmpty else { throw .badRequestData("\(language) is empty") }
    guard text.utf8.count <= limits.bytesMax else {
      throw NGSILDError(
        .tooComplexQuery, "\(language) is longer than \(limits.bytesMax) bytes")
    }
    self.language = language
    bytes = Array(text.utf8)
    depthMax = limits.depthMax
  }

  var isAtEnd: Bool { position == bytes.count }
  var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  func isAt(_ token: StaticString) -> Bool {
    let count = token.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    return token.withUTF8Buffer { $0.elementsEqual(bytes[position..<position + count]) }
  }

  mutating func take(_ token: StaticString) -> Bool {
    guard isAt(token) else { return false }
    position += token.utf8CodeUnitCount
    return true
  }

  mutating func take(anyOf tokens: StaticString...) -> Bool {
    for token in tokens where take(token) { return true }
    return false
  }

  mutating func expect(_ token: StaticString) throws(NGSILDError) {
    guard take(token) else { throw expected("'\(token)'") }
  }

  /// The text from here up to the first byte that `isDelimiter`, or the end.
  mutating func take(until isDelimiter: (UInt8) -> Bool) -> String {
    let start = position
    while position < bytes.count, !isDelimiter(bytes[position]) { position += 1 }
    return text(start..<position)
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// - Throws: `tooComplexQuery` if `depth` is over the limit.
  func requireDepth(_ depth: Int) throws(NGSILDError) {
    guard depth <= depthMax else {
      throw NGSILDError(
        .tooComplexQuery, "\(language) is nested deeper than \(depthMax) levels")
    }
  }

  /// The error that says what should stand here.
  func expected(_ what: String) -> NGSILDError {
    .badRequestData("\(language) '\(excerpt)': at character \(characterNumber), expected \(what)")
  }

  private var characterNumber: Int { text(0..<position).unicodeScalars.count + 1 }
  private var excerpt: String { text(0..<bytes.count).bounded }
}

extension String {
  /// As much of the text as an error's detail repeats.
  var bounded: String { utf8.count <= 120 ? self : "\(prefix(120))..." }
}

/// `text` with each `%XX` turned into its byte.
///
/// For texts inside JSON bodies, which clients may have percent-encoded as for a URL; a `%` without
/// two hexadecimal digits stays.
///
/// - Throws: `badRequestData` if what results is no UTF-8.
func percentDecoded(_ text: String, of language: String) throws(NGSILDError) -> String {
  guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
  let bytes = Array(text.utf8)
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count)
  var position = 0
  while position < bytes.count {
    if bytes[position] == UInt8(ascii: "%"), position + 2 < bytes.count,
      let high = hexDigit(bytes[position + 1]), let low = hexDigit(bytes[position + 2])
    {
      result.append(high << 4 | low)
      position += 3
    } else {
      result.append(bytes[position])
      position += 1
    }
  }
  guard !result.contains(0), let decoded = String(validating: result, as: UTF8.self) else {
    throw .badRequestData(
      "\(language) '\(text.bounded)' is no UTF-8 without NUL after percent-decoding")
  }
  return decoded
}
