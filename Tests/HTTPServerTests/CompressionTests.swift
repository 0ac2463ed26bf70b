import CZlib
import Testing

@testable import HTTPServer

@Suite("Compression of answers")
struct CompressionTests {
  @Test(
    "gzip is chosen by weight",
    arguments: [
      (["gzip"], true), (["GZIP, deflate, br"], true), (["deflate", "gzip;q=0.5"], true),
      (["x-gzip"], true), (["*"], true), (["gzip;q=0.5, identity;q=0.5"], true),
      ([], false), ([""], false), (["br"], false), (["identity"], false), (["gzip;q=0"], false),
      (["gzip;q=0, *"], false), (["*;q=0"], false), (["gzip;q=0.2, identity"], false),
      (["gzip; q=x"], false), (["gzip ; Q=1.0"], true),
    ] as [([String], Bool)])
  func preference(values: [String], isGzip: Bool) {
    #expect(prefersGzip(values) == isGzip)
  }

  @Test(
    "bodies between the bounds are compressed for who accepts it",
    arguments: [
      (999, "gzip", false), (1000, "gzip", true), (100_000, "gzip", true), (100_001, "gzip", false),
      (1000, "identity", false),
    ])
  func bounds(count: Int, accepted: String, isGzip: Bool) async throws {
    let body = (0..<count).map { UInt8(ascii: "a") + UInt8($0 * $0 % 7) }
    let configuration = HTTPServerConfiguration.loopback.with(\.compressedBytes, 1000...100_000)
    let responder = Respond { _ in
      HTTPResponse(status: 200, headers: [("Content-Type", "text/plain")], body: body)
    }
    try await withServer(responder, configuration) { server in
      let client = try RawClient(port: server.port)
      for method in ["GET", "HEAD"] {
        client.send("\(method) / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: \(accepted)\r\n\r\n")
        let response = try client.response(hasBody: method == "GET")
        #expect(response.header("Content-Encoding") == (isGzip ? "gzip" : nil))
        #expect(
          response.header("Vary") == (1000...100_000 ~= count ? "Accept-Encoding" : nil))
        guard method == "GET" else { continue }
        #expect(response.bytes.count < count || !isGzip)
        #expect((isGzip ? gunzip(response.bytes, count) : response.bytes) == body)
      }
    }
  }
}

private func gunzip(_ bytes: [UInt8], _ count: Int) -> [UInt8]? {
  var stream = z_stream()
  guard
    inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  else { return nil }
  defer { inflateEnd(&stream) }
  var bytes = bytes
  var plain = [UInt8](repeating: 0, count: count + 1)
  let status = bytes.withUnsafeMutableBufferPointer { bytes in
    plain.withUnsafeMutableBufferPointer { plain in
      stream.next_in = bytes.baseAddress
      stream.avail_in = UInt32(bytes.count)
      stream.next_out = plain.baseAddress
      stream.avail_out = UInt32(plain.count)
      return inflate(&stream, Z_FINISH)
    }
  }
  guard status == Z_STREAM_END else { return nil }
  return Array(plain.prefix(plain.count - Int(stream.avail_out)))
}
