/// Writes JSON without white space; commas are put where they belong.
///
/// The caller pairs `beginObject` with `endObject` and names each member before its value.
package struct JSONWriter {
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  package init(reservingCapacity capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A place to come back to.
  package struct Position {
    fileprivate let count: Int
    fileprivate let needsComma: Bool
  }

  package var position: Position { Position(count: bytes.count, needsComma: needsComma) }

  /// Forgets what was written since `position`.
  package mutating func rewind(to position: Position) {
    bytes.removeLast(bytes.count - position.count)
    needsComma = position.needsComma
  }

  /// What was written since it was last taken, so that a long text needs no long buffer.
  package mutating func takeBytes() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// Where in `bytes` the one value stands that `body` writes.
  package mutating func place(of body: (inout JSONWriter) -> Void) -> Range<Int> {
    let start = bytes.count + (needsComma ? 1 : 0)
    body(&self)
    return start..<bytes.count
  }

  // MARK: Structure

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// Begins an object with the members that `object` has, the bytes of one without white space
  /// around it.
  package mutating func beginObject(continuing object: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(contentsOf: object.dropLast())
    needsComma = object.count > 2
  }

  /// Writes a member's name; its value is written next.
  package mutating func name(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    endName()
  }

  // Disfavoured, so that a literal costs no `String`.
  @_disfavoredOverload
  package mutating func name(_ name: String) {
    separate()
    appendString(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a name of which `contents` are the bytes between the quotes, escaped already.
  package mutating func name(contents: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: contents)
    endName()
  }

  package mutating func name(contents: [UInt8]) {
    contents.withUnsafeBufferPointer { name(contents: $0) }
  }

  /// Writes a number as a name.
  package mutating func name(_ number: Int32) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(decimal: Int64(number))
    endName()
  }

  private mutating func endName() {
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  // MARK: Values

  @_disfavoredOverload
  package mutating func string(_ string: String) {
    separate()
    appendString(string)
  }

  /// Writes a string that needs no escapes.
  package mutating func string(_ string: StaticString) {
    string.withUTF8Buffer { self.string(contents: $0) }
  }

  /// Writes a string of which `contents` are the bytes between the quotes, escaped already.
  package mutating func string(contents: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: contents)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Writes a string of a text that needs no escapes and a number.
  package mutating func string(_ text: StaticString, followedBy number: Int64) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(decimal: number)
    bytes.append(UInt8(ascii: "\""))
  }

  package mutating func string(contents: [UInt8]) {
    contents.withUnsafeBufferPointer { string(contents: $0) }
  }

  package mutating func integer(_ integer: Int) {
    separate()
    bytes.append(decimal: Int64(integer))
  }

  package mutating func double(_ double: Double) { raw("\(double)") }
  package mutating func boolean(_ boolean: Bool) { raw(boolean ? "true" : "false") }
  package mutating func null() { raw("null") }

  /// Copies a value as its bytes stand, less the white space between its tokens, and with all
  /// characters as themselves that can stand so.
  package mutating func value(_ value: JSONValue) {
    separate()
    if value.text.isMinimal {
      value.withRaw { bytes.append(contentsOf: $0) }
    } else {
      needsComma = false
      copyMinimal(value)
    }
    needsComma = true
  }

  /// Writes bytes that are one whole JSON value without white space.
  mutating func raw(_ json: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// Writes text that is one whole JSON value.
  package mutating func raw(_ json: String) {
    separate()
    bytes.append(contentsOf: json.utf8)
  }

  package mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  // MARK: Parts

  private mutating func open(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func close(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func copyMinimal(_ value: JSONValue) {
    switch value.kind {
    case .object:
      open(UInt8(ascii: "{"))
      for member in value.members {
        if member.name.hasEscapes {
          name(member.name.string ?? "")
        } else {
          member.name.withContents { name(contents: $0) }
        }
        self.value(member.value)
      }
      endObject()
    case .array:
      open(UInt8(ascii: "["))
      for element in value.elements { self.value(element) }
      endArray()
    case .string where value.hasEscapes: string(value.string ?? "")
    default: value.withRaw { bytes.append(contentsOf: $0) }
    }
  }

  private mutating func appendString(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(string, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }
}

extension [UInt8] {
  /// Appends the digits of `number`.
  package mutating func append(decimal number: Int64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = digits.count
      var rest = number.magnitude
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if number < 0 {
        start -= 1
        digits[start] = UInt8(ascii: "-")
      }
      append(contentsOf: digits[start...])
    }
  }
}

/// The bytes of `string` between the quotes of a JSON string.
package func jsonContents(of string: String) -> [UInt8] {
  var contents: [UInt8] = []
  contents.reserveCapacity(string.utf8.count)
  appendEscaped(string, to: &contents)
  return contents
}

private func appendEscaped(_ string: String, to bytes: inout [UInt8]) {
  var string = string
  string.withUTF8 { contents in
    if needNoEscapes(contents) {
      bytes.append(contentsOf: contents)
      return
    }
    for byte in contents {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: [0x5C, 0x22])
      case UInt8(ascii: "\\"): bytes.append(contentsOf: [0x5C, 0x5C])
      case 0x0A: bytes.append(contentsOf: [0x5C, UInt8(ascii: "n")])
      case 0x0D: bytes.append(contentsOf: [0x5C, UInt8(ascii: "r")])
      case 0x09: bytes.append(contentsOf: [0x5C, UInt8(ascii: "t")])
      case 0x08: bytes.append(contentsOf: [0x5C, UInt8(ascii: "b")])
      case 0x0C: bytes.append(contentsOf: [0x5C, UInt8(ascii: "f")])
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
  }
}
