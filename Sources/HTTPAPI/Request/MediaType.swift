/// The media types that bodies come in.
enum MediaType: String, Sendable {
  case json = "application/json"
  case jsonLD = "application/ld+json"
  case geoJSON = "application/geo+json"
  case csv = "text/csv"
  case mergePatch = "application/merge-patch+json"

  /// The type that a `Content-Type` value names, its parameters left aside.
  init?(contentType: String) {
    let type = contentType.prefix { $0 != ";" }.trimmed.lowercased()
    self.init(rawValue: type)
  }

  /// The best of `available` for an `Accept` value (RFC 9110, 12.5.1); nil if none is acceptable.
  ///
  /// On equal weight the order of `available` decides. A weight that cannot be read counts as 1.
  static func negotiate(_ accept: String?, among available: [MediaType]) -> MediaType? {
    guard let accept else { return available.first }
    let ranges = accept.split(separator: ",").map(MediaRange.init)
    var best: (type: MediaType, weight: Double)?
    for type in available {
      let match = ranges.filter { $0.matches(type) }.max { $0.specificity < $1.specificity }
      guard let weight = match?.weight, weight > best?.weight ?? 0 else { continue }
      best = (type, weight)
    }
    return best?.type
  }
}

private struct MediaRange {
  let range: String
  let weight: Double

  init(_ text: Substring) {
    let parts = text.split(separator: ";").map { $0.trimmed.lowercased() }
    range = parts.first ?? ""
    let quality = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
    weight = quality.flatMap { Double($0) } ?? 1
  }

  var specificity: Int {
    switch range {
    case "*/*": 0
    case _ where range.hasSuffix("/*"): 1
    default: 2
    }
  }

  func matches(_ type: MediaType) -> Bool {
    range == "*/*" || range == type.rawValue
      || range.hasSuffix("/*") && type.rawValue.hasPrefix(range.dropLast())
  }
}
