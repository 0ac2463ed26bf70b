import CMicroHTTPD
import Glibc

// What libmicrohttpd calls: each finds its Swift object, and passes on.

/// The request line was read; what this returns is the request's context in later calls.
let onRequestLine:
  @convention(c) (
    UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?
  ) -> UnsafeMutableRawPointer? = { _, target, connection in
    guard let context = cmicrohttpd_context(connection) else { return nil }
    withConnection(context) {
      $0.beginRequest(UnsafeRawBufferPointer(start: target, count: target.map { strlen($0) } ?? 0))
    }
    return context
  }

let onRequest: MHD_AccessHandlerCallback = {
  _, _, _, method, version, data, dataCount, request in
  guard let context = request?.pointee, let method, let version, let dataCount else { return .NO }
  let piece = UnsafeRawBufferPointer(start: data, count: dataCount.pointee)
  dataCount.pointee = 0
  return withConnection(context) { $0.handle(method: method, version: version, piece: piece) }
}

let onCompletion: MHD_RequestCompletedCallback = { _, _, request, _ in
  guard let context = request?.pointee else { return }
  request?.pointee = nil
  withConnection(context) { $0.endRequest() }
}

/// A connection owns its `HTTPConnection`: retained when it starts, released when it closes.
let onConnectionChange: MHD_NotifyConnectionCallback = { server, connection, context, change in
  guard let server, let connection, let context else { return }
  let unmanaged = Unmanaged<HTTPServer>.fromOpaque(server)
  unmanaged._withUnsafeGuaranteedRef { server in
    if change == .CONNECTION_NOTIFY_STARTED {
      let connection = HTTPConnection(server: server, connection: connection)
      server.add(connection)
      context.pointee = Unmanaged.passRetained(connection).toOpaque()
    } else if let closed = context.pointee {
      server.remove(Unmanaged<HTTPConnection>.fromOpaque(closed).takeRetainedValue())
      context.pointee = nil
    }
  }
}

/// libmicrohttpd is about to refuse a request without asking.
let onRefusal: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void = { server, status in
  guard let server else { return }
  Unmanaged<HTTPServer>.fromOpaque(server)._withUnsafeGuaranteedRef {
    $0.answerRefusal(status: Int(status))
  }
}

@inline(__always)
private func withConnection<Result>(
  _ context: UnsafeMutableRawPointer, _ body: (HTTPConnection) -> Result
) -> Result {
  Unmanaged<HTTPConnection>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
}
