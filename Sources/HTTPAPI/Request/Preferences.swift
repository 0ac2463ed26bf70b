import NGSILD

/// What a request's `Prefer` headers wish for.
///
/// Standard: RFC 7240; GS CIM 009, 4.3.6.8 and 6.3.6.
struct Preferences: Sendable {
  /// The version of the standard that the answer keeps to, as `ngsi-ld=1.5` asks; nil without one.
  ///
  /// Choice: a version that is unknown here is passed over, as any unknown preference.
  private(set) var version: SpecificationVersion?
  /// Whether GeoJSON carries the `@context`; not with `body=json`.
  private(set) var embedsContext = true

  init(_ values: [String]) {
    for value in values {
      for preference in splitOutsideQuotes(value, at: ",") { add(preference) }
    }
  }

  /// The first of several preferences of one name counts (RFC 7240, 2).
  private mutating func add(_ preference: String) {
    let token = splitOutsideQuotes(preference, at: ";").first ?? ""
    let parts = token.split(separator: "=", maxSplits: 1).map(\.trimmed)
    guard parts.count == 2 else { return }
    let value = parts[1].filter { $0 != "\"" }
    switch parts[0].lowercased() {
    case "ngsi-ld" where version == nil:
      version = SpecificationVersion(parsing: value).flatMap { $0 <= .own ? $0 : nil }
    case "body": embedsContext = value.lowercased() != "json"
    default: break
    }
  }
}

/// The parts of a header field's value, trimmed.
func splitOutsideQuotes(_ value: String, at separator: Character) -> [String] {
  var parts: [String] = []
  var part = ""
  var inQuotes = false
  for character in value {
    if character == "\"" { inQuotes.toggle() }
    if character == separator && !inQuotes {
      parts.append(part.trimmed)
      part = ""
    } else {
      part.append(character)
    }
  }
  return parts + [part.trimmed]
}
