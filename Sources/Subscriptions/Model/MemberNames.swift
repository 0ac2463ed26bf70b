package import JSONLD
package import NGSILD
package import NGSILDQuery

extension NameExpander {
  /// The IRI of a name of an Attribute or Entity type.
  ///
  /// - Parameters:
  ///   - kind: what it is a name of, such as "Attribute".
  ///   - title: of the member that it stands in.
  /// - Throws: `badRequestData` for what is no name, or one that the Core reserves.
  package func expandedName(
    _ text: String, as kind: String, in title: String
  ) throws(NGSILDError) -> IRI {
    try requireName(text, as: "The \(kind) of \(title)")
    let iri = expand(text)
    let reserved = Context.coreTerm(for: iri).flatMap { NGSILD.CoreMember($0) }
    guard reserved == nil, iri.text.utf8.contains(UInt8(ascii: ":")) else {
      throw .badRequestData("\(title) names '\(text)', which is no \(kind)")
    }
    return iri
  }
}

/// Checks that `url` is an http or https URL with a host.
///
/// - Throws: `badRequestData` naming `role`.
package func requireHTTPURL(_ url: String, as role: String) throws(NGSILDError) {
  let isHTTP = url.hasPrefix("http://") || url.hasPrefix("https://")
  guard isHTTP, isURI(url), let host = url.split(separator: "/").dropFirst().first, !host.isEmpty
  else {
    throw .badRequestData("\(role) '\(url.prefix(200))' is no http or https URL")
  }
}
