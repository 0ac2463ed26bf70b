/// An absolute IRI: an expanded name, or an identifier.
///
/// Compared as text (RFC 3986, 6.2.1), which NGSI-LD allows (GS CIM 009, 5.5.1).
package struct IRI: Hashable, Sendable {
  package let text: String

  /// Takes `text` as it is; for names that come out of expansion or storage.
  package init(_ text: String) { self.text = text }
}

extension IRI: Comparable {
  package static func < (one: IRI, other: IRI) -> Bool { one.text < other.text }
}

extension IRI: CustomStringConvertible {
  package var description: String { text }
}
