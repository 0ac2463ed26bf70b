/// Writes a table as comma-separated values.
///
/// Choice: a text that a spreadsheet would take for a formula, as whatever is measured in public
/// may be made to be, gets an apostrophe in front. Numbers, also negative ones, are left alone.
///
/// Standard: RFC 4180.
struct CSVWriter {
  private(set) var bytes: [UInt8] = []
  private var isInRow = false

  /// The bytes that were written since it was last asked.
  mutating func take() -> [UInt8] {
    defer { bytes.removeAll(keepingCapacity: true) }
    return bytes
  }

  /// Adds a field of text; empty for nil.
  mutating func field(_ text: String?) {
    separate()
    guard var text else { return }
    if Self.beginsFormula(text) { text = "'" + text }
    append(text)
  }

  /// Adds a number, or what else is no text that someone wrote.
  mutating func field(literal: String) {
    separate()
    append(literal)
  }

  mutating func endRow() {
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    isInRow = false
  }

  private mutating func separate() {
    if isInRow { bytes.append(UInt8(ascii: ",")) }
    isInRow = true
  }

  private mutating func append(_ text: String) {
    guard text.utf8.contains(where: Self.needsQuotes) else {
      bytes += text.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
    default: false
    }
  }

  private static func beginsFormula(_ text: String) -> Bool {
    switch text.utf8.first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
      UInt8(ascii: "\t"), UInt8(ascii: "\r"):
      true
    default: false
    }
  }
}
