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
  /// What the text is made of, the same for all values of the parameters.
  enum Source: Sendable, Equatable {
    /// Text with a zero byte in the place of each parameter: no statement contains one.
    case template([UInt8])
    case statement(Statement)
  }

  let source: Source
  package let parameters: Parameters

  /// A statement with its parameters in the order of `$1`, `$2`, ...
  package init(_ statement: Statement, _ parameters: Parameters) {
    precondition(
      statement.parameterCount == parameters.count,
      "A statement needs as many parameters as its text names")
    source = .statement(statement)
    self.parameters = parameters
  }

  private init(template: [UInt8], parameters: Parameters) {
    source = .template(template)
    self.parameters = parameters
  }

  /// The text with `$1`, `$2`, ... in the place of the parameters.
  package var text: String {
    switch source {
    case .statement(let statement): return statement.text
    case .template(let template):
      let pieces = template.split(separator: 0, omittingEmptySubsequences: false)
      var text = String(decoding: pieces[0], as: UTF8.self)
      for (index, piece) in pieces.dropFirst().enumerated() {
        text += "$\(index + 1)"
        text += String(decoding: piece, as: UTF8.self)
      }
      return text
    }
  }

  /// A broken invariant for a `Statement`: its text is fixed.
  private var template: [UInt8] {
    guard case .template(let template) = source else {
      preconditionFailure("A Statement is whole and is not spliced into another")
    }
    return template
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
    self.init(template: Array(text.utf8), parameters: Parameters())
  }

  package init(stringInterpolation: StringInterpolation) {
    self.init(
      template: stringInterpolation.template, parameters: stringInterpolation.parameters)
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate(set) var template: [UInt8] = []
    fileprivate(set) var parameters = Parameters()

    package init(literalCapacity: Int, interpolationCount: Int) {
      template.reserveCapacity(literalCapacity + 32 * interpolationCount)
    }

    package mutating func appendLiteral(_ text: String) { add(text) }

    package mutating func appendInterpolation(_ value: some ParameterValue) {
      parameters.append(value)
      template.append(0)
    }

    /// A name of a table, a column or the like that varies; it is quoted.
    package mutating func appendInterpolation(identifier: String) {
      precondition(!identifier.utf8.contains(0), "An identifier holds no NUL")
      let quote = UInt8(ascii: "\"")
      template.append(quote)
      for byte in identifier.utf8 {
        if byte == quote { template.append(quote) }
        template.append(byte)
      }
      template.append(quote)
    }

    package mutating func appendInterpolation(_ part: SQL) {
      template += part.template
      parameters.append(contentsOf: part.parameters)
    }

    private mutating func add(_ text: String) { template += text.utf8 }
  }
}

extension SQL {
  package static func + (left: SQL, right: SQL) -> SQL { "\(left)\(right)" }

  /// One part after the other, with `separator` between them.
  package static func joined(_ parts: some Collection<SQL>, by separator: SQL) -> SQL {
    if parts.count == 1, let only = parts.first { return only }
    var joined = StringInterpolation(literalCapacity: 0, interpolationCount: parts.count)
    for (index, part) in parts.enumerated() {
      if index > 0 { joined.appendInterpolation(separator) }
      joined.appendInterpolation(part)
    }
    return SQL(stringInterpolation: joined)
  }
}
