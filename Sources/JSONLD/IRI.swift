/// An absolute IRI: an expanded name, or an identifier.
package struct IRI: ExactName {
  package let text: String

  /// Takes `text` as it is; for names that come out of expansion or storage.
  package init(_ text: String) { self.text = text }
}

extension IRI: CustomStringConvertible {
  package var description: String { text }
}
