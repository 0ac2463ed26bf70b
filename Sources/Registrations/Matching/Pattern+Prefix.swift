import NGSILDQuery

extension Pattern {
  /// Characters with which every text begins that matches; empty unless the pattern says so
  /// plainly, as `^urn:ngsi-ld:Vehicle:` does.
  var literalPrefix: String {
    guard text.hasPrefix("^"), !text.contains("|") else { return "" }
    let rest = text.dropFirst()
    let prefix = rest.prefix { !Self.operators.contains($0) }
    guard let next = rest.dropFirst(prefix.count).first, "*?{".contains(next) else {
      return String(prefix)
    }
    // The last character may be missing.
    return String(prefix.dropLast())
  }

  private static let operators: Set<Character> = Set(".[]()*+?{}\\^$|")
}
