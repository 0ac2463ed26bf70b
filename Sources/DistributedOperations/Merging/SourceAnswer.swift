package import JSON
package import JSONLD
package import NGSILD

/// What Context Sources say of an Entity.
package protocol SourceReport: Sendable {
  /// How it is read.
  static var rules: FragmentRules { get }

  /// - Parameter parser: one for `rules`.
  /// - Throws: `badRequestData` or `invalidRequest`, with what is wrong.
  init(_ value: JSONValue, by parser: FragmentParser) throws(NGSILDError)
}

/// What they answer of an Entity: its current state or its history.
package protocol SourceFinding: SourceReport {
  var id: String { get }
  /// How many instances of Attributes it has, at least.
  var instanceCount: Int { get }
  /// What of it was asked for; nil for nothing.
  func part(askedBy read: SourceRead) -> Self?
  /// Whether it can be in an answer to `read`.
  func isAsked(by read: SourceRead) -> Bool
}

extension TemporalEntity: SourceFinding {
  package static var rules: FragmentRules { .temporalAnswer }

  package init(_ value: JSONValue, by parser: FragmentParser) throws(NGSILDError) {
    try self.init(answer: parser.temporalEntity(value))
  }

  package func part(askedBy read: SourceRead) -> TemporalEntity? { read.part(of: self) }
  package func isAsked(by read: SourceRead) -> Bool { read.asks(for: id, types: types) }
}

extension ReportedEntity: SourceReport {
  package static var rules: FragmentRules { .notification }

  package init(_ value: JSONValue, by parser: FragmentParser) throws(NGSILDError) {
    try self.init(notified: parser.entity(value))
  }
}

/// The Entities in what a Context Source answers or notifies of.
///
/// A peer's word is data, never trusted: what is no NGSI-LD makes the whole of it invalid, or, of
/// what is read later, one Entity.
package enum SourceAnswer {
  /// What an answer or a notification has, which is one Entity or an array of them.
  ///
  /// - Parameter context: the one to read names with, for each `@context` member; nil for none.
  /// - Throws: `badRequestData` or `invalidRequest`, with what is wrong.
  package static func findings<Finding: SourceReport>(
    _ value: JSONValue, context: (JSONValue?) -> Context
  ) throws(NGSILDError) -> [Finding] {
    var findings: [Finding] = []
    var parser: (context: InlineContext?, parser: FragmentParser)?
    for element in value.isArray ? Array(value.elements) : [value] {
      let embedded = element["@context"].map(InlineContext.init)
      if parser == nil || parser?.context != embedded {
        parser = (embedded, FragmentParser(context: context(embedded?.value), rules: Finding.rules))
      }
      guard let parser else { continue }
      findings.append(try Finding(element, by: parser.parser))
    }
    return findings
  }
}
