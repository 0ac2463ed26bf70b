/// Text that is compared byte by byte, where `String` takes `é` in one code point and in two for
/// the same: names and identifiers are different if their bytes are (RFC 3986, 6.2.1; RFC 8259, 8.3;
/// GS CIM 009, 5.5.1). The database compares them so, too.
package protocol ExactText: Hashable, Comparable, Sendable {
  var text: String { get }
}

/// One that any text may be.
package protocol ExactName: ExactText {
  /// Takes `text` as it is.
  init(_ text: String)
}

extension ExactText {
  package static func == (one: Self, other: Self) -> Bool {
    one.text.utf8.count == other.text.utf8.count
      && one.withBytes { mine in other.withBytes { hasSameBytes(mine, $0) } }
  }

  package func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  package static func < (one: Self, other: Self) -> Bool {
    one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }

  private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
    return Array(text.utf8).withUnsafeBufferPointer(body)
  }
}

extension Dictionary where Key: ExactName {
  package subscript(_ text: String) -> Value? {
    get { self[Key(text)] }
    set { self[Key(text)] = newValue }
  }
}

extension Set where Element: ExactName {
  package init(_ texts: some Sequence<String>) { self.init(texts.map(Element.init)) }

  package func contains(_ text: String) -> Bool { contains(Element(text)) }
}

// MARK: Texts that have no type of their own

extension StringProtocol {
  /// Whether the bytes are the same.
  package func isExactly(_ other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension String? {
  package func isExactly(_ other: String?) -> Bool {
    guard let self, let other else { return self == nil && other == nil }
    return self.isExactly(other)
  }
}

extension [String] {
  package func isExactly(_ others: [String]) -> Bool {
    elementsEqual(others) { $0.isExactly($1) }
  }

  package func contains(exactly text: String) -> Bool { contains { $0.isExactly(text) } }
}
