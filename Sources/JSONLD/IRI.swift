/// An absolute IRI: an expanded name, or an identifier.
///
/// Compared byte by byte, as the database does (RFC 3986, 6.2.1; GS CIM 009, 5.5.1): `é` in one
/// code point and in two are different names.
package struct IRI: Sendable {
  package let text: String

  /// Takes `text` as it is; for names that come out of expansion or storage.
  package init(_ text: String) { self.text = text }
}

extension IRI: Hashable {
  package static func == (one: IRI, other: IRI) -> Bool {
    one.text.utf8.count == other.text.utf8.count
      && one.withBytes { mine in other.withBytes { hasSameBytes(mine, $0) } }
  }

  package func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    return Array(text.utf8).withUnsafeBufferPointer(body)
  }
}

extension IRI: Comparable {
  package static func < (one: IRI, other: IRI) -> Bool {
    one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }
}

extension IRI: CustomStringConvertible {
  package var description: String { text }
}
