package import HTTPClient
package import JSONLD

/// Fetches @context documents over HTTP.
package struct HTTPContextLoader: ContextLoader {
  private let client: HTTPClient
  private let bytesMax: Int
  private let timeout: Duration

  package init(
    client: HTTPClient, bytesMax: Int = ContextLimits().documentBytesMax,
    timeout: Duration = .seconds(5)
  ) {
    self.client = client
    self.bytesMax = bytesMax
    self.timeout = timeout
  }

  package func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    let request = HTTPClientRequest(
      url: url,
      headers: [("Accept", "application/ld+json, application/json;q=0.9, */*;q=0.1")],
      timeout: timeout, responseBytesMax: bytesMax, redirectsMax: 5)
    do throws(HTTPClientError) {
      let response = try await client.send(request)
      guard (200..<300).contains(response.status) else {
        throw HTTPClientError.other("the server answers with status \(response.status)")
      }
      return LoadedDocument(
        body: response.body, url: response.finalURL,
        lifetime: lifetime(response.headers.first("Cache-Control")))
    } catch {
      throw JSONLDError(.loadingDocumentFailed, "'\(url)' cannot be fetched: \(error)")
    }
  }

  /// `max-age` of a `Cache-Control` value (RFC 9111, 5.2.2.1); nil without one.
  private func lifetime(_ cacheControl: String?) -> Duration? {
    for directive in (cacheControl ?? "").split(separator: ",") {
      let parts = directive.filter { $0 != " " }.split(separator: "=")
      if parts.count == 2, parts[0].lowercased() == "max-age", let seconds = Int(parts[1]) {
        return .seconds(max(0, seconds))
      }
    }
    return nil
  }
}
