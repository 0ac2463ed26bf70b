/// Percent-encodes what may not stand in the value of a query parameter.
package func percentEncoded(_ text: String) -> String {
  percentEncoded(text, sparing: "-._~:*/;,@!$()'")
}

/// Percent-encodes what may not stand in a segment of a path, such as an id or a name.
package func pathSegment(_ text: String) -> String {
  percentEncoded(text, sparing: "-._~:*;,@!$()'")
}

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
