/// A request to send.
package struct HTTPClientRequest: Sendable {
  package var method: String
  /// An absolute URL with the scheme `http` or `https`.
  package var url: String
  /// Sent as they are; a `Content-Length` is added.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// From the call to the end of the response, waiting for a free connection included.
  package var timeout: Duration
  package var responseBytesMax: Int
  /// How many redirects a GET or HEAD follows; with 0, and for other methods, a redirect is the
  /// response.
  package var redirectsMax: Int

  package init(
    method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
    body: [UInt8] = [], timeout: Duration = .seconds(10), responseBytesMax: Int = 10 << 20,
    redirectsMax: Int = 0
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.responseBytesMax = responseBytesMax
    self.redirectsMax = redirectsMax
  }
}

/// The last response to a request, whatever its status.
package struct HTTPClientResponse: Sendable {
  package let status: Int
  package let headers: HTTPClientHeaders
  package let body: [UInt8]
  /// Where the response comes from, after redirects.
  package let finalURL: String
}

/// The header fields of a response, read from its lines when someone asks.
package struct HTTPClientHeaders: Sendable {
  /// The lines, each with its line feed; the status line is not among them.
  var lines: [UInt8] = []

  /// The value of the first field of that name, in any case.
  package func first(_ name: String) -> String? { all(name).first }

  /// The values of all fields of that name, in any case.
  package func all(_ name: String) -> [String] {
    slices.compactMap { isSame($0.name, name) ? trimmed($0.value) : nil }
  }

  package var byteCount: Int { lines.count }

  /// All fields, in order.
  package var fields: [(name: String, value: String)] {
    slices.map { (trimmed($0.name), trimmed($0.value)) }
  }

  private var slices: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] {
    lines.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      return (line[..<colon], line[(colon + 1)...])
    }
  }

  private func isSame(_ written: ArraySlice<UInt8>, _ name: String) -> Bool {
    written.count == name.utf8.count
      && zip(written, name.utf8).allSatisfy { $0 == $1 || lowercased($0) == lowercased($1) }
  }

  private func lowercased(_ byte: UInt8) -> UInt8 {
    UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
  }

  private func trimmed(_ text: ArraySlice<UInt8>) -> String {
    var text = text
    while let last = text.last, last <= 0x20 { text.removeLast() }
    return String(decoding: text.drop { $0 <= 0x20 }, as: UTF8.self)
  }
}
