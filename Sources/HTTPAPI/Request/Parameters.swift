import NGSILD

/// The decoded parameters of a query string.
struct Parameters: Sendable {
  /// In the order in which they came.
  let list: [(name: String, value: String)]

  /// Splits and decodes; `+` is a space, as in forms (common clients send it so).
  ///
  /// - Throws: `badRequestData` for broken encoding, a repeated name or an empty value.
  init(query: String?) throws(NGSILDError) {
    var list: [(name: String, value: String)] = []
    for pair in Array((query ?? "").utf8).split(separator: UInt8(ascii: "&")) {
      let mark = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      guard let name = percentDecoded(pair[..<mark], plusIsSpace: true),
        let value = percentDecoded(pair[mark...].dropFirst(), plusIsSpace: true)
      else {
        let pair = String(decoding: pair, as: UTF8.self)
        throw .badRequestData("The parameter '\(pair)' is not percent-encoded UTF-8 without NUL")
      }
      guard !list.contains(where: { $0.name == name }) else {
        throw .badRequestData("The parameter '\(name)' is given twice")
      }
      list.append((name, value))
    }
    self.list = list
  }

  subscript(_ name: String) -> String? { list.first { $0.name == name }?.value }

  /// Refuses names that the operation does not define (6.3.20), and empty values.
  func require(knownTo operation: Operation) throws(NGSILDError) {
    let known = operation.parameters
    for (name, _) in list where !known.contains(name) {
      let expected = known.isEmpty ? "none is" : known.sorted().joined(separator: ", ") + " are"
      throw NGSILDError(
        .invalidRequest, "The parameter '\(name)' is unknown here; \(expected) defined")
    }
    for (name, value) in list where value.isEmpty {
      throw .badRequestData("The parameter '\(name)' is empty; a value is expected")
    }
  }

  /// `true` or `false`; the default where it is absent.
  func boolean(_ name: String, default: Bool = false) throws(NGSILDError) -> Bool {
    switch self[name] {
    case nil: return `default`
    case "true"?: return true
    case "false"?: return false
    case let other?:
      throw .badRequestData("The parameter '\(name)' is '\(other)'; true or false is expected")
    }
  }

  /// A whole number in `range`; nil where it is absent.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(NGSILDError) -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), text.first != "+", range.contains(number) else {
      let expected =
        range.upperBound == .max
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
      throw .badRequestData("The parameter '\(name)' is '\(text)'; \(expected) is expected")
    }
    return number
  }

  /// The tokens of a comma-separated list; nil where it is absent.
  ///
  /// - Throws: `badRequestData` for an empty token.
  func tokens(_ name: String) throws(NGSILDError) -> [String]? {
    guard let text = self[name] else { return nil }
    let tokens = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard tokens.allSatisfy({ !$0.isEmpty }) else {
      throw .badRequestData("The parameter '\(name)' is '\(text)', a list with an empty item")
    }
    return tokens
  }

  /// The tokens of `options`, each of which must be among `known` (6.3.7).
  func options(among known: Set<String>) throws(NGSILDError) -> Set<String> {
    let options = try tokens("options") ?? []
    for option in options where !known.contains(option) {
      throw NGSILDError(
        .invalidRequest,
        "The option '\(option)' is unknown here; \(known.sorted().joined(separator: ", ")) is "
          + "expected")
    }
    return Set(options)
  }
}
