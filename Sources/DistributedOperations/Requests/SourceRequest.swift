package import JSONLD
import NGSILD
package import Registrations

/// A request to a Context Source, as it goes out.
///
/// Standard: GS CIM 009, 4.3.6.1, 6.3.14, 6.3.18 and 6.3.19.
package struct SourceRequest: Hashable, Sendable {
  package let method: String
  package let url: String
  package let headers: [Header]
  package let body: [UInt8]
  /// What it is to bear a token for; nil for none.
  package let grant: SourceGrant?

  package struct Header: Hashable, Sendable {
    package let name: String
    package let value: String

    package static func == (one: Header, other: Header) -> Bool {
      one.name.isExactly(other.name) && one.value.isExactly(other.value)
    }
  }

  /// Byte by byte, as a source is free to tell such requests apart.
  package static func == (one: SourceRequest, other: SourceRequest) -> Bool {
    one.url.isExactly(other.url) && one.method == other.method && one.headers == other.headers
      && one.body == other.body && one.grant == other.grant
  }
}

/// How one Context Source is addressed on behalf of one request.
package struct SourceAddress: Sendable {
  package let registration: Registration
  package let origin: RequestOrigin
  /// Whose names the source is addressed with: that of its registration's `jsonldContext`, or else
  /// that of the request.
  package let context: Context

  package init(_ registration: Registration, _ origin: RequestOrigin, context: Context) {
    self.registration = registration
    self.origin = origin
    self.context = context
  }

  /// - Parameters:
  ///   - path: below `/ngsi-ld/v1`, encoded.
  ///   - parameters: not encoded.
  ///   - body: nil for none; its `@context` is added where the source wants it there.
  ///   - entityMap: the id of the source's own map that it is to use; nil for none.
  ///   - marksLocal: whether `local` tells the source to keep to its own data, where it is to.
  package func request(
    _ method: String, _ path: String, _ parameters: [(name: String, value: String)] = [],
    body: SourceBody? = nil, entityMap: String? = nil, marksLocal: Bool = true
  ) -> SourceRequest {
    var parameters = parameters
    if marksLocal && registration.isLocalOnly { parameters.append(("local", "true")) }
    let pairs = parameters.map { "\($0.name)=\(percentEncoded($0.value))" }
    let query = pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    return SourceRequest(
      method: method, url: base + path + query,
      headers: headers(hasBody: body != nil, entityMap),
      body: body?.bytes(embedding: embedded) ?? [],
      grant: registration.grant(in: origin.tenantName))
  }

  /// The name by which the source knows `iri`.
  package func name(_ iri: IRI) -> String { context.compact(iri) }

  /// Choice: an endpoint may name the API's root or what is above it, with or without a slash.
  private var base: String {
    var endpoint = Substring(registration.endpoint)
    while endpoint.hasSuffix("/") { endpoint = endpoint.dropLast() }
    return endpoint.hasSuffix("/ngsi-ld/v1") ? String(endpoint) : "\(endpoint)/ngsi-ld/v1"
  }

  /// The context that stands in bodies; nil where a Link header names it.
  private var embedded: Context? {
    let info = registration.sourceInfo
    return info.contentType == .jsonLD && info.jsonldContext == nil ? context : nil
  }

  private func headers(hasBody: Bool, _ entityMap: String?) -> [SourceRequest.Header] {
    var headers: [(String, String)] = []
    let info = registration.sourceInfo
    headers.append(("Accept", info.accept?.rawValue ?? "application/json"))
    if hasBody {
      headers.append(
        ("Content-Type", embedded == nil ? "application/json" : "application/ld+json"))
    }
    if !(hasBody && embedded != nil), let url = context.linkURL {
      headers.append(("Link", LinkHeader.context(url)))
    }
    if let tenant = registration.tenant { headers.append(("NGSILD-Tenant", tenant)) }
    if let entityMap { headers.append(("NGSILD-EntityMap", entityMap)) }
    headers.append(("Via", origin.via.passed(by: origin.alias)))
    if let version = info.conformance {
      headers.append(("Prefer", "ngsi-ld=\(version)"))
    }
    for pair in info.headers {
      guard pair.isFromRequest else {
        headers.append((pair.key, pair.value))
        continue
      }
      for value in origin.header(pair.key) { headers.append((pair.key, value)) }
    }
    return headers.map { SourceRequest.Header(name: $0.0, value: $0.1) }
  }
}
