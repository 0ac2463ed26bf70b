/// What a reader of an incomplete answer is told: a value of the header `NGSILD-Warning`.
///
/// Standard: GS CIM 009, 6.3.17.
package struct SourceWarning: Hashable, Sendable {
  package enum Code: Int, Sendable {
    /// A cached answer was used although it is no longer fresh.
    case stale = 110
    /// The answer is no NGSI-LD, or too long.
    case invalid = 111
    /// No answer in time, or a loop.
    case unanswered = 199
    /// An error response.
    case refused = 299
  }

  /// As it stands in the header.
  package let text: String

  /// - Parameter agent: the alias of the broker that warns.
  package init(_ code: Code, by agent: String, _ message: String) {
    text = "\(code.rawValue) \(agent) \"\(message.filter(Self.mayBeQuoted))\""
  }

  /// One that a Context Source gave, to be sent on; nil for what has no such shape.
  ///
  /// A source sends on warnings of others; more than `relayedMax` of one source, or longer ones,
  /// are not.
  package init?(relayed text: String) {
    let words = text.split(separator: " ", maxSplits: 2)
    guard words.count == 3, Int(words[0]).flatMap(Code.init) != nil, text.utf8.count <= 500,
      text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) })
    else { return nil }
    self.text = text
  }

  package static let relayedMax = 8

  private static func mayBeQuoted(_ character: Character) -> Bool {
    character.isASCII && character != "\"" && character != "\\" && !character.isNewline
  }
}
