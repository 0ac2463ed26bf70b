import CZlib

/// Compression of answers with gzip (RFC 9110, 8.4.1 and 12.5.3; RFC 1952).
extension HTTPResponse {
  /// The same response, its body compressed if it is worth it and the client accepts that.
  ///
  /// - Parameters:
  ///   - bytes: the lengths of bodies that are compressed. The upper bound keeps one answer from
  ///     holding up all others.
  func compressed(for request: HTTPRequest, bytes: ClosedRange<Int>) -> HTTPResponse {
    guard bytes.contains(body.count) else { return self }
    var response = self
    // Also of the plain one: caches must not give it to, or keep it from, who accepts other
    // codings.
    response.headers.append(("Vary", "Accept-Encoding"))
    guard prefersGzip(request.headers.all("Accept-Encoding")), let packed = gzip(body) else {
      return response
    }
    response.headers.append(("Content-Encoding", "gzip"))
    response.body = packed
    return response
  }
}

/// Whether `Accept-Encoding` values put gzip before the plain body.
///
/// A coding that is not listed has the weight of `*`; the plain body, if neither is listed, comes
/// after all that are.
func prefersGzip(_ values: [String]) -> Bool {
  guard !values.isEmpty else { return false }
  var weights: [String: Double] = [:]
  for value in values {
    for item in value.split(separator: ",") {
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      guard let coding = parts.first?.lowercased() else { continue }
      let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }?.dropFirst(2)
      weights[coding] = weight.map { Double($0) ?? 0 } ?? 1
    }
  }
  guard let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"], gzip > 0 else {
    return false
  }
  return gzip >= weights["identity"] ?? 0
}

/// nil without memory for it.
///
/// The fastest level: it leaves JSON of many Entities less than a fifth, and better ones cost more
/// time than they save on most networks.
private func gzip(_ body: [UInt8]) -> [UInt8]? {
  var stream = z_stream()
  // 15 bits of window, and 16 to say that it is gzip.
  let status = deflateInit2_(
    &stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  guard status == Z_OK else { return nil }
  defer { deflateEnd(&stream) }
  let capacity = Int(deflateBound(&stream, UInt(body.count)))
  var isComplete = false
  let packed = [UInt8](unsafeUninitializedCapacity: capacity) { packed, count in
    body.withUnsafeBufferPointer { body in
      // zlib takes the input as mutable, and leaves it alone.
      stream.next_in = UnsafeMutablePointer(mutating: body.baseAddress)
      stream.avail_in = UInt32(body.count)
      stream.next_out = packed.baseAddress
      stream.avail_out = UInt32(capacity)
      isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
      count = isComplete ? capacity - Int(stream.avail_out) : 0
    }
  }
  return isComplete ? packed : nil
}
