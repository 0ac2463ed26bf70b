import CMicroHTTPD

extension HTTPServer {
  /// Hands a response to libmicrohttpd, which copies it.
  ///
  /// - Parameter writer: what the response's producer writes to, if it has one.
  func queue(
    _ response: HTTPResponse, _ writer: HTTPBodyWriter?, on connection: OpaquePointer
  ) -> MHD_Result {
    guard let native = makeResponse(response, writer) else {
      writer?.leave()
      let failure = responder.failure(status: 500, detail: "The response is malformed")
      guard let native = makeResponse(failure, nil) else { return .NO }
      return send(native, status: failure.status, on: connection)
    }
    return send(native, status: response.status, on: connection)
  }

  private func send(
    _ response: OpaquePointer, status: Int, on connection: OpaquePointer
  ) -> MHD_Result {
    if !isAccepting { MHD_add_response_header(response, "Connection", "close") }
    defer { MHD_destroy_response(response) }
    return MHD_queue_response(connection, UInt32(status), response)
  }

  /// nil if a status or a header field cannot be sent: a line break in a value would split the
  /// response.
  private func makeResponse(
    _ response: HTTPResponse, _ writer: HTTPBodyWriter?
  ) -> OpaquePointer? {
    guard 200..<1000 ~= response.status, let native = makeBody(response, writer) else {
      return nil
    }
    for (name, value) in response.headers where !value.isEmpty && !isAutomatic(name) {
      guard MHD_add_response_header(native, name, value) == .YES else {
        MHD_destroy_response(native)
        return nil
      }
    }
    return native
  }

  private func makeBody(_ response: HTTPResponse, _ writer: HTTPBodyWriter?) -> OpaquePointer? {
    guard let writer else {
      return response.body.withUnsafeBytes { cmicrohttpd_response($0.baseAddress, $0.count) }
    }
    let context = Unmanaged.passRetained(writer)
    let native = cmicrohttpd_streamed_response(
      writer.isForHead ? 1 : 0, onBodyWanted, context.toOpaque(), onBodyReleased)
    if native == nil { context.release() }
    return native
  }

  /// libmicrohttpd writes these itself, and takes them for an error.
  private func isAutomatic(_ name: String) -> Bool {
    switch name.utf8.count {
    case 14: name.lowercased() == "content-length"
    case 17: name.lowercased() == "transfer-encoding"
    default: false
    }
  }
}
