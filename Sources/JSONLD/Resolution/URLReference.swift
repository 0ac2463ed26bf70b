/// The URL that a reference means in a document at `base`.
package func absoluteURL(of reference: String, relativeTo base: String) -> String {
  URLReference(reference).resolved(against: URLReference(base))
}

/// A URL or a relative reference, cut into its parts.
///
/// Standard: RFC 3986, appendix B and 5.2.
struct URLReference {
  private(set) var scheme: Substring?
  private var authority: Substring?
  private var path: Substring
  private var query: Substring?

  init(_ text: String) {
    var rest = text[...]
    if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
    if let mark = rest.firstIndex(of: "?") {
      query = rest[rest.index(after: mark)...]
      rest = rest[..<mark]
    }
    if let colon = rest.firstIndex(of: ":"), Self.isScheme(rest[..<colon]) {
      scheme = rest[..<colon]
      rest = rest[rest.index(after: colon)...]
    }
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex(of: "/") ?? rest.endIndex
      authority = rest[..<end]
      rest = rest[end...]
    }
    path = rest
  }

  /// Whether a document can be fetched from here.
  var isHTTP: Bool {
    guard let scheme = scheme?.lowercased(), let authority else { return false }
    return (scheme == "http" || scheme == "https") && !authority.isEmpty
  }

  /// The URL that this reference means in a document at `base`, without a fragment.
  func resolved(against base: URLReference) -> String {
    var target = self
    if scheme == nil {
      target.scheme = base.scheme
      if authority == nil {
        target.authority = base.authority
        target.path = merged(with: base)
        if path.isEmpty, query == nil { target.query = base.query }
      }
    }
    target.path = Self.withoutDotSegments(target.path)[...]
    return target.text
  }

  private func merged(with base: URLReference) -> Substring {
    if path.isEmpty { return base.path }
    if path.hasPrefix("/") { return path }
    if base.path.isEmpty { return "/" + path }
    guard let slash = base.path.lastIndex(of: "/") else { return path }
    return base.path[...slash] + path
  }

  private static func withoutDotSegments(_ path: Substring) -> String {
    var segments: [Substring] = []
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      switch part {
      case ".": if isLast { segments.append("") }
      case "..":
        if segments.count > 1 || segments.first.map({ !$0.isEmpty }) ?? false {
          segments.removeLast()
        }
        if isLast { segments.append("") }
      default: segments.append(part)
      }
    }
    return segments.joined(separator: "/")
  }

  private var text: String {
    var text = ""
    if let scheme { text += "\(scheme):" }
    if let authority { text += "//\(authority)" }
    text += path
    if let query { text += "?\(query)" }
    return text
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.first, first.isASCII, first.isLetter else { return false }
    return text.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == "-" || $0 == ".")
    }
  }
}
