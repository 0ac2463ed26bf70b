/// One value within a parsed text.
///
/// A value is a reference to the text and a place in it; reading costs no copy until a `String`
/// or a number is asked for.
package struct JSONValue: Sendable {
  package enum Kind: Sendable { case object, array, string, number, boolean, null }

  package let text: JSONText
  let index: Int

  init(text: JSONText, index: Int) {
    self.text = text
    self.index = index
  }

  /// Parses `text`, whose outermost value this is.
  package init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self = try JSONText(parsing: text, limits: limits).root
  }

  package init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    self = try JSONText(parsing: bytes, limits: limits).root
  }

  var node: Node { text.nodes[index] }

  package var kind: Kind {
    switch node.kind {
    case .object: .object
    case .array: .array
    case .string, .escapedString: .string
    case .number: .number
    case .yes, .no: .boolean
    case .null: .null
    }
  }

  package var isObject: Bool { node.kind == .object }
  package var isArray: Bool { node.kind == .array }
  package var isString: Bool { kind == .string }
  package var isNull: Bool { node.kind == .null }

  // MARK: Scalars

  /// The characters of a string; nil for another kind.
  package var string: String? {
    switch node.kind {
    case .string: withContents { String(decoding: $0, as: UTF8.self) }
    case .escapedString: withContents { String(decoding: unescaped($0), as: UTF8.self) }
    default: nil
    }
  }

  package var boolean: Bool? {
    switch node.kind {
    case .yes: true
    case .no: false
    default: nil
    }
  }

  package var double: Double? {
    node.kind == .number ? Double(rawText) : nil
  }

  /// A number written as an integer, without fraction or exponent, that 64 bits hold.
  package var integer: Int? {
    node.kind == .number ? Int(rawText) : nil
  }

  /// Whether this is the string `expected`; escapes are resolved.
  package func isString(_ expected: StaticString) -> Bool {
    let node = node
    switch node.kind {
    case .string where Int(node.end - node.start) == expected.utf8CodeUnitCount:
      return withContents { contents in
        expected.withUTF8Buffer { $0.elementsEqual(contents) }
      }
    case .escapedString: return string == "\(expected)"
    default: return false
    }
  }

  // MARK: Bytes

  /// The value as it stands in the text, white space and escapes included; strings with quotes.
  package var rawText: String { withRaw { String(decoding: $0, as: UTF8.self) } }

  package var rawRange: Range<Int> {
    let node = node
    switch node.kind {
    case .string, .escapedString: return Int(node.start) - 1..<Int(node.end) + 1
    default: return Int(node.start)..<Int(node.end)
    }
  }

  /// Calls `body` with the value's bytes as they stand in the text.
  package func withRaw<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    text.bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[rawRange])) }
  }

  /// Calls `body` with a string's bytes between its quotes, escapes unresolved.
  package func withContents<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let node = node
    return text.bytes.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[Int(node.start)..<Int(node.end)]))
    }
  }

  /// Whether the string has escapes, so that its contents are not its characters.
  package var hasEscapes: Bool { node.kind == .escapedString }

  // MARK: Members and elements

  /// Members of an object or elements of an array; 0 for a scalar.
  package var count: Int {
    switch node.kind {
    case .object, .array: node.count
    default: 0
    }
  }

  /// Name and value of each member in the order of the text; empty unless an object.
  package var members: JSONMembers { JSONMembers(of: self) }

  /// Elements in order; empty unless an array.
  package var elements: JSONElements { JSONElements(of: self) }

  /// The member called `name`; nil if there is none or this is no object.
  package subscript(_ name: StaticString) -> JSONValue? {
    for member in members where member.name.isString(name) { return member.value }
    return nil
  }

  /// The member whose name has the UTF-8 of `name`.
  package subscript(named name: String) -> JSONValue? {
    for member in members {
      let isNamed =
        member.name.hasEscapes
        ? member.name.string?.utf8.elementsEqual(name.utf8) == true
        : member.name.withContents { $0.elementsEqual(name.utf8) }
      if isNamed { return member.value }
    }
    return nil
  }
}

package struct JSONMembers: Sequence, IteratorProtocol {
  package typealias Member = (name: JSONValue, value: JSONValue)

  private let text: JSONText
  private var position: Int
  private var remaining: Int

  init(of value: JSONValue) {
    text = value.text
    position = value.index + 1
    remaining = value.isObject ? value.count : 0
  }

  package mutating func next() -> Member? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let name = JSONValue(text: text, index: position)
    let value = JSONValue(text: text, index: position + 1)
    position = Int(text.nodes[position + 1].next)
    return (name, value)
  }
}

package struct JSONElements: Sequence, IteratorProtocol {
  private let text: JSONText
  private var position: Int
  private var remaining: Int

  init(of value: JSONValue) {
    text = value.text
    position = value.index + 1
    remaining = value.isArray ? value.count : 0
  }

  package mutating func next() -> JSONValue? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    let element = JSONValue(text: text, index: position)
    position = Int(text.nodes[position].next)
    return element
  }
}
