package import JSON
package import JSONLD
package import NGSILD

/// The Entities in the body of a Context Source's answer.
///
/// A peer's answer is data, never trusted: what is no NGSI-LD makes the whole answer invalid.
package enum SourceAnswer {
  /// The Entities of an answer, which is one or an array of them.
  ///
  /// - Parameter context: the one to read names with, for each `@context` member; nil for none.
  /// - Throws: `badRequestData` or `invalidRequest`, with what is wrong.
  package static func entities(
    _ value: JSONValue, context: (JSONValue?) -> Context
  ) throws(NGSILDError) -> [Entity] {
    var entities: [Entity] = []
    var parser: (context: JSONValue?, parser: FragmentParser)?
    for element in value.isArray ? Array(value.elements) : [value] {
      let embedded = element["@context"]
      if parser == nil || parser?.context?.rawText != embedded?.rawText {
        parser = (embedded, FragmentParser(context: context(embedded), rules: .answer))
      }
      guard let parser else { continue }
      entities.append(try Entity(answer: parser.parser.entity(element)))
    }
    return entities
  }
}
