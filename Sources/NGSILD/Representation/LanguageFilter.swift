/// Which language of a LanguageProperty is wanted.
///
/// Shape: `fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5`, of which greater weights come first; quotes around it
/// are tolerated.
///
/// Standard: language filter (GS CIM 009, 4.15); RFC 3282; RFC 4647, 3.4.
package struct LanguageFilter: Hashable, Sendable {
  package static let rangesMax = 64

  /// Language ranges in lower case, the most wanted first; `*` is any language.
  package let ranges: [String]
  /// Ranges with the weight zero.
  package let unwanted: [String]

  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(parsing text: String) throws(NGSILDError) {
    let list = unquoted(text)
    let parts = list.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count <= Self.rangesMax else {
      throw NGSILDError(
        .tooComplexQuery, "lang lists more than \(Self.rangesMax) languages")
    }
    var weighted: [(range: String, weight: Int)] = []
    for part in parts {
      guard let range = weightedRange(part) else {
        throw .badRequestData(
          "lang '\(text.prefix(100))' has '\(part.prefix(100))', which is no language tag with or "
            + "without a weight, such as 'fr;q=0.9'")
      }
      weighted.append(range)
    }
    // `sorted` does not promise to leave equals in their order.
    let wanted = weighted.enumerated().filter { $0.element.weight > 0 }.sorted {
      ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset)
    }
    ranges = wanted.map(\.element.range)
    unwanted = weighted.filter { $0.weight == 0 }.map(\.range)
  }

  /// The tag of the language to answer; nil only of no tags.
  ///
  /// A range finds itself, then a tag that extends it, `en-US` for `en`, then the same less its
  /// last subtag, `nl` for `nl-BE`. If none finds any, `@none` is answered, else the first tag.
  package func choose(from tags: [String]) -> String? {
    let acceptable = tags.filter { tag in !unwanted.contains { extends(tag.lowercased(), $0) } }
    let candidates = acceptable.isEmpty ? tags : acceptable
    for range in ranges {
      if let tag = lookUp(range, in: candidates) { return tag }
    }
    return candidates.first { $0 == "@none" } ?? candidates.first
  }

  private func lookUp(_ range: String, in tags: [String]) -> String? {
    if range == "*" { return tags.first }
    var range = range[...]
    while !range.isEmpty {
      if let tag = tags.first(where: { $0.lowercased() == range }) { return tag }
      if let tag = tags.first(where: { extends($0.lowercased(), range) }) { return tag }
      range = range[..<(range.lastIndex(of: "-") ?? range.startIndex)]
    }
    return nil
  }
}

extension LanguageFilter: CustomStringConvertible {
  package var description: String {
    let count = ranges.count
    let wanted = ranges.enumerated().map { index, range in
      index == 0 ? range : "\(range);q=0.\(thousandths(1000 - index * 1000 / (count + 1)))"
    }
    return (wanted + unwanted.map { "\($0);q=0" }).joined(separator: ",")
  }
}

private func thousandths(_ weight: Int) -> String {
  let digits = "\(weight)"
  return String(repeating: "0", count: 3 - digits.count) + digits
}

/// Whether `tag` is `range`, or begins with it and `-`.
private func extends(_ tag: String, _ range: some StringProtocol) -> Bool {
  tag == range || tag.hasPrefix("\(range)-")
}

private func unquoted(_ text: String) -> String {
  text.utf8.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"")
    ? String(text.dropFirst().dropLast()) : text
}

/// Reads `tag` or `tag;q=0.9`; the weight is in thousandths.
private func weightedRange(_ text: Substring) -> (range: String, weight: Int)? {
  let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
  guard 1...2 ~= parts.count, isLanguageRange(parts[0]) else { return nil }
  let range = parts[0].lowercased()
  guard parts.count == 2 else { return (range, 1000) }
  guard parts[1].hasPrefix("q=") || parts[1].hasPrefix("Q=") else { return nil }
  return weight(parts[1].dropFirst(2)).map { (range, $0) }
}

private func trimmed(_ text: Substring) -> Substring {
  var text = text.drop { $0 == " " }
  while text.last == " " { text.removeLast() }
  return text
}

private func isLanguageRange(_ text: Substring) -> Bool {
  if text == "*" { return true }
  let subtags = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
  return text.utf8.count <= 64 && subtags[0].allSatisfy(isLetter)
    && subtags.allSatisfy { 1...8 ~= $0.count && $0.allSatisfy { isLetter($0) || 48...57 ~= $0 } }
}

/// Reads a number from 0 to 1 with at most three decimals, as thousandths.
private func weight(_ text: Substring) -> Int? {
  let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
  guard let whole = parts.first, whole == "0" || whole == "1" else { return nil }
  let decimals = parts.count == 2 ? parts[1] : ""
  guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
  let padded = decimals + String(repeating: "0", count: 3 - decimals.utf8.count)
  guard let fraction = Int(padded) else { return nil }
  let weight = (whole == "1" ? 1000 : 0) + fraction
  return weight <= 1000 ? weight : nil
}
