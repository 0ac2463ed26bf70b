/// Percent-encodes what may not stand in the value of a query parameter.
package func percentEncoded(_ text: String) -> String {
  percentEncoded(text, sparing: "-._~:*/;,@!$()'")
}

/// Percent-encodes what may not stand in a segment of a path, such as an id or a name.
package func pathSegment(_ text: String) -> String {
  percentEncoded(text, sparing: "-._~:*;,@!$()'")
}

/// Percent-encodes what may not stand in the name or value of a field of a form.
package func formEncoded(_ text: String) -> String { percentEncoded(text, sparing: "-._") }

private func percentEncoded(_ text: String, sparing spared: String) -> String {
  func isSpared(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: spared.utf8.contains(byte)
    }
  }
  guard !text.utf8.allSatisfy(isSpared) else { return text }
  var encoded: [UInt8] = []
  encoded.reserveCapacity(text.utf8.count * 3)
  for byte in text.utf8 {
    if isSpared(byte) {
      encoded.append(byte)
    } else {
      encoded += [UInt8(ascii: "%"), upperHexDigit(byte >> 4), upperHexDigit(byte & 15)]
    }
  }
  return String(decoding: encoded, as: UTF8.self)
}

private func upperHexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}

/// The characters of percent-encoded text; nil unless every `%` has two digits and the bytes are
/// UTF-8 (RFC 3986, 2.1) without NUL, which PostgreSQL has in no text.
package func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
  var text = String(text)
  return text.withUTF8 { percentDecoded($0, plusIsSpace: plusIsSpace) }
}

package func percentDecoded(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
  text.withUnsafeBufferPointer { percentDecoded($0, plusIsSpace: plusIsSpace) }
}

package func percentDecoded(_ text: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool) -> String? {
  guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
    return String(validating: text, as: UTF8.self)
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.count)
  var rest = text[...]
  while let byte = rest.popFirst() {
    switch byte {
    case UInt8(ascii: "%"):
      guard let high = rest.popFirst().flatMap(hexDigit),
        let low = rest.popFirst().flatMap(hexDigit), high | low != 0
      else { return nil }
      bytes.append(high << 4 | low)
    case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
    default: bytes.append(byte)
    }
  }
  return String(validating: bytes, as: UTF8.self)
}

/// The value of a hexadecimal digit; nil for anything else.
package func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
