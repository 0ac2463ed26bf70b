package import NGSILD

/// A key and what belongs to it, such as a header field; the value may be a secret, and is never
/// logged or repeated in an error.
///
/// Standard: GS CIM 009, 5.2.22.
package struct KeyValuePair: Sendable, Hashable {
  package let key: String
  package let value: String

  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// Whether the value is taken from the header of this name in the request that causes another one
  /// (GS CIM 009, 6.3.19).
  package var isFromRequest: Bool { value == "urn:ngsi-ld:request" }

  /// Checks that it can be a header field.
  ///
  /// - Parameter member: that lists it.
  /// - Throws: `badRequestData`.
  package func requireHeader(of member: String) throws(NGSILDError) {
    guard isToken(key) else {
      throw .badRequestData(
        "The key '\(key.prefix(100))' of '\(member)' is no name of a header field")
    }
    guard isHeaderValue(value) else {
      throw .badRequestData("The value of '\(key)' in '\(member)' has a control character")
    }
  }
}

/// Whether `text` is a token, such as the name of a header field (RFC 9110, 5.6.2).
package func isToken(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
}

/// Whether `text` can stand in a header field.
package func isHeaderValue(_ text: String) -> Bool {
  text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
}

private func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
