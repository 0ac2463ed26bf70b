import JSON
import JSONLD
import NGSILD

extension TextCursor {
  /// Reads one operand.
  mutating func value() throws(NGSILDError) -> Query.Value {
    if isAt("\"") { return .string(try quotedString()) }
    if let iri = try bracketedIRI() { return .uri(IRI(iri)) }
    let start = position
    let token = take(until: isBareValueEnd)
    if let (first, count) = rangeStart(token) {
      position = start + count
      return first
    }
    guard let value = try bareValue(token) else {
      position = start
      throw expected(
        "a number, true, false, DateTime, Date, Time or URI, or a string in double quotes")
    }
    return value
  }

  /// The value before `..`, and its length, if `token` is a range.
  private func rangeStart(_ token: String) -> (Query.Value, count: Int)? {
    guard let dots = firstIndex(ofDotsIn: token.utf8) else { return nil }
    let before = String(token[..<dots])
    let number = (try? jsonNumber(before, of: language)).map(Query.Value.number)
    let value = number ?? Temporal(before).map(Query.Value.init)
    return value.map { ($0, before.utf8.count) }
  }

  private func firstIndex(ofDotsIn utf8: String.UTF8View) -> String.Index? {
    guard utf8.count > 1 else { return nil }
    return zip(utf8.indices, utf8.indices.dropFirst()).first {
      utf8[$0] == UInt8(ascii: ".") && utf8[$1] == UInt8(ascii: ".")
    }?.0
  }

  /// A token without quotes; nil if it is no value.
  ///
  /// Choice: a bare word is a string, so that `gender==Male` can be asked; one that begins like a
  /// number or DateTime, or has a character of another construct, is refused rather than compared
  /// in vain.
  private func bareValue(_ token: String) throws(NGSILDError) -> Query.Value? {
    if token == "true" { return .boolean(true) }
    if token == "false" { return .boolean(false) }
    if let number = try jsonNumber(token, of: language) { return .number(number) }
    if let temporal = Temporal(token) { return Query.Value(temporal) }
    if isAbsoluteIRI(token) { return .uri(IRI(token)) }
    guard let first = token.utf8.first, !"'+-.0123456789".utf8.contains(first),
      firstIndex(ofDotsIn: token.utf8) == nil,
      token.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !"\"<>=!~(){}[]\\".utf8.contains($0) })
    else { return nil }
    return .string(token)
  }

  /// Reads a JSON string.
  mutating func quotedString() throws(NGSILDError) -> String {
    let end = try endOfQuotes()
    defer { position = end }
    guard let string = try? JSONValue(parsing: Array(bytes[position..<end])).string else {
      throw expected("a JSON string, with a backslash only before \" \\ / b f n r t u")
    }
    return string
  }

  /// The position after the quote that ends what the one here begins.
  private func endOfQuotes() throws(NGSILDError) -> Int {
    var end = position + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
      end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard end < bytes.count else { throw expected("a '\"' that ends the string") }
    return end + 1
  }

  // MARK: Patterns

  /// Reads the operand of `~=` and `!~=`.
  ///
  /// Choice: in quotes all belongs to the pattern as it stands, except that `\"` is a quote; a JSON
  /// string would double every backslash of the pattern.
  mutating func pattern() throws(NGSILDError) -> Pattern {
    let start = position
    if isAt("\"") {
      let end = try endOfQuotes()
      position = end
      return try Pattern(unescapedQuotes(text(start + 1..<end - 1)))
    }
    if try readsAsRange() {
      throw expected("a pattern; a range goes with '==' or '!='")
    }
    let text = try barePattern()
    guard !text.isEmpty else {
      position = start
      throw expected("a regular expression, in double quotes if it contains ';', '|' or ','")
    }
    return try Pattern(unescapedQuotes(text))
  }

  /// Whether values and `..` follow, which would be a pattern only by accident.
  private func readsAsRange() throws(NGSILDError) -> Bool {
    var ahead = self
    let token = ahead.take(until: isBareValueEnd)
    guard let (_, count) = rangeStart(token) else { return false }
    return try bareValue(String(token.utf8.dropFirst(count + 2)) ?? "") != nil
  }

  /// Reads up to a `;`, `|` or `)` that is neither escaped nor in parentheses or brackets.
  private mutating func barePattern() throws(NGSILDError) -> String {
    let start = position
    var depth = 0
    var isInBraces = false
    while let byte = current {
      switch byte {
      case UInt8(ascii: ";") where depth == 0, UInt8(ascii: "|") where depth == 0,
        UInt8(ascii: ")") where depth == 0:
        return text(start..<position)
      case UInt8(ascii: ",") where depth == 0 && !isInBraces:
        throw expected("a pattern in double quotes, if this ',' is part of it")
      case UInt8(ascii: "\\"): position += 1
      case UInt8(ascii: "["): skipBracketExpression()
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: "{"): isInBraces = true
      case UInt8(ascii: "}"): isInBraces = false
      default: break
      }
      position = min(position + 1, bytes.count)
    }
    return text(start..<position)
  }

  /// Moves from the `[` here to its `]`.
  private mutating func skipBracketExpression() {
    position += isAt("[^") ? 2 : 1
    if isAt("]") { position += 1 }
    while let byte = current, byte != UInt8(ascii: "]") {
      position = min(position + (byte == UInt8(ascii: "\\") ? 2 : 1), bytes.count)
    }
  }
}

/// `pattern` with each `\"` turned into `"`, which means the same.
private func unescapedQuotes(_ pattern: String) -> String {
  guard pattern.utf8.contains(UInt8(ascii: "\"")) else { return pattern }
  var result: [UInt8] = []
  var pending = false
  for byte in pattern.utf8 {
    if pending && byte == UInt8(ascii: "\"") { result.removeLast() }
    result.append(byte)
    pending = byte == UInt8(ascii: "\\") && !pending
  }
  return String(decoding: result, as: UTF8.self)
}

/// Whether a byte ends a value without quotes.
func isBareValueEnd(_ byte: UInt8) -> Bool { ";|),".utf8.contains(byte) }
