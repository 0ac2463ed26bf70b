import CMicroHTTPD
import Glibc

/// One connection and the request that is under way on it.
///
/// libmicrohttpd calls `handle` again and again for one request: once for its head, once for each
/// piece of its body, then until a response is queued.
///
/// `@unchecked Sendable`: touched on the server's loop only, where the request's task runs too.
final class HTTPConnection: @unchecked Sendable {
  /// How far the current request has come.
  private enum Phase {
    /// No request line yet.
    case idle
    /// The request line was read.
    case head
    /// The body is on its way.
    case body
    /// A refused body is on its way, and is dropped.
    case discarding
    /// The task runs; the connection still takes part in libmicrohttpd's rounds.
    case running
    /// The task runs; libmicrohttpd leaves the connection alone until it is resumed.
    case suspended
    /// The response is there, and waits for libmicrohttpd to ask.
    case answered
    /// The response was handed over.
    case replied
  }

  private let server: HTTPServer
  private let connection: OpaquePointer
  private var socket: ConnectionSocket { ConnectionSocket(connection: connection) }
  private let remoteAddress: String
  /// Where the server's list of connections holds this one.
  var index = 0

  private var phase = Phase.idle
  /// Tells the answer to this request from a late one to an earlier request.
  private var number = 0
  private var target: RequestTarget?
  private var fault: RequestFault?
  private var request: HTTPRequest?
  private var body: [UInt8] = []
  private var discardedBytes = 0
  private var response: HTTPResponse?
  /// Of a body that is written while it is sent.
  private var writer: HTTPBodyWriter?
  private var task: Task<Void, Never>?
  /// When the current phase began, in the server's coarse time.
  private var since: ContinuousClock.Instant
  /// Whether this idle connection was looked at; an end that comes later is noticed by itself.
  private var isChecked = false
  /// The round in which the task was made; it has not run before the next.
  private var startRound = 0

