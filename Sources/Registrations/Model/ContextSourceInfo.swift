package import NGSILD
package import Subscriptions

/// What requests to a source are to be like: header fields, and how the source is spoken to.
///
/// Values may be secrets; they are never logged.
///
/// Standard: GS CIM 009, 4.3.6.5, 4.3.6.6 and 6.3.19.
package struct ContextSourceInfo: Sendable {
  package enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case jsonLD = "application/ld+json"
  }

  /// All, as given.
  package let pairs: [KeyValuePair]
  /// What is sent as header fields.
  ///
  /// Of those that are `isFromRequest` the value is taken from the request that causes another one;
  /// where that has none, nothing is sent.
  package private(set) var headers: [KeyValuePair] = []
  /// What the source is to answer in.
  package private(set) var accept: MediaType?
  /// In what the source is sent bodies.
  package private(set) var contentType: MediaType?
  /// The URL of the context by which names in requests to the source are compacted.
  package private(set) var jsonldContext: String?
  /// The version of the standard that the source knows.
  package private(set) var conformance: SpecificationVersion?
  /// The URL of the OAuth 2.0 endpoint whose tokens requests to the source bear.
  ///
  /// Choice: the standard has no key for it. What this broker is to tell that endpoint is its
  /// operator's to know.
  package private(set) var tokenEndpoint: String?

  package init() {
    pairs = []
  }

  /// - Throws: `badRequestData`.
  init(_ pairs: [KeyValuePair]) throws(NGSILDError) {
    self.pairs = pairs
    for pair in pairs {
      guard try !take(reserved: pair) else { continue }
      try pair.requireHeader(of: "contextSourceInfo")
      if !unsentHeaders.contains(pair.key.lowercased()) { headers.append(pair) }
    }
    guard tokenEndpoint == nil || !headers.contains(where: \.isAuthorization) else {
      throw .badRequestData(
        "'contextSourceInfo' has both 'tokenEndpoint' and 'Authorization'; one of them is expected")
    }
  }

  /// Reads a pair that is an instruction to the broker; returns whether it is one.
  private mutating func take(reserved pair: KeyValuePair) throws(NGSILDError) -> Bool {
    switch pair.key {
    case "accept": accept = try mediaType(pair)
    case "contentType": contentType = try mediaType(pair)
    case "jsonldContext":
      try requireHTTPURL(pair.value, as: "'jsonldContext' in 'contextSourceInfo'")
      jsonldContext = pair.value
    case "ngsildConformance": conformance = try version(pair)
    case "tokenEndpoint":
      try requireHTTPURL(pair.value, as: "'tokenEndpoint' in 'contextSourceInfo'")
      tokenEndpoint = pair.value
    default: return false
    }
    return true
  }
}

extension KeyValuePair {
  fileprivate var isAuthorization: Bool { key.lowercased() == "authorization" }
}

private func mediaType(
  _ pair: KeyValuePair
) throws(NGSILDError) -> ContextSourceInfo.MediaType {
  guard let type = ContextSourceInfo.MediaType(rawValue: pair.value) else {
    throw .badRequestData(
      "'\(pair.key)' in 'contextSourceInfo' is '\(pair.value.prefix(100))'; application/json or "
        + "application/ld+json is expected")
  }
  return type
}

private func version(_ pair: KeyValuePair) throws(NGSILDError) -> SpecificationVersion {
  guard let version = SpecificationVersion(parsing: pair.value) else {
    throw .badRequestData(
      "'\(pair.key)' in 'contextSourceInfo' is '\(pair.value.prefix(100))'; a version of NGSI-LD "
        + "is expected, such as '1.6'")
  }
  return version
}

/// Fields of a connection and of its messages, and those that the broker itself sets; in lower
/// case.
private let unsentHeaders: Set = [
  "ngsild-tenant", "via", "content-length", "content-type", "link", "host", "connection",
  "transfer-encoding", "expect", "te", "trailer", "upgrade", "keep-alive", "proxy-connection",
]
