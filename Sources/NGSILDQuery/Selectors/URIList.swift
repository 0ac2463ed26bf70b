package import JSONLD
package import NGSILD

/// Reads a comma-separated list of URIs, such as `id` and `containedBy`.
///
/// - Throws: `badRequestData` that names the one at fault.
package func parseURIs(_ text: String, as name: String) throws(NGSILDError) -> [IRI] {
  guard text.utf8.count <= QueryLimits().bytesMax else {
    throw NGSILDError(.tooComplexQuery, "\(name) is longer than \(QueryLimits().bytesMax) bytes")
  }
  var uris: [IRI] = []
  for part in text.split(separator: ",", omittingEmptySubsequences: false) {
    uris.append(try parseURI(String(part), as: name))
  }
  return uris
}

func parseURI(_ text: String, as name: String) throws(NGSILDError) -> IRI {
  guard isAbsoluteIRI(text) else {
    throw .badRequestData("\(name) '\(text.bounded)' is no URI, such as urn:ngsi-ld:Building:1")
  }
  return IRI(text)
}

extension Query {
  /// Reads a comma-separated list of Attribute names, such as `expandValues` and `jsonKeys`.
  ///
  /// The latter has no effect here: compound values are stored as received, and members in brackets
  /// are their keys as they stand.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package static func attributeNames(
    parsing text: String, as language: String, expander: any NameExpander
  ) throws(NGSILDError) -> Set<IRI> {
    var cursor = try TextCursor(text, of: language, limits: QueryLimits())
    var names: Set<IRI> = []
    repeat {
      let name = try cursor.name("the name of an Attribute") { $0 == UInt8(ascii: ",") }
      names.insert(try expander.expandedName(name))
    } while cursor.take(",")
    guard cursor.isAtEnd else { throw cursor.expected("',' or the end") }
    return names
  }
}
