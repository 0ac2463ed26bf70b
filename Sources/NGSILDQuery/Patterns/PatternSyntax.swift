/// What of a pattern lies outside POSIX extended regular expressions, as PostgreSQL and PCRE2 both
/// read them; nil if nothing does.
///
/// Beyond POSIX the character classes `\d \w \s`, their opposites, `\n \r \t \f`, lazy quantifiers
/// and `(?:` are in the common part. Backreferences, lookaround, possessive quantifiers and the
/// like are not: two engines would disagree, and their cost is not counted by PCRE2's match limit.
/// What is no expression at all is left to PCRE2 to find.
struct PatternSyntax {
  private(set) var unsupportedPart: String?
  /// Characters, and sets of them, that it consists of when repetitions with bounds are written
  /// out, or more than `limit`. Both engines build as many states.
  private(set) var size = 0

  init(of text: String, limit: Int) {
    var scan = PatternScan(bytes: Array(text.utf8), sizeMax: limit)
    unsupportedPart = scan.run()
    size = scan.size
  }
}

private struct PatternScan {
  let bytes: [UInt8]
  let sizeMax: Int
  var position = 0
  /// Sizes of the groups that are open, the whole first.
  private var groups = [0]
  private var atomSize = 0

  init(bytes: [UInt8], sizeMax: Int) {
    self.bytes = bytes
    self.sizeMax = sizeMax
  }

  var size: Int { groups.reduce(0, +) }

  /// Whether a quantifier may stand here.
  var isAfterAtom = false

  private static let repetitionsMax = 255

  mutating func run() -> String? {
    while position < bytes.count, size <= sizeMax {
      if let part = step() { return part }
    }
    return nil
  }

  private mutating func step() -> String? {
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\\"): return escape()
    case UInt8(ascii: "["):
      skipBracket()
      add(atomOf: 1)
    case UInt8(ascii: "("):
      isAfterAtom = false
      groups.append(0)
      guard isAt("?") || isAt("*") else { return nil }
      guard isAt("?:") else { return "'(\(character(at: position))'" }
      position += 2
      return nil
    case UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "$"):
      isAfterAtom = false
      return nil
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      return quantifier(String(UnicodeScalar(byte)))
    case UInt8(ascii: "{"):
      guard let bounds = bounds() else { return "'{' without a repetition such as '{2,5}'" }
      return quantifier(bounds)
    case UInt8(ascii: ")"): if groups.count > 1 { add(atomOf: max(1, groups.removeLast())) }
    default: add(atomOf: 1)
    }
    isAfterAtom = true
    return nil
  }

  private mutating func add(atomOf size: Int) {
    atomSize = size
    groups[groups.count - 1] += size
  }

  private mutating func repeatAtom(_ count: Int) {
    groups[groups.count - 1] += atomSize * (count - 1)
  }

  private mutating func quantifier(_ text: String) -> String? {
    guard isAfterAtom else { return "'\(text)', which repeats nothing" }
    if isAt("?") { position += 1 }
    isAfterAtom = false
    return nil
  }

  private mutating func escape() -> String? {
    isAfterAtom = true
    add(atomOf: 1)
    guard position < bytes.count else { return nil }
    let byte = bytes[position]
    guard !isASCIIAlphanumeric(byte) || "dDwWsSnrtf".utf8.contains(byte) else {
      return "'\\\(character(at: position))'"
    }
    position += 1
    return nil
  }

  /// Reads `2}`, `2,}` or `2,5}` after a brace; nil if it is none or over the limit.
  private mutating func bounds() -> String? {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
    let parts = bytes[position..<end].split(
      separator: UInt8(ascii: ","), maxSplits: 1, omittingEmptySubsequences: false)
    var count = 1
    for (index, part) in parts.enumerated() where !(index == 1 && part.isEmpty) {
      guard part.allSatisfy({ 48...57 ~= $0 }),
        let number = Int(String(decoding: part, as: UTF8.self)), number <= Self.repetitionsMax
      else { return nil }
      count = max(count, number)
    }
    repeatAtom(count)
    let text = String(decoding: bytes[(position - 1)...end], as: UTF8.self)
    position = end + 1
    return text
  }

  /// Moves past the bracket expression that has been opened.
  private mutating func skipBracket() {
    if isAt("^") { position += 1 }
    if isAt("]") { position += 1 }
    while position < bytes.count, !isAt("]") {
      if isAt("[:") {
        position += 2
        while position < bytes.count, !isAt(":]") { position += 1 }
        position += 2
      } else {
        position += isAt("\\") ? 2 : 1
      }
    }
    position = min(position + 1, bytes.count)
  }

  private func isAt(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[min(position, bytes.count)...].starts(with: $0) }
  }

  private func character(at index: Int) -> Character {
    String(decoding: bytes[index...], as: UTF8.self).first ?? " "
  }
}
