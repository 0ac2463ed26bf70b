/// A request as it came, nothing decoded.
package struct HTTPRequest: Sendable {
  package let method: String
  /// The path, percent-encoded as sent; begins with `/`, or is `*`.
  package let path: String
  /// What follows the `?`, percent-encoded as sent; nil without a `?`.
  package let query: String?
  package let headers: HTTPHeaders
  package var body: [UInt8]
  /// The numeric address of the peer.
  package let remoteAddress: String

  package init(
    method: String, path: String, query: String? = nil, headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8] = [], remoteAddress: String = ""
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
  }
}

/// A response; the server adds `Date`, `Connection` and, where one belongs, `Content-Length`.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  /// Not sent with a HEAD request, nor with 204 and 304.
  package var body: [UInt8]
  /// Writes the body, in place of `body`; not called for a HEAD request.
  package var producer: HTTPBodyProducer?

  package init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A response whose body is written while it is sent: a long one, or one without an end.
  package init(
    status: Int, headers: [(name: String, value: String)],
    producer: @escaping HTTPBodyProducer
  ) {
    self.init(status: status, headers: headers)
    self.producer = producer
  }
}

/// What answers the requests of a server; called on the server's loop.
package protocol HTTPResponder: AnyObject, Sendable {
  /// Looks at method, target and headers before the body is read.
  ///
  /// A response from here ends the request: `respond` is not called, and a client that waits for
  /// `100 Continue` never sends its body.
  func refuse(_ head: HTTPRequest) -> HTTPResponse?

  /// Answers a complete request; cancelled once the request's deadline has passed.
  func respond(to request: HTTPRequest) async -> HTTPResponse

  /// The response for a failure that the server finds by itself.
  ///
  /// - Parameter detail: what is wrong, for the client's user.
  func failure(status: Int, detail: String) -> HTTPResponse
}

extension HTTPResponder {
  package func refuse(_ head: HTTPRequest) -> HTTPResponse? { nil }

  package func failure(status: Int, detail: String) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("Content-Type", "text/plain; charset=utf-8")],
      body: Array("\(detail)\n".utf8))
  }
}
