package import JSONLD
package import NGSILD

extension Query {
  /// - Parameters:
  ///   - language: what the user calls the text, `q` or `csf`.
  ///   - expandValues: Attributes whose string operands are names, which `expander` expands.
  ///   - isPercentEncoded: whether the text stands in a JSON body, where clients may have encoded
  ///     it as for a URL.
  /// - Throws: `badRequestData` with the place of the fault, `tooComplexQuery`.
  package init(
    parsing text: String, as language: String = "q", expander: any NameExpander,
    expandValues: Set<IRI> = [], isPercentEncoded: Bool = false,
    limits: QueryLimits = QueryLimits()
  ) throws(NGSILDError) {
    let text = isPercentEncoded ? try percentDecoded(text, of: language) : text
    var parser = QueryParser(
      cursor: try TextCursor(text, of: language, limits: limits), expander: expander,
      expandValues: expandValues, termsLeft: limits.termsMax)
    self = try parser.disjunction(depth: 0)
    guard parser.cursor.isAtEnd else {
      throw parser.cursor.expected("an operator, ';', '|' or the end")
    }
  }
}

/// Reads `q` by recursive descent, a function for each rule of the grammar.
private struct QueryParser {
  var cursor: TextCursor
  let expander: any NameExpander
  let expandValues: Set<IRI>
  var termsLeft: Int

  mutating func disjunction(depth: Int) throws(NGSILDError) -> Query {
    var parts: [Query] = []
    repeat {
      parts.append(try conjunction(depth: depth))
    } while cursor.take("|")
    return .any(parts)
  }

  private mutating func conjunction(depth: Int) throws(NGSILDError) -> Query {
    var parts: [Query] = []
    repeat {
      parts.append(try association(depth: depth))
    } while cursor.take(";")
    return .all(parts)
  }

  private mutating func association(depth: Int) throws(NGSILDError) -> Query {
    guard cursor.take("(") else { return .term(try term()) }
    try cursor.requireDepth(depth + 1)
    let inner = try disjunction(depth: depth + 1)
    try cursor.expect(")")
    return inner
  }

  private mutating func term() throws(NGSILDError) -> Query.Term {
    guard termsLeft > 0 else {
      throw NGSILDError(.tooComplexQuery, "\(cursor.language) has too many conditions")
    }
    termsLeft -= 1
    let isNegated = cursor.take("!")
    let path = try path(depth: 0)
    guard isNegated else { return Query.Term(path, try condition(on: path)) }
    if let byte = cursor.current, "=!<>~".utf8.contains(byte) {
      throw cursor.expected("';', '|' or the end, as '!' asks that the Attribute is absent")
    }
    return Query.Term(path, .absent)
  }

  private mutating func condition(on path: Query.Path) throws(NGSILDError) -> Query.Condition {
    let expands = path.valuePath.holdsNames(expandValues)
    if cursor.take("!~=") { return .matchesNot(try cursor.pattern()) }
    if cursor.take("~=") { return .matches(try cursor.pattern()) }
    if cursor.take("!=") { return .unequal(try operand(expands: expands)) }
    if cursor.take("==") { return .equal(try operand(expands: expands)) }
    if cursor.take(">=") { return .ordered(.greaterOrEqual, try orderedValue()) }
    if cursor.take(">") { return .ordered(.greater, try orderedValue()) }
    if cursor.take("<=") { return .ordered(.lessOrEqual, try orderedValue()) }
    if cursor.take("<") { return .ordered(.less, try orderedValue()) }
    return .exists
  }

  // MARK: Paths

  private mutating func path(depth: Int) throws(NGSILDError) -> Query.Path {
    let start = cursor.position
    let name = try cursor.name("the name of an Attribute")
    guard cursor.take("{") else {
      cursor.position = start
      return .value(try cursor.valuePath(expander))
    }
    try cursor.requireDepth(depth + 1)
    let types = try typeHint()
    let inner = try path(depth: depth + 1)
    try cursor.expect("}")
    return .linked(relationship: try expander.expandedName(name), types: types, path: inner)
  }

  /// Reads `Type,Type:`, and nothing if what follows is no hint.
  ///
  /// Choice: `{ex:name}` is the type `ex` and the Attribute `name`; a prefixed name within braces
  /// has to stand in angle brackets, in full.
  private mutating func typeHint() throws(NGSILDError) -> [IRI] {
    let start = cursor.position
    var types: [IRI] = []
    repeat {
      guard let name = try cursor.simpleName() else { break }
      types.append(try expander.expandedName(name))
    } while cursor.take(",")
    if !types.isEmpty, !cursor.isAt("://"), cursor.take(":") { return types }
    if types.count > 1 { throw cursor.expected("':' after the types") }
    cursor.position = start
    return []
  }

  // MARK: Operands

  private mutating func operand(expands: Bool) throws(NGSILDError) -> Query.Operand {
    let first = try cursor.value()
    if cursor.take("..") {
      let start = cursor.position
      let last = try cursor.value()
      guard first.isComparable, first.isOfSameKind(as: last) else {
        cursor.position = start
        throw cursor.expected(
          "a range between two numbers, two quoted strings, two DateTimes, Dates or Times")
      }
      return .range(first, last)
    }
    var values = [try expanded(first, expands)]
    while cursor.take(",") { values.append(try expanded(cursor.value(), expands)) }
    return .anyOf(values)
  }

  private func expanded(
    _ value: Query.Value, _ expands: Bool
  ) throws(NGSILDError) -> Query.Value {
    guard expands else { return value }
    switch value {
    case .string(let name) where isName(name): return .uri(try expander.expandedName(name))
    case .uri(let iri): return .uri(try expander.expandedName(iri.text))
    default: return value
    }
  }

  private mutating func orderedValue() throws(NGSILDError) -> Query.Value {
    let start = cursor.position
    let value = try cursor.value()
    if case .boolean = value {
      cursor.position = start
      throw cursor.expected("a number, string, DateTime, Date or Time, which have an order")
    }
    if cursor.isAt("..") || cursor.isAt(",") {
      throw cursor.expected("one value; a range or a list goes with '==' or '!='")
    }
    return value
  }
}

extension ValuePath {
  /// Whether string operands that are compared with the target are to be expanded.
  fileprivate func holdsNames(_ expandValues: Set<IRI>) -> Bool {
    if let member { return member.holdsNames }
    return attributes.last.map(expandValues.contains) ?? false
  }
}

extension Query.Value {
  fileprivate var isComparable: Bool {
    switch self {
    case .number, .string, .dateTime, .date, .time: true
    case .boolean, .uri: false
    }
  }

  fileprivate func isOfSameKind(as other: Query.Value) -> Bool {
    switch (self, other) {
    case (.number, .number), (.string, .string), (.dateTime, .dateTime), (.date, .date),
      (.time, .time):
      true
    default: false
    }
  }
}
