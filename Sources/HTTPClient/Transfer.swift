import CCurl
import Glibc

/// One easy handle of libcurl, used for one request after another.
///
/// Touched on the client's loop only.
final class Transfer {
  typealias Outcome = Result<HTTPClientResponse, HTTPClientError>

  let easy: UnsafeMutableRawPointer
  private let policy: AddressPolicy

  /// The request under way, told from earlier ones on the same handle.
  private(set) var number = 0
  private var request: HTTPClientRequest?
  private var continuation: UnsafeContinuation<Outcome, Never>?

  private var headers: [UInt8] = []
  private var body: [UInt8] = []
  private var refusedAddress: String?
  private var isTooLarge = false

  /// The header list that the handle holds, and what it was made from: notifications to one
  /// endpoint repeat it.
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var listedHeaders: [(name: String, value: String)] = []
  /// The URL that the handle holds; nil if a redirect may have changed it.
  private var heldURL: String?

  /// A response with more bytes of header fields than this is too large.
  private static let headerBytesMax = 256 << 10

  init(policy: AddressPolicy) {
    guard let easy = curl_easy_init() else { preconditionFailure("No memory left for libcurl") }
    self.easy = easy
    self.policy = policy
    let context = Unmanaged.passUnretained(self).toOpaque()
    ccurl_set_callbacks(easy, context, onBody, onHeader, onOpen)
    ccurl_set_number(easy, CURLOPT_NOSIGNAL, 1)
    // A timeout during a look-up must not wait for the resolver's thread.
    ccurl_set_number(easy, CURLOPT_QUICK_EXIT, 1)
    ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    ccurl_set_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
  }

  // MARK: Life of a request

  func begin(
    _ request: HTTPClientRequest, number: Int, _ continuation: UnsafeContinuation<Outcome, Never>
  ) {
    self.number = number
    self.request = request
    self.continuation = continuation
  }

  /// Resumes the request's task; the handle must have left the multi handle.
  func end(_ outcome: Outcome) {
    let continuation = continuation
    self.continuation = nil
    request = nil
    headers.removeAll(keepingCapacity: true)
    body = []
    refusedAddress = nil
    isTooLarge = false
    continuation?.resume(returning: outcome)
  }

  func outcome(_ code: CURLcode) -> Outcome {
    guard let request else { return .failure(.cancelled) }
    if let refusedAddress, code == CURLE_COULDNT_CONNECT {
      return .failure(.refusedAddress(refusedAddress))
    }
    if isTooLarge { return .failure(.tooLarge(bytesMax: request.responseBytesMax)) }
    guard code == CURLE_OK else { return .failure(HTTPClientError(code, request)) }
    let status = ccurl_number(easy, CURLINFO_RESPONSE_CODE)
    return .success(
      HTTPClientResponse(
        status: status, headers: HTTPClientHeaders(lines: headers), body: body,
        finalURL: finalURL(request)))
  }

  private func finalURL(_ request: HTTPClientRequest) -> String {
    guard request.redirectsMax > 0 else { return request.url }
    return ccurl_text(easy, CURLINFO_EFFECTIVE_URL).map { String(cString: $0) } ?? request.url
  }

  // MARK: Options

