package import JSONLD
package import NGSILD

/// Which Entity types are asked for.
///
/// Shape: `A`, `A|B` and `A,B` (either), `(A;B)` (both), `*` (any).
/// Choice: `A;B` without parentheses and `(A|B)`, outside the grammar but in use, are both and
/// either.
///
/// Standard: entity type selection language (GS CIM 009, 4.17).
package enum TypeSelection: Hashable, Sendable {
  case any
  /// An Entity is selected that has all the types of one of the alternatives.
  case anyOf([[IRI]])

  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    parsing text: String, expander: some NameExpander, limits: QueryLimits = QueryLimits()
  ) throws(NGSILDError) {
    guard text != "*" else {
      self = .any
      return
    }
    var cursor = try TextCursor(text, of: "type", limits: limits)
    var alternatives: [[IRI]] = []
    repeat {
      alternatives += try cursor.alternatives(expander)
    } while cursor.take(anyOf: "|", ",")
    guard cursor.isAtEnd else { throw cursor.expected("';', '|', ',' or the end") }
    self = .anyOf(alternatives)
  }

  package func matches(types: some Collection<IRI>) -> Bool {
    switch self {
    case .any: true
    case .anyOf(let alternatives): alternatives.contains { $0.allSatisfy(types.contains) }
    }
  }
}

extension TypeSelection: CustomStringConvertible {
  package var description: String { text { $0.bracketed } }

  /// The text with each type named by `name`, such as its short name in some @context.
  package func text(naming name: (IRI) -> String) -> String {
    switch self {
    case .any: "*"
    case .anyOf(let alternatives):
      alternatives.map { types in
        let text = types.map(name).joined(separator: ";")
        return types.count == 1 ? text : "(\(text))"
      }.joined(separator: "|")
    }
  }
}

extension TextCursor {
  /// One alternative, or those that stand in parentheses.
  fileprivate mutating func alternatives(
    _ expander: some NameExpander
  ) throws(NGSILDError) -> [[IRI]] {
    guard take("(") else { return [try allOf(expander)] }
    var alternatives: [[IRI]] = []
    repeat {
      alternatives.append(try allOf(expander))
    } while take(anyOf: "|", ",")
    try expect(")")
    return alternatives
  }

  private mutating func allOf(_ expander: some NameExpander) throws(NGSILDError) -> [IRI] {
    var types: [IRI] = []
    repeat {
      let name = try name("the name or IRI of an Entity type") { ",;|()".utf8.contains($0) }
      types.append(try expander.expandedName(name))
    } while take(";")
    return types
  }
}
