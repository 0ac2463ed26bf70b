/// The JSON-LD context links in `Link` headers (GS CIM 009, 6.3.5).
package enum LinkHeader {
  private static let contextRelation = "http://www.w3.org/ns/json-ld#context"

  /// The value that points to `url`, in the spelling that clients compare with.
  package static func context(_ url: String) -> String {
    "<\(url)>; rel=\"\(contextRelation)\"; type=\"application/ld+json\""
  }

  /// The URL of the one context link; nil without one. Other links are passed over.
  ///
  /// - Throws: `badRequestData` for more than one (JSON-LD 1.1, 6.2).
  package static func contextURL(in values: [String]) throws(NGSILDError) -> String? {
    var urls: [String] = []
    for value in values {
      for link in split(value) {
        guard let end = link.firstIndex(of: ">"), link.hasPrefix("<") else { continue }
        let attributes = link[end...].dropFirst().split(separator: ";").map(\.trimmed)
        let isContext = attributes.contains { attribute in
          let parts = attribute.split(separator: "=", maxSplits: 1).map(\.trimmed)
          return parts.count == 2 && parts[0].lowercased() == "rel"
            && parts[1].filter { $0 != "\"" } == contextRelation
        }
        if isContext { urls.append(String(link[link.index(after: link.startIndex)..<end])) }
      }
    }
    guard urls.count < 2 else {
      throw .badRequestData("The Link header names \(urls.count) JSON-LD contexts; one is expected")
    }
    return urls.first
  }

  /// Splits at commas outside of `<>` and quotes.
  private static func split(_ value: String) -> [String] {
    var links: [String] = []
    var link = ""
    var inAngle = false
    var inQuotes = false
    for character in value {
      switch character {
      case "<" where !inQuotes: inAngle = true
      case ">" where !inQuotes: inAngle = false
      case "\"" where !inAngle: inQuotes.toggle()
      case "," where !inAngle && !inQuotes:
        links.append(link.trimmed)
        link = ""
        continue
      default: break
      }
      link.append(character)
    }
    links.append(link.trimmed)
    return links
  }
}

extension StringProtocol {
  /// Without the spaces and tabs at both ends.
  package var trimmed: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var text = self[...]
    while let last = text.last, isBlank(last) { text = text.dropLast() }
    return String(text.drop(while: isBlank))
  }
}
