package import JSON
package import NGSILD

/// Which scopes are asked for.
///
/// Shape: `/A/B` (that scope), `/A/+/C` (any level between), `/A/#` (that scope and all below it),
/// `/#` (any scope at all); `x|y` and `x,y` are either, `(x;y)` both.
/// Choice: `x;y` without parentheses is both, a missing first slash is supplied, and a level that
/// is a lone space, left by a `+` in a URL, is `+`.
///
/// Standard: scope query language (GS CIM 009, 4.19).
package struct ScopeQuery: Hashable, Sendable {
  /// An Entity is selected that has, for each term of one of the alternatives, a scope.
  package let alternatives: [[Term]]

  package struct Term: Hashable, Sendable {
    package enum Level: Hashable, Sendable {
      case name(String)
      case any
    }

    /// Empty for `/#`.
    package let levels: [Level]
    /// Whether scopes below match too.
    package let includesDescendants: Bool

    package init(levels: [Level], includesDescendants: Bool) {
      self.levels = levels
      self.includesDescendants = includesDescendants
    }
  }

  package init(alternatives: [[Term]]) { self.alternatives = alternatives }

  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(parsing text: String, limits: QueryLimits = QueryLimits()) throws(NGSILDError) {
    var cursor = try TextCursor(text, of: "scopeQ", limits: limits)
    var alternatives: [[Term]] = []
    repeat {
      alternatives.append(try cursor.allOf())
    } while cursor.take(anyOf: "|", ",")
    guard cursor.isAtEnd else { throw cursor.expected("';', '|', ',' or the end") }
    self.alternatives = alternatives
  }
}

extension ScopeQuery: CustomStringConvertible {
  package var description: String {
    alternatives.map { terms in
      let text = terms.map(\.description).joined(separator: ";")
      return terms.count == 1 ? text : "(\(text))"
    }.joined(separator: "|")
  }
}

extension ScopeQuery.Term: CustomStringConvertible {
  package var description: String {
    let path = levels.map { level in
      switch level {
      case .name(let name): "/\(name)"
      case .any: "/+"
      }
    }
    return path.joined() + (includesDescendants ? "/#" : "")
  }
}

// MARK: Matching

extension ScopeQuery {
  /// Whether an Entity with these scopes is selected; a first slash may be missing.
  package func matches(scopes: [String]) -> Bool {
    let paths = scopes.map { $0.split(separator: "/") }
    return alternatives.contains { terms in
      terms.allSatisfy { term in paths.contains { term.matches($0) } }
    }
  }

  /// Whether an Entity in stored form is selected.
  package func matches(_ entity: JSONValue) -> Bool {
    guard let scope = entity["scope"] else { return false }
    return matches(
      scopes: scope.isArray ? scope.elements.compactMap(\.string) : [scope.string ?? ""])
  }
}

extension ScopeQuery.Term {
  fileprivate func matches(_ path: [Substring]) -> Bool {
    guard !path.isEmpty,
      includesDescendants ? path.count >= levels.count : path.count == levels.count
    else { return false }
    return zip(levels, path).allSatisfy { level, name in
      switch level {
      case .name(let expected): expected.utf8.elementsEqual(name.utf8)
      case .any: true
      }
    }
  }
}

// MARK: Parsing

extension TextCursor {
  fileprivate mutating func allOf() throws(NGSILDError) -> [ScopeQuery.Term] {
    let hasParentheses = take("(")
    var terms: [ScopeQuery.Term] = []
    repeat {
      terms.append(try scopeTerm())
    } while take(";")
    if hasParentheses { try expect(")") }
    return terms
  }

  private mutating func scopeTerm() throws(NGSILDError) -> ScopeQuery.Term {
    var levels: [ScopeQuery.Term.Level] = []
    if isAt("#") { throw expected("a scope, such as /Madrid/Gardens") }
    _ = take("/")
    repeat {
      if take("#") { return ScopeQuery.Term(levels: levels, includesDescendants: true) }
      levels.append(try scopeLevel())
    } while take("/")
    return ScopeQuery.Term(levels: levels, includesDescendants: false)
  }

  private mutating func scopeLevel() throws(NGSILDError) -> ScopeQuery.Term.Level {
    let start = position
    let level = take(until: { "/,;|()".utf8.contains($0) })
    if level == "+" || level == " " { return .any }
    guard isShortName(level) else {
      position = start
      throw expected("a level: a letter, then letters, numbers and '_'; '+' or '#'")
    }
    return .name(level)
  }
}
