/// Where something is on the web, in a form in which places can be compared.
///
/// Choice: URLs that different readers could take for different places are none: with a user, an
/// escape, a backslash, a query, or `.` and `..` in the path.
struct SourceLocation: Hashable, Sendable {
  /// In lower case.
  let scheme: String
  /// In lower case; an IPv6 address stands in brackets.
  let host: String
  let port: Int
  let path: [String]

  init?(_ url: String) {
    guard let scheme = ["https", "http"].first(where: { url.lowercased().hasPrefix("\($0)://") })
    else { return nil }
    let rest = url.dropFirst(scheme.count + 3)
    let authority = rest.prefix { $0 != "/" }
    guard let (host, port) = Self.hostAndPort(authority) else { return nil }
    self.scheme = scheme
    self.host = host.lowercased()
    self.port = port ?? (scheme == "https" ? 443 : 80)
    var path = rest.dropFirst(authority.count)
    while path.last == "/" { path.removeLast() }
    guard path.utf8.allSatisfy(Self.pathBytes.contains) else { return nil }
    self.path =
      path.isEmpty
      ? []
      : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard self.path.allSatisfy({ !["", ".", ".."].contains($0) }) else { return nil }
  }

  /// Whether `other` is at this place or below it.
  func contains(_ other: SourceLocation) -> Bool {
    scheme == other.scheme && host == other.host && port == other.port
      && other.path.starts(with: path)
  }

  private static func hostAndPort(_ authority: Substring) -> (host: Substring, port: Int?)? {
    let host: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[...end]
      guard host.dropFirst().dropLast().utf8.allSatisfy(addressBytes.contains) else { return nil }
    } else {
      host = authority.prefix { $0 != ":" }
      guard host.utf8.allSatisfy(nameBytes.contains) else { return nil }
    }
    guard !host.isEmpty else { return nil }
    let rest = authority[host.endIndex...]
    guard !rest.isEmpty else { return (host, nil) }
    guard rest.first == ":", let port = UInt16(rest.dropFirst()) else { return nil }
    return (host, Int(port))
  }

  private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
  private static let nameBytes = Set((letters + "-._").utf8)
  private static let addressBytes = Set("0123456789abcdefABCDEF:.".utf8)
  private static let pathBytes = Set((letters + "-._~!$&'()*+,;=:@/").utf8)
}
