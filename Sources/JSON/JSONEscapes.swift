/// The characters of a string's bytes, whose escapes the parser has checked, as UTF-8.
func unescaped(_ source: UnsafeBufferPointer<UInt8>) -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(source.count)
  var position = 0
  while position < source.count {
    let byte = source[position]
    guard byte == UInt8(ascii: "\\") else {
      result.append(byte)
      position += 1
      continue
    }
    switch source[position + 1] {
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = hexUnit(source, at: position + 2)
      if 0xD800..<0xDC00 ~= scalar {
        let low = hexUnit(source, at: position + 8)
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
        position += 6
      }
      result.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
      position += 4
    case let other: result.append(other)
    }
    position += 2
  }
  return result
}

private func hexUnit(_ source: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32 {
  (start..<start + 4).reduce(0) { $0 << 4 | (hexDigit(source[$1]) ?? 0) }
}

func hexDigit(_ byte: UInt8) -> UInt32? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}
