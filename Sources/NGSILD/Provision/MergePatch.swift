import JSON

extension JSONValue {
  /// The value that comes out when this patch is applied to `target`.
  ///
  /// As in RFC 7396, with the NGSI-LD Null in place of null: objects are merged, a Null deletes a
  /// member, anything else replaces. A JSON-LD literal, such as `{"@type":"@json", …}`, is one
  /// value and is replaced (4.5.0).
  ///
  /// - Parameter target: nil if there is none; Nulls have nothing to delete then.
  func mergePatched(onto target: JSONValue?) -> JSONValue {
    guard isMergeable else { return self }
    return rewritten { writeMerged(onto: target, to: &$0) }
  }

  /// Whether it is an object that is more than one value.
  var isMergeable: Bool { isObject && self["@value"] == nil }

  private func writeMerged(onto target: JSONValue?, to writer: inout JSONWriter) {
    guard isMergeable else {
      writer.value(self)
      return
    }
    let target = target.flatMap { $0.isMergeable ? $0 : nil }
    let kept = target.map { Array($0.members) } ?? []
    let changes = Dictionary(members.map { ($0.name.characters, $0.value) }) { first, _ in first }
    writer.beginObject()
    for (name, value) in kept {
      let change = changes[name.characters]
      guard change?.isNGSILDNull != true else { continue }
      name.withContents { writer.name(contents: $0) }
      if let change {
        change.writeMerged(onto: value, to: &writer)
      } else {
        writer.value(value)
      }
    }
    let known = Set(kept.map(\.name.characters))
    for (name, value) in members where !value.isNGSILDNull && !known.contains(name.characters) {
      name.withContents { writer.name(contents: $0) }
      value.writeMerged(onto: nil, to: &writer)
    }
    writer.endObject()
  }

  /// The UTF-8 of a string, escapes resolved: names are the same if their bytes are.
  private var characters: [UInt8] {
    hasEscapes ? Array((string ?? "").utf8) : withContents { Array($0) }
  }
}
