import NGSILDQuery

extension Pattern {
  /// Characters with which every text begins that matches; empty unless the pattern says so
  /// plainly, as `^urn:ngsi-ld:Vehicle:` does.
  var literalPrefix: String {
    // By code points, which is what PCRE2 reads: a `Character` may begin with an operator.
    let all = text.unicodeScalars
    guard all.first == "^", !all.contains("|") else { return "" }
    let rest = all.dropFirst()
    let prefix = rest.prefix { !Self.operators.contains($0) }
    guard prefix.endIndex < rest.endIndex, "*?{".unicodeScalars.contains(rest[prefix.endIndex])
    else { return String(prefix) }
    // The last character may be missing.
    return String(prefix.dropLast())
  }

  private static let operators: Set<Unicode.Scalar> = Set(".[]()*+?{}\\^$|".unicodeScalars)
}
