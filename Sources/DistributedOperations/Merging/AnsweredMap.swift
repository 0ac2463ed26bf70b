package import JSON

/// What a Context Source answers that has made an EntityMap: which Entities it has found, and what
/// to name the map by.
///
/// Standard: GS CIM 009, 5.2.39 and 5.14.4.
package struct AnsweredMap: Sendable {
  package let id: String
  package let entities: [String]

  /// nil for what is no EntityMap.
  package init?(_ value: JSONValue) {
    guard value["type"]?.isString("EntityMap") ?? false, let id = value["id"]?.string,
      let entities = value["entityMap"], entities.isObject
    else { return nil }
    self.id = id
    self.entities = entities.members.compactMap { $0.name.string }
  }
}
