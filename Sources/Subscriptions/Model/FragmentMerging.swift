package import JSON
package import NGSILD

/// What a fragment of an update and what it changes make together (GS CIM 009, 5.5.8).
///
/// - Throws: `invalidRequest` for what crosses the limits of JSON only together.
package func mergedDocument(
  _ write: (inout JSONWriter) -> Void
) throws(NGSILDError) -> JSONValue {
  var writer = JSONWriter(reservingCapacity: 1024)
  write(&writer)
  do throws(JSONError) {
    return try JSONValue(parsing: writer.bytes)
  } catch {
    throw NGSILDError(.invalidRequest, "The fragment is too deep or too large: \(error)")
  }
}

extension JSONValue {
  /// Whether a member with this value is removed by an update.
  package var isRemoval: Bool { isNull || isNGSILDNull }
}

extension JSONWriter {
  /// Writes an object with the members of `fragment` in place of those of `old`.
  ///
  /// - Parameter nested: members that are merged with those of `outer`.
  package mutating func writeMerged(
    _ old: JSONValue?, _ fragment: JSONValue, within outer: JSONValue? = nil,
    of nested: Set<String> = []
  ) {
    beginObject()
    if let old {
      for (name, value) in old.members where fragment[named: name.string ?? ""] == nil {
        self.name(name.string ?? "")
        raw(value.rawText)
      }
    }
    for (name, value) in fragment.members where !value.isRemoval {
      let name = name.string ?? ""
      self.name(name)
      let before = nested.contains(name) ? outer?[named: name] : old?[named: name]
      if let before, before.isObject, value.isObject {
        writeMerged(before, value)
      } else {
        raw(value.rawText)
      }
    }
    endObject()
  }
}
