package import NGSILD

/// How strings are ordered.
///
/// Shape: `und`, `de-u-co-phonebk`: a language of two or three letters, then subtags, of which one
/// of a single character begins an extension and is followed by two characters or more.
///
/// Standard: `collation` (GS CIM 009, 4.23); RFC 6067; RFC 5646, 2.1.
package struct Collation: Hashable, Sendable {
  /// Letters, digits and `-` only.
  package let tag: String

  /// - Throws: `badRequestData` for what is no such tag.
  package init(parsing text: String) throws(NGSILDError) {
    guard text.utf8.count <= 48, isCollationTag(text) else {
      throw .badRequestData(
        "collation '\(text.bounded)' is no language tag, such as 'und' or 'de-u-co-phonebk'")
    }
    tag = text
  }
}

extension Collation: CustomStringConvertible {
  package var description: String { tag }
}

private func isCollationTag(_ text: String) -> Bool {
  let subtags = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
  guard let language = subtags.first, 2...3 ~= language.count,
    language.allSatisfy({ 97...122 ~= $0 | 0x20 })
  else { return false }
  var isPending = false
  for subtag in subtags.dropFirst() {
    guard 1...8 ~= subtag.count, subtag.allSatisfy(isASCIIAlphanumeric),
      !(isPending && subtag.count == 1)
    else { return false }
    isPending = subtag.count == 1
  }
  return !isPending
}

func isASCIIAlphanumeric(_ byte: UInt8) -> Bool {
  97...122 ~= byte | 0x20 || 48...57 ~= byte
}