  /// Puts the request into the handle.
  func prepare(_ request: HTTPClientRequest) throws(HTTPClientError) {
    try setURL(request)
    try setMethod(request)
    try setHeaders(request)
    let milliseconds = request.timeout.milliseconds
    ccurl_set_number(easy, CURLOPT_TIMEOUT_MS, milliseconds)
    ccurl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
    ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, request.responseBytesMax)
    let follows = request.redirectsMax > 0 && isSafe(request.method)
    ccurl_set_number(easy, CURLOPT_FOLLOWLOCATION, follows ? 1 : 0)
    ccurl_set_number(easy, CURLOPT_MAXREDIRS, request.redirectsMax)
  }

  // What would break out of its place in the request is refused, since parts come from callers.

  private func setURL(_ request: HTTPClientRequest) throws(HTTPClientError) {
    let isHeld = heldURL.map { hasSameBytes($0, request.url) } ?? false
    if isHeld && request.redirectsMax == 0 { return }
    heldURL = nil
    let scheme = request.url.prefix(8).lowercased()
    guard scheme.hasPrefix("http://") || scheme == "https://",
      request.url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
      ccurl_set_text(easy, CURLOPT_URL, request.url) == CURLE_OK
    else { throw .malformedURL(request.url) }
    if request.redirectsMax == 0 { heldURL = request.url }
  }

  private func isSafe(_ method: String) -> Bool { method == "GET" || method == "HEAD" }

  private func setMethod(_ request: HTTPClientRequest) throws(HTTPClientError) {
    guard isToken(request.method) else {
      throw .malformedRequest("'\(request.method)' is no HTTP method")
    }
    ccurl_set_number(easy, CURLOPT_HTTPGET, 1)
    ccurl_set_number(easy, CURLOPT_NOBODY, request.method == "HEAD" ? 1 : 0)
    if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
      ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
      request.body.withUnsafeBytes { body in
        // libcurl copies the bytes; without any it still wants an address.
        _ = ccurl_set_pointer(
          easy, CURLOPT_COPYPOSTFIELDS,
          UnsafeMutableRawPointer(mutating: body.baseAddress ?? UnsafeRawPointer(easy)))
      }
    }
    let isPlain = isSafe(request.method) && request.body.isEmpty
    ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, isPlain ? nil : request.method)
  }

  private func setHeaders(_ request: HTTPClientRequest) throws(HTTPClientError) {
    if headerList != nil, isListed(request.headers) { return }
    for (name, value) in request.headers {
      guard isToken(name), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        throw .malformedRequest("The header field '\(name)' contains forbidden characters")
      }
    }
    var list: UnsafeMutablePointer<curl_slist>?
    for (name, value) in request.headers {
      // An empty value is written `name;`: `name:` would remove the field.
      list = curl_slist_append(list, value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    // libcurl adds these unless they are removed.
    for name in ["Expect", "Accept", "Content-Type"] where !request.has(name) {
      list = curl_slist_append(list, "\(name):")
    }
    ccurl_set_headers(easy, list)
    curl_slist_free_all(headerList)
    headerList = list
    listedHeaders = request.headers
  }

  private func isListed(_ headers: [(name: String, value: String)]) -> Bool {
    listedHeaders.elementsEqual(headers) {
      hasSameBytes($0.name, $1.name) && hasSameBytes($0.value, $1.value)
    }
  }

  // MARK: Called by libcurl

  fileprivate func takeBody(_ piece: UnsafeRawBufferPointer) -> Int {
    guard let request, body.count + piece.count <= request.responseBytesMax else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: piece)
    return piece.count
  }

  fileprivate func takeHeader(_ line: UnsafeRawBufferPointer) -> Int {
    // Each response on the way, 1xx and redirects, begins with a status line.
    if line.starts(with: "HTTP/".utf8) {
      headers.removeAll(keepingCapacity: true)
      return line.count
    }
    guard headers.count + line.count <= Self.headerBytesMax else {
      isTooLarge = true
      return 0
    }
    headers.append(contentsOf: line)
    return line.count
  }

  /// Opens the socket for an address that a name was resolved to: the check cannot be evaded by a
  /// name that resolves differently the next time.
  fileprivate func open(_ address: UnsafePointer<curl_sockaddr>) -> Int32 {
    let resolved = IPAddress(ccurl_address(address))
    guard let resolved, policy.allows(resolved) else {
      refusedAddress = resolved?.description ?? "of an unknown family"
      return -1
    }
    return ccurl_open(address)
  }
}

private let onBody: curl_write_callback = { bytes, size, count, context in
  withTransfer(context) { $0.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) }
}

private let onHeader: curl_write_callback = { bytes, size, count, context in
  withTransfer(context) { $0.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) }
}

private let onOpen: curl_opensocket_callback = { context, _, address in
  guard let address else { return -1 }
  return withTransfer(context) { $0.open(address) }
}

private func withTransfer<Result>(
  _ context: UnsafeMutableRawPointer?, _ body: (Transfer) -> Result
) -> Result {
  Unmanaged<Transfer>.fromOpaque(context!)._withUnsafeGuaranteedRef(body)
}

/// `==` takes `é` in one code point and in two for the same, and a server need not.
private func hasSameBytes(_ one: String, _ other: String) -> Bool {
  let isSame = one.utf8.withContiguousStorageIfAvailable { one in
    other.utf8.withContiguousStorageIfAvailable { other in
      one.count == other.count
        && (one.isEmpty || memcmp(one.baseAddress!, other.baseAddress!, one.count) == 0)
    }
  }
  return isSame.flatMap(\.self) ?? one.utf8.elementsEqual(other.utf8)
}

/// Whether the text is a `token` of RFC 9110, 5.6.2.
private func isToken(_ text: String) -> Bool {
  !text.isEmpty
    && text.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
    }
}

extension HTTPClientRequest {
  fileprivate func has(_ name: String) -> Bool {
    headers.contains {
      $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased()
    }
  }
}

extension Duration {
  /// Whole milliseconds, at least one: none would mean no limit.
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
  }
}
