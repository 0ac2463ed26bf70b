import CCurl

/// Why a request got no response.
package enum HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The address is one that the operator did not open to callers.
  case refusedAddress(String)
  /// Not an absolute `http` or `https` URL.
  case malformedURL(String)
  /// A method, or a header field of that name, that would change the request's shape.
  case malformedRequest(String)
  case resolve(host: String)
  case connect(String)
  case tls(String)
  /// No complete response within the request's timeout.
  case timeout(Duration)
  /// The connection broke before the response was complete.
  case interrupted(String)
  case tooLarge(bytesMax: Int)
  case tooManyRedirects(max: Int)
  /// The client has as many requests under way as it may.
  case overloaded(requestsMax: Int)
  case cancelled
  case other(String)

  package var description: String {
    switch self {
    case .refusedAddress(let address):
      "The address \(address) is not open to requests of this broker"
    case .malformedURL(let url): "'\(url)' is no absolute http or https URL"
    case .malformedRequest(let detail): detail
    case .resolve(let host): "The host of \(host) cannot be resolved"
    case .connect(let detail): "No connection: \(detail)"
    case .tls(let detail): "No secure connection: \(detail)"
    case .timeout(let limit): "No complete response within \(limit)"
    case .interrupted(let detail): "The connection broke before the response ended: \(detail)"
    case .tooLarge(let bytesMax): "The response is longer than \(bytesMax) bytes"
    case .tooManyRedirects(let max): "More than \(max) redirects"
    case .overloaded(let max): "\(max) requests are under way already"
    case .cancelled: "The request was cancelled"
    case .other(let detail): detail
    }
  }

  /// - Parameter code: how libcurl says that the transfer ended.
  init(_ code: CURLcode, _ request: HTTPClientRequest) {
    let detail = String(cString: curl_easy_strerror(code))
    switch code {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self = .malformedURL(request.url)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .resolve(host: request.url)
    case CURLE_COULDNT_CONNECT: self = .connect(detail)
    case CURLE_OPERATION_TIMEDOUT: self = .timeout(request.timeout)
    case CURLE_FILESIZE_EXCEEDED: self = .tooLarge(bytesMax: request.responseBytesMax)
    case CURLE_TOO_MANY_REDIRECTS: self = .tooManyRedirects(max: request.redirectsMax)
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
      self = .tls(detail)
    case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE,
      CURLE_HTTP2_STREAM:
      self = .interrupted(detail)
    default: self = .other(detail)
    }
  }
}
