/// The words that JSON-LD 1.1 reserves (1.7, Syntax Tokens and Keywords).
enum Keyword {
  private static let all: Set<String> = [
    "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included",
    "@index", "@json", "@language", "@list", "@nest", "@none", "@prefix", "@propagate",
    "@protected", "@reverse", "@set", "@type", "@value", "@version", "@vocab",
  ]

  /// Keywords with a meaning as entries of a context, `@type` apart.
  static let contextEntries: Set<String> = [
    "@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version",
    "@vocab",
  ]

  static func contains(_ text: String) -> Bool { looksAlike(text) && all.contains(text) }

  /// Whether `text` is a keyword or may become one; the latter define nothing and mean nothing.
  static func looksAlike(_ text: String) -> Bool { text.utf8.first == UInt8(ascii: "@") }
}
