/// Eight bytes of a text that are looked at together.
struct EightBytes {
  private let word: UInt64
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  /// The bytes from `index` on, of which there are eight.
  @inline(__always)
  init(_ source: UnsafeBufferPointer<UInt8>, at index: Int) {
    word = UnsafeRawBufferPointer(source).loadUnaligned(fromByteOffset: index, as: UInt64.self)
  }

  /// Whether one needs an escape within a JSON string: a quote, a backslash, a control character.
  @inline(__always)
  var needEscapes: Bool { escapes & Self.highBits != 0 }

  /// How many come before the first that needs an escape or is not ASCII: eight if there is none.
  @inline(__always)
  var plainCount: Int { ((escapes | word) & Self.highBits).trailingZeroBitCount / 8 }

  /// The high bit is set of the first byte that needs an escape, if there is one, and of none before.
  @inline(__always)
  private var escapes: UInt64 {
    let control = (word &- Self.ones &* 0x20) & ~word
    return control | zeros(in: word ^ Self.ones &* 0x22) | zeros(in: word ^ Self.ones &* 0x5C)
  }

  /// The high bit is set of the first zero byte, if there is one, and of none before.
  @inline(__always)
  private func zeros(in word: UInt64) -> UInt64 { (word &- Self.ones) & ~word }
}

/// Whether none of the bytes needs an escape within a JSON string.
func needNoEscapes(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  var index = 0
  while index + 8 <= bytes.count {
    if EightBytes(bytes, at: index).needEscapes { return false }
    index += 8
  }
  while index < bytes.count {
    let byte = bytes[index]
    if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
    index += 1
  }
  return true
}
