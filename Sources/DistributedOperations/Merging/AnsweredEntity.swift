package import JSON
import JSONLD
package import NGSILD

/// An Entity in a source's answer, of which no more is read than which one it is until the rest is
/// needed: most Entities that many sources answer are on other pages.
package struct AnsweredEntity: SourceFinding {
  package let id: String
  private let types: [IRI]
  fileprivate let value: JSONValue
  /// What its names are read with.
  fileprivate let context: Context
  /// Those that were asked for; empty for all.
  fileprivate var attributes: Set<IRI> = []

  package static var rules: FragmentRules { .answer }

  package init(_ value: JSONValue, by parser: FragmentParser) throws(NGSILDError) {
    (id, types) = try parser.identity(of: value)
    context = parser.context
    self.value = value
  }

  /// Of each Attribute, one is known of without reading it.
  package var instanceCount: Int { value.count }

  package func part(askedBy read: SourceRead) -> AnsweredEntity? {
    guard read.holds(id, types) else { return nil }
    var part = self
    part.attributes = read.attributes
    return part
  }

  package func isAsked(by read: SourceRead) -> Bool { read.asks(for: id, types: types) }
}

/// Reads what sources answered of Entities; for one task, as it remembers names.
package struct AnsweredEntityReader {
  private var parsers: [ObjectIdentifier: FragmentParser] = [:]

  package init() {}

  /// What of an Entity was asked for.
  ///
  /// - Throws: `badRequestData` or `invalidRequest`, with what is wrong.
  package mutating func entity(_ answered: AnsweredEntity) throws(NGSILDError) -> Entity {
    var entity = try Entity(answer: parser(for: answered.context).entity(answered.value))
    if !answered.attributes.isEmpty {
      entity.attributes.removeAll { !answered.attributes.contains($0.name) }
    }
    return entity
  }

  private mutating func parser(for context: Context) -> FragmentParser {
    let key = ObjectIdentifier(context)
    if let parser = parsers[key] { return parser }
    let parser = FragmentParser(context: context, rules: AnsweredEntity.rules)
    parsers[key] = parser
    return parser
  }
}
