package import JSON
package import JSONLD
package import NGSILD

/// Which instances of Attributes are answered, by their datasetId.
///
/// Shape: `urn:ngsi-ld:dataset:1,@none`, in a body an array; `@none` is the default instance.
///
/// Standard: GS CIM 009, 4.5.5.
package struct DatasetSelection: Hashable, Sendable {
  package let ids: [IRI]
  package let includesDefault: Bool

  package init(ids: [IRI], includesDefault: Bool) {
    self.ids = ids
    self.includesDefault = includesDefault
  }

  /// - Throws: `badRequestData`.
  package init(parsing text: String) throws(NGSILDError) {
    try self.init(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
  }

  /// Reads the array of a body.
  ///
  /// - Throws: `badRequestData`.
  package init(_ value: JSONValue) throws(NGSILDError) {
    let strings = value.elements.compactMap(\.string)
    guard value.isArray, value.count > 0, strings.count == value.count else {
      throw .badRequestData("'datasetId' is no array of one or more strings")
    }
    try self.init(strings)
  }

  private init(_ texts: [String]) throws(NGSILDError) {
    var ids: [IRI] = []
    var includesDefault = false
    for text in texts {
      if text == "@none" {
        includesDefault = true
      } else {
        ids.append(try parseURI(text, as: "datasetId"))
      }
    }
    self.init(ids: ids, includesDefault: includesDefault)
  }

  /// Whether the instance with this datasetId, nil for the default one, is answered.
  package func keeps(_ datasetId: IRI?) -> Bool {
    guard let datasetId else { return includesDefault }
    return ids.contains(datasetId)
  }
}

extension DatasetSelection: CustomStringConvertible {
  package var description: String {
    (ids.map(\.text) + (includesDefault ? ["@none"] : [])).joined(separator: ",")
  }
}
