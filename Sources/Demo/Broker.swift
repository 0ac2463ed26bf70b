import HTTPClient
import JSON

/// The broker that the demo talks to.
struct Broker {
  let client: HTTPClient
  let options: Options

  struct Failure: Error {
    let sentence: String
  }

  /// The answer to a request; nil without a body.
  ///
  /// - Throws: for anything but a 2xx.
  @discardableResult
  func send(_ method: String, _ path: String, _ body: String = "") async throws(Failure)
    -> JSONValue?
  {
    var request = HTTPClientRequest(
      method: method, url: "\(options.broker)/ngsi-ld/v1/\(path)", body: Array(body.utf8))
    if !body.isEmpty { request.headers.append(("Content-Type", "application/json")) }
    if let tenant = options.tenant { request.headers.append(("NGSILD-Tenant", tenant)) }
    let response: HTTPClientResponse
    do throws(HTTPClientError) {
      response = try await client.send(request)
    } catch {
      throw Failure(sentence: "\(method) \(path): \(error)")
    }
    guard (200..<300).contains(response.status) else {
      let detail = (try? JSONValue(parsing: response.body))?["detail"]?.string ?? ""
      throw Failure(sentence: "\(method) \(path): \(response.status) \(detail)")
    }
    return try? JSONValue(parsing: response.body)
  }
}
