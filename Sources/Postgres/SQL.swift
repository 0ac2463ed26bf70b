/// The text of a statement, or of a part of one, together with its parameters.
///
/// An interpolated value becomes `$1`, never text; an interpolated `SQL` is spliced in, and its
/// parameters are numbered anew, so that a statement can be composed of parts:
///
/// ```swift
/// let filter: SQL = "price < \(limit)"
/// let query: SQL = "SELECT id FROM \(identifier: table) WHERE type = \(type) AND \(filter)"
/// ```
package struct SQL: Sendable {
  private enum Source: Sendable {
    /// The text before, between and after the parameters: one piece more than parameters.
    case pieces([String])
    case statement(Statement)
  }

  private let source: Source
  package let parameters: Parameters

  /// A statement with its parameters in the order of `$1`, `$2`, ...
  package init(_ statement: Statement, _ parameters: Parameters) {
    precondition(
      statement.parameterCount == parameters.count,
      "A statement needs as many parameters as its text names")
    source = .statement(statement)
    self.parameters = parameters
  }

  private init(pieces: [String], parameters: Parameters) {
    source = .pieces(pieces)
    self.parameters = parameters
  }

  /// The text with `$1`, `$2`, ... in the place of the parameters.
  package var text: String {
    switch source {
    case .statement(let statement): return statement.text
    case .pieces(let pieces):
      var text = pieces[0]
      for (index, piece) in pieces.dropFirst().enumerated() {
        text += "$\(index + 1)"
        text += piece
      }
      return text
    }
  }

  /// The statement that was written whole, if it was.
  var statement: Statement? {
    if case .statement(let statement) = source { statement } else { nil }
  }

  /// A broken invariant for a `Statement`: its text is fixed.
  private var pieces: [String] {
    guard case .pieces(let pieces) = source else {
      preconditionFailure("A Statement is whole and is not spliced into another")
    }
    return pieces
  }
}

extension SQL: Hashable {
  package static func == (left: SQL, right: SQL) -> Bool {
    left.parameters == right.parameters && left.text == right.text
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(text)
    hasher.combine(parameters)
  }
}

extension SQL: CustomStringConvertible {
  package var description: String { parameters.count == 0 ? text : "\(text) [\(parameters)]" }
}

extension SQL: ExpressibleByStringInterpolation {
  package init(stringLiteral text: String) {
    self.init(pieces: [text], parameters: Parameters())
  }

  package init(stringInterpolation: StringInterpolation) {
    self.init(pieces: stringInterpolation.pieces, parameters: stringInterpolation.parameters)
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate(set) var pieces: [String] = [""]
    fileprivate(set) var parameters = Parameters()

    package init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(interpolationCount + 1)
    }

    package mutating func appendLiteral(_ text: String) { add(text) }

    package mutating func appendInterpolation(_ value: some ParameterValue) {
      parameters.append(value)
      pieces.append("")
    }

    /// A name of a table, a column or the like that varies; it is quoted.
    package mutating func appendInterpolation(identifier: String) {
      precondition(!identifier.utf8.contains(0), "An identifier holds no NUL")
      add(
        "\""
          + identifier.split(separator: "\"", omittingEmptySubsequences: false)
          .joined(separator: "\"\"") + "\"")
    }

    package mutating func appendInterpolation(_ part: SQL) {
      let spliced = part.pieces
      add(spliced[0])
      pieces.append(contentsOf: spliced.dropFirst())
      parameters.append(contentsOf: part.parameters)
    }

    private mutating func add(_ text: String) { pieces[pieces.count - 1] += text }
  }
}

extension SQL {
  package static func + (left: SQL, right: SQL) -> SQL { "\(left)\(right)" }

  /// One part after the other, with `separator` between them.
  package static func joined(_ parts: some Collection<SQL>, by separator: SQL) -> SQL {
    var joined = StringInterpolation(literalCapacity: 0, interpolationCount: parts.count)
    for (index, part) in parts.enumerated() {
      if index > 0 { joined.appendInterpolation(separator) }
      joined.appendInterpolation(part)
    }
    return SQL(stringInterpolation: joined)
  }
}
