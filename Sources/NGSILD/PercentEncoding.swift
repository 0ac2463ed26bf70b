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
  var encoded = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    case _ where spared.utf8.contains(byte):
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = Array("0123456789ABCDEF")
      encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
  }
  return encoded
}

/// The characters of percent-encoded text; nil unless every `%` has two digits and the bytes are
/// UTF-8 (RFC 3986, 2.1).
package func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
  var text = String(text)
  return text.withUTF8 { percentDecoded($0, plusIsSpace: plusIsSpace) }
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
        let low = rest.popFirst().flatMap(hexDigit)
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
