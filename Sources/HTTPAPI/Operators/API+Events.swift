import Broker
import HTTPServer
import JSON
import NGSILD
import Storage

/// The notifications of a subscription as Server-Sent Events: `/kontext/v1`.
///
/// Standard: HTML, 9.2.
extension API {
  func followEvents(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let last = try lastEventID(of: call)
    let open = try await broker.followEvents(of: call.identifiers[0], after: last, in: tenant)
    return HTTPResponse(
      status: 200,
      headers: [
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
        // nginx would collect events otherwise.
        ("X-Accel-Buffering", "no"),
      ]
    ) { writer throws(HTTPBodyBrokenOff) in
      let stream = open()
      defer { stream.close() }
      try await write(stream, to: writer)
    }
  }

  private func lastEventID(of call: Call) throws(NGSILDError) -> Int64? {
    guard let text = call.request.headers.first("Last-Event-ID"), !text.isEmpty else { return nil }
    guard let number = Int64(text), number >= 0 else {
      throw .badRequestData(
        "'Last-Event-ID' is '\(text)'; the id of an event of this stream, a number, is expected")
    }
    return number
  }
}

/// Writes events until the stream ends or the client leaves.
private func write(
  _ stream: EventStream, to writer: HTTPBodyWriter
) async throws(HTTPBodyBrokenOff) {
  if let number = await stream.start() {
    // A client that is cut off before the first event knows from here on where it was.
    try await writer.write(Array("retry: 2000\nid: \(number)\n\n".utf8))
  }
  while true {
    switch await stream.next() {
    case .events(let events):
      for event in events { try await writer.write(event.text) }
    case .gap(let numbers):
      try await writer.write(
        Array(
          """
          id: \(numbers.upperBound)
          event: gap
          data: {"from": \(numbers.lowerBound), "to": \(numbers.upperBound)}


          """.utf8))
    case .quiet:
      try await writer.write(Array(":\n\n".utf8))
    case .end(let end):
      try await writer.write(Array("event: end\ndata: {\"reason\": \"\(end.rawValue)\"}\n\n".utf8))
      return
    }
  }
}

extension StreamedEvent {
  fileprivate var text: [UInt8] {
    var text = Array("id: \(number)\n".utf8)
    text.reserveCapacity(body.count + 64)
    for line in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      text += "data: ".utf8
      text += line
      text.append(UInt8(ascii: "\n"))
    }
    text.append(UInt8(ascii: "\n"))
    return text
  }
}
