/// The URLs of contexts that brokers host.
///
/// Standard: resource `/jsonldContexts/{contextId}` (GS CIM 009, 6.30).
package enum HostedContextURL {
  package static let path = "/ngsi-ld/v1/jsonldContexts/"

  /// The id that `url` ends in, if it has the shape of one that a broker like this one hosts.
  ///
  /// Whatever stands before the path: one broker is known by many names, and an id by its own.
  package static func id(in url: String) -> String? {
    guard let slash = url.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    let name = url.utf8.index(after: slash)
    guard url[..<name].hasSuffix(path) else { return nil }
    let id = url[name...]
    return isID(id) ? String(id) : nil
  }

  /// Whether this is a UUID in lower case.
  private static func isID(_ text: Substring) -> Bool {
    let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12]
      && groups.joined().allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }
}