  init(server: HTTPServer, connection: OpaquePointer) {
    self.server = server
    self.connection = connection
    since = server.now
    remoteAddress = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
      cmicrohttpd_peer(connection, text.baseAddress, text.count)
      return String(cString: text.baseAddress!)
    }
  }

  // MARK: Called by libmicrohttpd

  /// Takes the raw target, before libmicrohttpd decodes it in place.
  func beginRequest(_ rawTarget: UnsafeRawBufferPointer) {
    phase = .head
    since = server.now
    number &+= 1
    server.requestsOpen += 1
    do throws(RequestFault) {
      guard rawTarget.count <= server.configuration.targetBytesMax else {
        let bound = server.configuration.targetBytesMax
        throw RequestFault(414, "The request target is longer than \(bound) bytes")
      }
      target = try RequestTarget(parsing: rawTarget)
    } catch {
      fault = error
    }
  }

  func handle(
    method: UnsafePointer<CChar>, version: UnsafePointer<CChar>,
    piece: UnsafeRawBufferPointer
  ) -> MHD_Result {
    switch phase {
    case .head: return takeHead(method: method, version: version)
    case .body: return piece.isEmpty ? startTask() : takeBody(piece)
    case .discarding: return piece.isEmpty ? reply() : discard(piece)
    case .running:
      // Most answers that need no database are there by the next round: no need to leave it.
      if startRound != server.round { suspend() }
      return .YES
    case .answered: return reply()
    case .idle, .suspended, .replied: return .YES
    }
  }

  /// The request is over: answered, or broken off.
  func endRequest() {
    guard phase != .idle else { return }
    phase = .idle
    isChecked = false
    since = server.now
    number &+= 1
    target = nil
    fault = nil
    request = nil
    response = nil
    discardedBytes = 0
    body = []
    writer?.leave()
    writer = nil
    task?.cancel()
    task = nil
    server.requestEnded()
  }

  // MARK: Head

  private func takeHead(
    method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
  ) -> MHD_Result {
    do throws(RequestFault) {
      let (request, head) = try readHead(method: method, version: version)
      if let refusal = server.responder.refuse(request) {
        return refuse(with: refusal, head)
      }
      if let length = head.contentLength, length > server.configuration.bodyBytesMax {
        return refuse(with: tooLarge(), head)
      }
      self.request = request
      reserveBody(head)
      phase = .body
      return .YES
    } catch {
      // Nobody knows where this request ends: answered at once, which closes the connection.
      response = server.responder.failure(status: error.status, detail: error.detail)
      return reply()
    }
  }

  private func readHead(
    method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
  ) throws(RequestFault) -> (HTTPRequest, RequestHead) {
    if let fault { throw fault }
    guard let target else { throw .badRequest("The request has no target") }
    let method = UnsafeRawBufferPointer(start: method, count: strlen(method))
    guard isToken(method) else { throw .badRequest("The method is malformed") }
    let bytes = cmicrohttpd_head_bytes(connection)
    guard bytes <= server.configuration.headerBytesMax else {
      let bound = server.configuration.headerBytesMax
      throw RequestFault(431, "The request line and headers are longer than \(bound) bytes")
    }
    let head = try RequestHead(
      of: connection, method: method.baseAddress!, version: version, bytes: bytes)
    let request = HTTPRequest(
      method: String(decoding: method, as: UTF8.self), path: target.path, query: target.query,
      headers: head.headers, remoteAddress: remoteAddress)
    return (request, head)
  }

  /// Answers without the responder's `respond`.
  ///
  /// A body that is under way is read first, because a connection closed over unread bytes is
  /// reset, and the client may lose the answer; not so if the client waits to be asked for it.
  private func refuse(with refusal: HTTPResponse, _ head: RequestHead) -> MHD_Result {
    response = refusal
    let length = head.contentLength ?? 0
    if length > server.configuration.discardedBytesMax
      || head.expectsContinue && (length > 0 || head.isChunked)
    {
      return reply()
    }
    phase = .discarding
    return .YES
  }

  private func tooLarge() -> HTTPResponse {
    server.responder.failure(
      status: 413, detail: "The body is longer than \(server.configuration.bodyBytesMax) bytes")
  }

  // MARK: Body

  /// A client that announces much and sends little does not get much memory.
  private func reserveBody(_ head: RequestHead) {
    if let length = head.contentLength, length > 0 {
      body.reserveCapacity(min(length, 1 << 20))
    }
  }

  private func takeBody(_ piece: UnsafeRawBufferPointer) -> MHD_Result {
    guard body.count + piece.count <= server.configuration.bodyBytesMax else {
      discardedBytes = body.count
      body = []
      response = tooLarge()
      phase = .discarding
      return discard(piece)
    }
    body.append(contentsOf: piece)
    return .YES
  }

  /// Drops a piece; too many of them break the connection off.
  private func discard(_ piece: UnsafeRawBufferPointer) -> MHD_Result {
    discardedBytes += piece.count
    return discardedBytes <= server.configuration.discardedBytesMax ? .YES : .NO
  }

  // MARK: Refusals by libmicrohttpd

  /// Whether the head was read and nobody was handed the request: it is in the hands of
  /// libmicrohttpd, which looks at the announced length then.
  var isBeingChecked: Bool { phase == .head && cmicrohttpd_head_bytes(connection) > 0 }

  /// Answers past libmicrohttpd, which refuses the request and closes the connection.
  ///
  /// Its own answer would be HTML, and version 0.9.75 writes the head twice. Everything before on
  /// this connection was sent; what libmicrohttpd sends after this fails.
  func answerRefusal(status: Int) {
    let detail =
      status == 413
      ? "The Content-Length is larger than any body may be" : "The Content-Length is no number"
    let response = server.responder.failure(status: status, detail: detail)
    let reason = String(cString: MHD_get_reason_phrase_for(UInt32(status)))
    var head = "HTTP/1.1 \(status) \(reason)\r\nConnection: close\r\n"
    for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
    head += "Content-Length: \(response.body.count)\r\n\r\n"
    socket.end(with: Array(head.utf8) + response.body)
  }

  // MARK: Answer

  private func startTask() -> MHD_Result {
    guard var request else { return .NO }
    self.request = nil
    swap(&request.body, &body)
    phase = .running
    since = server.now
    startRound = server.round
    server.tasksStarted += 1
    let number = number
    let responder = server.responder
    let compressedBytes = server.configuration.compressedBytes
    task = Task(executorPreference: server.loop) { [request] in
      let response = await responder.respond(to: request)
        .compressed(for: request, bytes: compressedBytes)
      await self.finish(number, response, isForHead: request.method == "HEAD")
    }
    return .YES
  }

  /// Takes the answer of the request's task, unless the request is over already, and lets the task
  /// write the body where it is still to be written.
  private func finish(_ number: Int, _ response: HTTPResponse, isForHead: Bool) async {
    guard number == self.number else { return }
    guard let producer = response.producer else { return answer(response) }
    let writer = HTTPBodyWriter(server: server, connection: connection, isForHead: isForHead)
    self.writer = writer
    answer(response)
    await writer.run(producer)
  }

  private func answer(_ response: HTTPResponse) {
    switch phase {
    case .running:
      self.response = response
      phase = .answered
    case .suspended:
      self.response = response
      phase = .answered
      MHD_resume_connection(connection)
    default: return
    }
    server.setNeedsRound()
  }

  private func suspend() {
    phase = .suspended
    MHD_suspend_connection(connection)
  }

  /// Hands the response to libmicrohttpd.
  private func reply() -> MHD_Result {
    guard let response else { return .NO }
    self.response = nil
    phase = .replied
    return server.queue(response, writer, on: connection)
  }

  // MARK: Time

  /// Looks after requests that take too long and clients that have left; called now and then.
  func check(at now: ContinuousClock.Instant) {
    let waited = now - since
    switch phase {
    case .running, .suspended:
      if waited > server.configuration.requestDeadline {
        timeOut()
      } else if waited > HTTPServer.patience, socket.hasPeerLeft {
        // libmicrohttpd, which leaves the connection alone, does not tell.
        timeOut(detail: "The client has left")
      }
    case .head, .body, .discarding:
      if waited > server.configuration.requestDeadline || socket.hasPeerLeft { breakOff() }
    case .idle:
      // Bytes that never become a request line keep libmicrohttpd's own timer from firing.
      if waited > server.configuration.idleTimeout * 2 { breakOff() }
      if !isChecked && socket.hasPeerLeft { breakOff() }
      isChecked = true
    case .replied:
      checkBody(at: now)
    case .answered:
      break
    }
  }

  /// Gives up a body whose producer is silent for too long, or whose client has left meanwhile.
  private func checkBody(at now: ContinuousClock.Instant) {
    guard let writer, let starvingSince = writer.starvingSince else { return }
    if now - starvingSince > server.configuration.requestDeadline {
      writer.breakOff()
    } else if now - max(since, starvingSince) > Self.checkInterval {
      since = now
      if socket.hasPeerLeft { writer.breakOff() }
    }
  }

  /// Between two looks at the client of a body that waits for its producer: there may be thousands.
  private static let checkInterval = Duration.seconds(2)

  /// Answers in the task's place, and cancels the task.
  func timeOut(detail: String = "The request was not answered in time") {
    number &+= 1
    task?.cancel()
    writer?.breakOff()
    var response = server.responder.failure(status: 503, detail: detail)
    if !response.headers.contains(where: { $0.name == "Retry-After" }) {
      response.headers.append(("Retry-After", "1"))
    }
    answer(response)
  }

  var isIdle: Bool {
    if case .idle = phase { true } else { false }
  }

  /// Lets libmicrohttpd see the end of the connection.
  func breakOff() { socket.breakOff() }
}
