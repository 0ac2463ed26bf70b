package import JSON
package import JSONLD
package import NGSILD

/// The Entities in what a Context Source answers or notifies of.
///
/// A peer's word is data, never trusted: what is no NGSI-LD makes the whole of it invalid.
package enum SourceAnswer {
  /// The Entities of an answer, which is one or an array of them.
  ///
  /// - Parameter context: the one to read names with, for each `@context` member; nil for none.
  /// - Throws: `badRequestData` or `invalidRequest`, with what is wrong.
  package static func entities(
    _ value: JSONValue, context: (JSONValue?) -> Context
  ) throws(NGSILDError) -> [Entity] {
    var entities: [Entity] = []
    for fragment in try fragments(value, by: .answer, context) {
      entities.append(try Entity(answer: fragment))
    }
    return entities
  }

  /// The Entities in the `data` of a notification.
  ///
  /// - Parameter context: as for an answer.
  /// - Throws: as for an answer.
  package static func reported(
    _ data: JSONValue, context: (JSONValue?) -> Context
  ) throws(NGSILDError) -> [ReportedEntity] {
    var entities: [ReportedEntity] = []
    for fragment in try fragments(data, by: .notification, context) {
      entities.append(try ReportedEntity(notified: fragment))
    }
    return entities
  }

  private static func fragments(
    _ value: JSONValue, by rules: FragmentRules, _ context: (JSONValue?) -> Context
  ) throws(NGSILDError) -> [EntityFragment] {
    var fragments: [EntityFragment] = []
    var parser: (context: JSONValue?, parser: FragmentParser)?
    for element in value.isArray ? Array(value.elements) : [value] {
      let embedded = element["@context"]
      if parser == nil || parser?.context?.rawText != embedded?.rawText {
        parser = (embedded, FragmentParser(context: context(embedded), rules: rules))
      }
      guard let parser else { continue }
      fragments.append(try parser.parser.entity(element))
    }
    return fragments
  }
}
