package import JSON
package import JSONLD
package import NGSILD

/// Which Entities are asked for, by type and id.
///
/// Shape: `{"type":"Building","id":["urn:ngsi-ld:Building:1"],"idPattern":"^urn:.*"}`. A list of
/// selectors selects what any of them does.
///
/// Standard: GS CIM 009, 5.2.33 and 5.7.2.
package struct EntitySelector: Hashable, Sendable {
  /// Nil if none is given: all types, without what `*` implies.
  package let types: TypeSelection?
  /// Empty for all.
  package let ids: [IRI]
  package let idPattern: Pattern?

  package init(types: TypeSelection? = nil, ids: [IRI] = [], idPattern: Pattern? = nil) {
    self.types = types
    self.ids = ids
    self.idPattern = idPattern
  }

  /// Reads the parameters of a URL; `id` and `idPattern` have both to match.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    type: String?, id: String?, idPattern: String?, expander: some NameExpander
  ) throws(NGSILDError) {
    types = try type.map { text throws(NGSILDError) in
      try TypeSelection(parsing: text, expander: expander)
    }
    ids = try id.map { text throws(NGSILDError) in try parseURIs(text, as: "id") } ?? []
    self.idPattern = try idPattern.map { text throws(NGSILDError) in try Pattern(text) }
  }

  /// Reads an element of `entities` in a Query or Subscription, in which `id` takes precedence over
  /// `idPattern`.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(_ value: JSONValue, expander: some NameExpander) throws(NGSILDError) {
    guard value.isObject else {
      throw .badRequestData("'entities' holds \(value.rawText.bounded), which is no JSON object")
    }
    for (name, _) in value.members where !Self.members.contains(name.string ?? "") {
      throw .badRequestData(
        "'entities' has an element with the unknown member '\((name.string ?? "").bounded)'")
    }
    guard let type = value["type"]?.string else {
      throw .badRequestData("Each element of 'entities' needs 'type', a string")
    }
    types = try TypeSelection(parsing: type, expander: expander)
    ids = try value["id"].map(Self.ids) ?? []
    if let pattern = value["idPattern"] {
      guard let text = pattern.string else {
        throw .badRequestData("'idPattern' \(pattern.rawText.bounded) is no string")
      }
      let compiled = try Pattern(text)
      idPattern = ids.isEmpty ? compiled : nil
    } else {
      idPattern = nil
    }
  }

  /// Reads the array `entities` of a Query or Subscription.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package static func list(
    _ value: JSONValue, expander: some NameExpander
  ) throws(NGSILDError) -> [EntitySelector] {
    guard value.isArray, value.count > 0 else {
      throw .badRequestData("'entities' is no array of one or more elements")
    }
    var selectors: [EntitySelector] = []
    for element in value.elements {
      selectors.append(try EntitySelector(element, expander: expander))
    }
    return selectors
  }

  private static let members: Set = ["type", "id", "idPattern"]

  private static func ids(_ value: JSONValue) throws(NGSILDError) -> [IRI] {
    if let text = value.string { return [try parseURI(text, as: "id")] }
    guard value.isArray, value.count > 0 else {
      throw .badRequestData("'id' \(value.rawText.bounded) is no URI or array of URIs")
    }
    var ids: [IRI] = []
    for element in value.elements {
      ids.append(try parseURI(element.string ?? element.rawText, as: "id"))
    }
    return ids
  }

  package func matches(id: IRI, types actual: some Collection<IRI>) -> Bool {
    (types?.matches(types: actual) ?? true) && (ids.isEmpty || ids.contains(id))
      && (idPattern?.matches(id.text) ?? true)
  }

  /// What the selector selects among these Entities; nil for nothing.
  package func restricted(to ids: [String]) -> EntitySelector? {
    let ids = ids.map { IRI($0) }.filter { id in
      (self.ids.isEmpty || self.ids.contains(id)) && (idPattern?.matches(id.text) ?? true)
    }
    return ids.isEmpty ? nil : EntitySelector(types: types, ids: ids)
  }

  /// Whether an Entity in stored form is selected.
  package func matches(_ entity: JSONValue) -> Bool {
    guard let id = entity["id"]?.string, let types = entity["type"] else { return false }
    return matches(
      id: IRI(id), types: types.elementsOrSelf.compactMap { $0.string.map { IRI($0) } })
  }
}
