import Testing

/// A way in which a Context Source goes wrong.
struct SourceFault: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let behaviour: RawSource.Behaviour
  /// The code of the warning that a reader gets.
  let warning: Int
  /// Milliseconds; no fault but those that last needs a limit.
  var timeout = 600_000

  init(_ title: String, _ behaviour: RawSource.Behaviour, _ warning: Int) {
    testDescription = title
    self.behaviour = behaviour
    self.warning = warning
    switch behaviour {
    case .stall, .drip: timeout = 50
    default: break
    }
  }

  /// Answers complete as HTTP whose body is none that was asked for.
  private static func garbage(_ title: String, _ body: String) -> SourceFault {
    SourceFault(title, .answer(httpAnswer(body)), 111)
  }

  private static let room = entity("urn:x:9", "Room", #""size":3"#)

  // MARK: Time

  static let lasting = [
    SourceFault("hangs", .stall(after: []), 199),
    SourceFault("stops in the head", .stall(after: Array("HTTP/1.1 200 OK\r\nA: ".utf8)), 199),
    SourceFault("stops in the body", .stall(after: httpAnswer("[\(room)]").dropLast(9)), 199),
    SourceFault("announces more", .stall(after: httpHead(["HTTP/1.1 200 OK"])), 199),
    SourceFault("drips", .drip(after: httpHead(["HTTP/1.1 200 OK"])), 199),
    SourceFault(
      "never comes to the point", .drip(after: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)), 199),
  ]

  // MARK: HTTP

  static let ofHTTP = [
    SourceFault("resets", .reset, 199),
    SourceFault("says nothing", .answer([]), 199),
    SourceFault("speaks no HTTP", .answer(Array("220 mail.example ESMTP\r\n".utf8)), 199),
    SourceFault("breaks off in the head", .answer(Array("HTTP/1.1 200".utf8)), 199),
    SourceFault("breaks off in the body", .answer(httpAnswer("[\(room)]").dropLast(9)), 199),
    SourceFault(
      "breaks off in a chunk",
      .answer(
        httpHead(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]) + Array("ffff\r\n[".utf8)), 199),
    SourceFault(
      "sends chunks that are none",
      .answer(httpHead(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]) + Array("[]\r\n".utf8)),
      199),
    SourceFault(
      "redirects", .answer(httpAnswer("[]", status: "302 Found", "Location: /elsewhere")), 299),
    SourceFault("refuses", .answer(httpAnswer("{}", status: "403 Forbidden")), 299),
    SourceFault("fails", .answer(httpAnswer("oops", status: "500 Internal Server Error")), 299),
    SourceFault("is not finished", .answer(httpAnswer("[]", status: "304 Not Modified")), 299),
    SourceFault("has no content", .answer(httpHead(["HTTP/1.1 204 No Content"])), 111),
    SourceFault("has an odd status", .answer(httpAnswer("[]", status: "999 ?")), 299),
  ]

  // MARK: Size

  static let ofSize = [
    SourceFault(
      "announces 11 MB",
      .flood(
        after: httpHead(["HTTP/1.1 200 OK", "Content-Length: 11534336"]), piece: spaces), 111),
    SourceFault("floods", .flood(after: httpHead(["HTTP/1.1 200 OK"]), piece: spaces), 111),
    SourceFault(
      "floods in chunks",
      .flood(
        after: httpHead(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"]),
        piece: Array("10000\r\n".utf8) + spaces + Array("\r\n".utf8)), 111),
    SourceFault(
      "floods the head",
      .flood(
        after: Array("HTTP/1.1 200 OK\r\n".utf8),
        piece: Array(
          String(repeating: "A: \(String(repeating: "b", count: 1000))\r\n", count: 60).utf8)),
      111),
  ]

  private static let spaces = [UInt8](repeating: 0x20, count: 65536)

  // MARK: Content

  static let ofContent = [
    garbage("answers with nothing", ""),
    garbage("answers with HTML", "<html><body>Welcome</body></html>"),
    garbage("answers with half an Entity", "[\(room.dropLast(4))"),
    garbage("answers with two documents", "[\(room)][]"),
    garbage("nests without end", String(repeating: "[", count: 1 << 20)),
    garbage("answers with a string", #""urn:x:9""#),
    garbage("answers with a number", "9"),
    garbage("answers with null", "null"),
    garbage("answers with an array of ids", #"["urn:x:9"]"#),
    garbage("answers with an array of arrays", "[[\(room)]]"),
    garbage("answers with an empty object", "{}"),
    garbage("has no id", #"[{"type":"Room"}]"#),
    garbage("has a number as id", #"[{"id":9,"type":"Room"}]"#),
    garbage("has an id that is no URI", entity("nine", "Room")),
    garbage("has no type", #"[{"id":"urn:x:9"}]"#),
    garbage("has a number as type", #"[{"id":"urn:x:9","type":9}]"#),
    garbage("has an Attribute of no type", entity("urn:x:9", "Room", #""size":{"type":"X"}"#)),
    garbage(
      "has an object that is an array",
      entity("urn:x:9", "Room", #""at":{"type":"Relationship","object":[[]]}"#)),
    garbage(
      "has a time that is none",
      entity("urn:x:9", "Room", #""size":{"type":"Property","value":3,"observedAt":"soon"}"#)),
    garbage("has a bad Entity among good ones", "[\(room),{}]"),
    garbage("answers with what was not asked for", "[\(entity("urn:x:8", "Car")),\(room)]"),
    garbage(
      "names a context that cannot be had",
      #"{"@context":"http://127.0.0.1:1/","id":"urn:x:9","type":"Room"}"#),
    SourceFault(
      "writes Latin-1",
      .answer(
        httpAnswer(
          Array(#"[{"id":"urn:x:9","type":"Room","name":"caf"#.utf8) + [0xe9]
            + Array(#""}]"#.utf8))), 111),
    SourceFault(
      "writes UTF-16",
      .answer(httpAnswer(room.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })),
      111),
    SourceFault(
      "compresses unasked",
      .answer(
        httpAnswer([0x1f, 0x8b, 8, 0], head: ["HTTP/1.1 200 OK", "Content-Encoding: gzip"])),
      111),
    SourceFault(
      "answers for another tenant", .answer(httpAnswer("[\(room)]", "NGSILD-Tenant: south")), 111),
  ]

  static let all = lasting + ofHTTP + ofSize + ofContent

  /// One of each kind.
  static let some = [lasting[0], ofHTTP[0], ofHTTP[9], ofSize[1], ofContent[1]]
}
