extension JSONText {
  /// Parses one JSON value with nothing but white space around it.
  ///
  /// Stricter than RFC 8259 where leniency would lose data: member names are unique within their
  /// object, escapes form whole characters, numbers fit a double.
  package convenience init(
    parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(JSONError) {
    guard bytes.count <= min(limits.bytesMax, Int(UInt32.max) - 1) else {
      throw JSONError(.tooLarge(bytesMax: limits.bytesMax), at: 0)
    }
    var nodes: [Node] = []
    nodes.reserveCapacity(bytes.count / 12 + 8)
    var hasWhitespace = false
    var hasNeedlessEscapes = false
    let failure: JSONError? = bytes.withUnsafeBufferPointer { source in
      var parser = JSONParser(source: source, limits: limits)
      do throws(JSONError) {
        try parser.parse(into: &nodes)
        hasWhitespace = parser.sawWhitespace
        hasNeedlessEscapes = parser.sawNeedlessEscape
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    self.init(
      bytes: bytes, nodes: nodes, hasWhitespace: hasWhitespace,
      hasNeedlessEscapes: hasNeedlessEscapes)
  }

  package convenience init(
    parsing text: String, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

struct JSONParser {
  let source: UnsafeBufferPointer<UInt8>
  let limits: JSONLimits
  var position = 0
  var sawWhitespace = false
  var sawNeedlessEscape = false

  init(source: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
    self.source = source
    self.limits = limits
  }

  mutating func parse(into nodes: inout [Node]) throws(JSONError) {
    skipWhitespace()
    guard position < source.count else { throw JSONError(.empty, at: 0) }
    try value(depth: 1, into: &nodes)
    skipWhitespace()
    guard position == source.count else { throw expected("the end of the text") }
  }

  private mutating func value(depth: Int, into nodes: inout [Node]) throws(JSONError) {
    guard position < source.count else { throw expected("a value") }
    switch source[position] {
    case UInt8(ascii: "{"): try object(depth: depth, into: &nodes)
    case UInt8(ascii: "["): try array(depth: depth, into: &nodes)
    case UInt8(ascii: "\""): try string(into: &nodes)
    case UInt8(ascii: "t"): try literal("true", .yes, into: &nodes)
    case UInt8(ascii: "f"): try literal("false", .no, into: &nodes)
    case UInt8(ascii: "n"): try literal("null", .null, into: &nodes)
    default: try number(into: &nodes)
    }
  }

  private mutating func object(depth: Int, into nodes: inout [Node]) throws(JSONError) {
    let index = try open(.object, depth: depth, into: &nodes)
    var count = 0
    skipWhitespace()
    if !take(UInt8(ascii: "}")) {
      repeat {
        skipWhitespace()
        guard position < source.count, source[position] == UInt8(ascii: "\"") else {
          throw expected("a member name in double quotes")
        }
        try string(into: &nodes)
        skipWhitespace()
        guard take(UInt8(ascii: ":")) else { throw expected("':'") }
        skipWhitespace()
        try value(depth: depth + 1, into: &nodes)
        count += 1
        skipWhitespace()
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw expected("',' or '}'") }
    }
    close(index, count: count, in: &nodes)
    if limits.requiresUniqueNames { try requireUniqueNames(ofObjectAt: index, in: nodes) }
  }

  private mutating func array(depth: Int, into nodes: inout [Node]) throws(JSONError) {
    let index = try open(.array, depth: depth, into: &nodes)
    var count = 0
    skipWhitespace()
    if !take(UInt8(ascii: "]")) {
      repeat {
        skipWhitespace()
        try value(depth: depth + 1, into: &nodes)
        count += 1
        skipWhitespace()
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { throw expected("',' or ']'") }
    }
    close(index, count: count, in: &nodes)
  }

  private mutating func open(
    _ kind: Node.Kind, depth: Int, into nodes: inout [Node]
  ) throws(JSONError) -> Int {
    guard depth <= limits.depthMax else {
      throw JSONError(.tooDeep(depthMax: limits.depthMax), at: position)
    }
    nodes.append(Node(kind: kind, start: position))
    position += 1
    return nodes.count - 1
  }

  private mutating func close(_ index: Int, count: Int, in nodes: inout [Node]) {
    nodes[index].end = UInt32(truncatingIfNeeded: position)
    nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
    nodes[index].count = count
  }

  // MARK: Scalars

  private mutating func string(into nodes: inout [Node]) throws(JSONError) {
    position += 1
    let start = position
    var kind = Node.Kind.string
    skipPlainCharacters()
    while true {
      guard position < source.count else { throw expected("'\"'") }
      let byte = source[position]
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        kind = .escapedString
        try escape()
        skipPlainCharacters()
      } else if byte < 0x20 {
        throw expected("an escape in place of a control character")
      } else if byte < 0x80 {
        position += 1
      } else {
        try multibyteCharacter()
        skipPlainCharacters()
      }
    }
    nodes.append(Node(kind: kind, start: start, end: position, next: nodes.count + 1))
    position += 1
  }

  /// Goes on, eight bytes at a time, to the first that ends the string or has to be checked.
  @inline(__always)
  private mutating func skipPlainCharacters() {
    while position + 8 <= source.count {
      let plainCount = EightBytes(source, at: position).plainCount
      position += plainCount
      guard plainCount == 8 else { return }
    }
  }

  private mutating func escape() throws(JSONError) {
    guard position + 1 < source.count else { throw expected("an escape") }
    switch source[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    case UInt8(ascii: "/"):
      sawNeedlessEscape = true
      position += 2
    case UInt8(ascii: "u"):
      let unit = try hexUnit()
      switch unit {
      case 0: throw JSONError(.nulCharacter, at: position)
      case 0xD800..<0xDC00:
        let start = position
        position += 6
        guard position + 1 < source.count, source[position] == UInt8(ascii: "\\"),
          source[position + 1] == UInt8(ascii: "u"), (0xDC00..<0xE000) ~= (try hexUnit())
        else { throw JSONError(.loneSurrogate, at: start) }
      case 0xDC00..<0xE000: throw JSONError(.loneSurrogate, at: position)
      default: break
      }
      if unit >= 0x20 { sawNeedlessEscape = true }
      position += 6
    default: throw expected("one of \" \\ / b f n r t u after the backslash")
    }
  }

  /// The code unit of the `\uXXXX` at `position`.
  private func hexUnit() throws(JSONError) -> UInt32 {
    guard position + 5 < source.count else { throw expected("four hexadecimal digits") }
    var unit: UInt32 = 0
    for index in position + 2..<position + 6 {
      guard let digit = hexDigit(source[index]) else {
        throw expected("four hexadecimal digits")
      }
      unit = unit << 4 | digit
    }
    return unit
  }

  /// Checks one UTF-8 sequence: shortest form, no surrogates, at most U+10FFFF.
  private mutating func multibyteCharacter() throws(JSONError) {
    let first = source[position]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch first {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw JSONError(.invalidUTF8, at: position)
    }
    guard position + length <= source.count, second.contains(source[position + 1]) else {
      throw JSONError(.invalidUTF8, at: position)
    }
    for index in position + 2..<position + length where source[index] & 0xC0 != 0x80 {
      throw JSONError(.invalidUTF8, at: position)
    }
    position += length
  }

  private mutating func number(into nodes: inout [Node]) throws(JSONError) {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) {
      guard digits() > 0 else {
        position = start
        throw expected("a value")
      }
    }
    if take(UInt8(ascii: ".")) {
      guard digits() > 0 else { throw expected("a digit") }
    }
    var hasExponent = false
    if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      position += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard digits() > 0 else { throw expected("a digit") }
    }
    if hasExponent || position - start > 300 {
      let text = String(decoding: source[start..<position], as: UTF8.self)
      guard let value = Double(text), value.isFinite else {
        throw JSONError(.numberOutOfRange(text), at: start)
      }
    }
    nodes.append(Node(kind: .number, start: start, end: position, next: nodes.count + 1))
  }

  private mutating func digits() -> Int {
    let start = position
    while position < source.count, source[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }

  private mutating func literal(
    _ text: StaticString, _ kind: Node.Kind, into nodes: inout [Node]
  ) throws(JSONError) {
    let count = text.utf8CodeUnitCount
    guard position + count <= source.count,
      text.withUTF8Buffer({ $0.elementsEqual(source[position..<position + count]) })
    else { throw expected("a value") }
    nodes.append(
      Node(kind: kind, start: position, end: position + count, next: nodes.count + 1))
    position += count
  }

  // MARK: Tokens

  private mutating func skipWhitespace() {
    while position < source.count {
      switch source[position] {
      case 0x20, 0x0A, 0x0D, 0x09:
        sawWhitespace = true
        position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < source.count, source[position] == byte else { return false }
    position += 1
    return true
  }

  private func expected(_ what: String) -> JSONError {
    JSONError(.syntax(expected: what), at: position)
  }
}
