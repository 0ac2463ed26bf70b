package import HTTPClient
package import JSONLD

/// Fetches @context documents over HTTP.
///
/// Choice: any media type will do if the document is JSON, since many hosts send `text/plain`, or
/// none.
package struct HTTPContextLoader: ContextLoader {
  private let client: HTTPClient
  private let bytesMax: Int
  private let timeout: Duration

  package init(
    client: HTTPClient, bytesMax: Int = ContextLimits().documentBytesMax,
    timeout: Duration
  ) {
    self.client = client
    self.bytesMax = bytesMax
    self.timeout = timeout
  }

  package func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    let response = try await response(from: url)
    do throws(JSONLDError) {
      return try LoadedDocument(
        body: response.body, url: response.finalURL,
        lifetime: lifetime(by: response.headers, at: WallClock.sinceEpoch), bytesMax: bytesMax)
    } catch {
      let type = response.headers.first("Content-Type").map { "; its Content-Type is '\($0)'" }
      throw JSONLDError(error.code, error.detail + (type ?? ""))
    }
  }

  private func response(from url: String) async throws(JSONLDError) -> HTTPClientResponse {
    let request = HTTPClientRequest(
      url: url,
      headers: [("Accept", "application/ld+json, application/json;q=0.9, */*;q=0.1")],
      timeout: timeout, responseBytesMax: bytesMax, redirectsMax: 5)
    do throws(HTTPClientError) {
      let response = try await client.send(request)
      guard (200..<300).contains(response.status) else {
        throw HTTPClientError.other("the server answers with status \(response.status)")
      }
      return response
    } catch {
      throw JSONLDError(.loadingDocumentFailed, "'\(url)' cannot be fetched: \(error)")
    }
  }
}

/// How long a response stays fresh by its headers; nil if they do not say.
///
/// Standard: RFC 9111, 4.2.1 and 4.2.3. `no-store` and `no-cache` count as no time at all.
func lifetime(by headers: HTTPClientHeaders, at now: Duration) -> Duration? {
  let age = headers.first("Age").flatMap { Int($0) } ?? 0
  for directive in headers.all("Cache-Control").flatMap({ $0.split(separator: ",") }) {
    let parts = directive.filter { $0 != " " }.lowercased().split(separator: "=")
    switch (parts.first, parts.last.flatMap { Int($0) }) {
    case ("no-store", _), ("no-cache", _): return .zero
    case ("max-age", let seconds?): return .seconds(max(0, max(0, seconds) - max(0, age)))
    default: continue
    }
  }
  guard let expires = headers.first("Expires") else { return nil }
  // What is no date lies in the past.
  guard let end = httpDate(expires) else { return .zero }
  return max(.zero, end - (headers.first("Date").flatMap(httpDate) ?? now))
}
