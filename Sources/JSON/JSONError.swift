/// Why a text is no acceptable JSON (RFC 8259), and where.
package struct JSONError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    case empty
    case syntax(expected: String)
    case invalidUTF8
    /// A surrogate escape without its other half.
    case loneSurrogate
    /// `\u0000`: PostgreSQL cannot hold it in text.
    case nulCharacter
    case duplicateName(String)
    /// A number that no double can hold, such as `1e999`.
    case numberOutOfRange(String)
    case tooDeep(depthMax: Int)
    case tooLarge(bytesMax: Int)
  }

  package let reason: Reason
  /// Offset in bytes from the start of the text.
  package let offset: Int

  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .empty: "The text is empty; a JSON value is expected"
    case .syntax(let expected): "At byte \(offset): \(expected) is expected"
    case .invalidUTF8: "At byte \(offset): the text is not valid UTF-8"
    case .loneSurrogate: "At byte \(offset): a surrogate escape lacks its other half"
    case .nulCharacter: "At byte \(offset): the character U+0000 is not supported"
    case .duplicateName(let name): "At byte \(offset): the member '\(name)' stands twice"
    case .numberOutOfRange(let text): "At byte \(offset): the number \(text) is out of range"
    case .tooDeep(let depthMax): "At byte \(offset): nested deeper than \(depthMax) levels"
    case .tooLarge(let bytesMax): "The text is longer than \(bytesMax) bytes"
    }
  }
}
