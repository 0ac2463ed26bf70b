/// The Context Brokers that a request has already passed.
///
/// Shape: `1.1 brokerA, HTTP/1.1 brokerB (comment)`, in one header field or several.
///
/// Standard: GS CIM 009, 4.3.6.4 and 6.3.18.
package struct Via: Hashable, Sendable {
  /// The fields as they came.
  private let fields: [String]
  private let pseudonyms: Set<String>

  /// Choice: an entry that is none is passed over, but sent on.
  package init(_ fields: [String] = []) {
    self.fields = fields
    pseudonyms = Set(fields.flatMap { $0.split(separator: ",") }.compactMap(Self.pseudonym))
  }

  package func contains(_ alias: String) -> Bool { pseudonyms.contains(alias) }

  /// The fields of a request that this broker sends on in its own name.
  package func passed(by alias: String) -> String {
    (fields.filter { !$0.isEmpty } + ["1.1 \(alias)"]).joined(separator: ", ")
  }

  /// How many brokers the request has passed.
  package var count: Int { pseudonyms.count }

  /// Choice: more brokers than this are taken for a loop among brokers that do not tell their
  /// names.
  package static let hopsMax = 32

  private static func pseudonym(in entry: Substring) -> String? {
    let words = entry.split(separator: " ")
    return words.count > 1 ? String(words[1]) : nil
  }
}
