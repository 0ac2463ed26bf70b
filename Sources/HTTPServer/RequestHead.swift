import CMicroHTTPD

/// Why a request is refused before anyone looks at its meaning.
struct RequestFault: Error {
  let status: Int
  let detail: String

  init(_ status: Int, _ detail: String) {
    self.status = status
    self.detail = detail
  }

  static func badRequest(_ detail: String) -> RequestFault { RequestFault(400, detail) }
}

/// The request target, split but not decoded.
struct RequestTarget {
  let path: String
  let query: String?

  /// - Throws: 400 for control characters, white space, broken UTF-8 or a form that is no path.
  init(parsing bytes: UnsafeRawBufferPointer) throws(RequestFault) {
    for byte in bytes where byte <= 0x20 || byte == 0x7F {
      throw .badRequest("The request target contains white space or control characters")
    }
    let bytes = try Self.withoutAuthority(bytes)
    let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
    path = try Self.text(bytes[..<(mark ?? bytes.endIndex)])
    query = if let mark { try Self.text(bytes[(mark + 1)...]) } else { nil }
  }

  /// Strips `http://host` off the absolute form, which is meant for proxies but must be accepted.
  private static func withoutAuthority(
    _ bytes: UnsafeRawBufferPointer
  ) throws(RequestFault) -> Slice<UnsafeRawBufferPointer> {
    if bytes.first == UInt8(ascii: "/") || bytes.elementsEqual("*".utf8) { return bytes[...] }
    let text = String(decoding: bytes.prefix(8), as: UTF8.self).lowercased()
    let scheme = text.hasPrefix("http://") ? 7 : text == "https://" ? 8 : 0
    guard scheme > 0 else {
      throw .badRequest("The request target is not a path that begins with '/'")
    }
    guard let path = bytes[scheme...].firstIndex(of: UInt8(ascii: "/")) else {
      throw .badRequest("The request target has no path")
    }
    return bytes[path...]
  }

  private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) throws(RequestFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .badRequest("The request target is not UTF-8")
    }
    return text
  }
}

/// The header fields of a request, and what they say about its body.
///
/// Checks what libmicrohttpd lets pass and what two parties might read differently: that is how
/// requests are smuggled past a proxy.
struct RequestHead {
  private(set) var headers = HTTPHeaders()
  /// The announced length; nil without `Content-Length`.
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  /// The client sends its body only after `100 Continue`.
  private(set) var expectsContinue = false
  private var hosts = 0
  private var lengths = 0
  private var codings = 0
  private var fault: RequestFault?
  /// Where in libmicrohttpd's buffer the last part of the head ended.
  private var position: UnsafeRawPointer

  /// - Parameters:
  ///   - bytes: the length of the whole head, which begins with `method`.
  /// - Throws: 400 for ambiguous or malformed fields, 501 for an unknown transfer coding.
  init(
    of connection: OpaquePointer, method: UnsafeRawPointer, version: UnsafePointer<CChar>,
    bytes: Int
  ) throws(RequestFault) {
    headers.reserve(bytes: bytes + 64)
    position = UnsafeRawPointer(version) + "HTTP/1.1".utf8.count
    withUnsafeMutablePointer(to: &self) { head in
      _ = MHD_get_connection_values_n(connection, .HEADER_KIND, onField, head)
    }
    if let fault { throw fault }
    guard isGap(position, method + bytes, marksMax: 4) else { throw Self.malformedLine }
    let isVersion11 = version[7] != CChar(bitPattern: UInt8(ascii: "0"))
    if let fault = ambiguity(isVersion11: isVersion11) { throw fault }
  }

  /// - Returns: false after a fault, which ends the iteration.
  fileprivate mutating func add(
    _ name: UnsafeRawBufferPointer, _ rawValue: UnsafeRawBufferPointer
  ) -> Bool {
    let value = trimmed(rawValue)
    if !isToken(name) {
      fault = .badRequest("A header field name contains white space or other forbidden characters")
    } else if !isNext(name, rawValue) {
      fault = Self.malformedLine
    } else if !isFieldText(value) {
      fault = .badRequest("A header field value contains control characters")
    } else {
      classify(name, value)
      headers.append(name: name, value: value)
    }
    return fault == nil
  }

  private static var malformedLine: RequestFault {
    .badRequest("A header line is folded, has no name or contains a zero byte")
  }

  /// Whether the field follows the part before it, with nothing but a line end between.
  ///
  /// libmicrohttpd glues a folded line to the field's *name*, cuts a value at a zero byte, and
  /// takes a line that begins with a colon for the end of the head. It leaves the parts where they
  /// lay in its buffer, so each of these shows as a gap that has other bytes in it.
  private mutating func isNext(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool {
    guard let nameStart = name.baseAddress, let valueStart = value.baseAddress,
      isGap(position, nameStart, marksMax: 2),
      isGap(nameStart + name.count, valueStart, marksMax: 1)
    else { return false }
    position = valueStart + value.count
    return true
  }

  private mutating func classify(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    switch name.count {
    case 4 where name.isEqual("host"): hosts += 1
    case 6 where name.isEqual("expect"): expectsContinue = value.isEqual("100-continue")
    case 14 where name.isEqual("content-length"):
      lengths += 1
      contentLength = Int(String(decoding: value, as: UTF8.self))
    case 17 where name.isEqual("transfer-encoding"):
      codings += 1
      isChunked = value.isEqual("chunked")
    default: break
    }
  }

  private func ambiguity(isVersion11: Bool) -> RequestFault? {
    if isVersion11 && hosts != 1 || hosts > 1 {
      return .badRequest("The request has \(hosts == 0 ? "no" : "more than one") Host header")
    }
    if lengths > 1 { return .badRequest("The request has more than one Content-Length") }
    if lengths == 1 && codings > 0 {
      return .badRequest("The request has both Content-Length and Transfer-Encoding")
    }
    if codings > 0 && !isVersion11 {
      return .badRequest("Transfer-Encoding does not exist in HTTP/1.0")
    }
    if codings > 1 || codings == 1 && !isChunked {
      return RequestFault(501, "The only transfer coding that is understood is 'chunked'")
    }
    return nil
  }
}

private let onField: MHD_KeyValueIteratorN = { head, _, name, nameBytes, value, valueBytes in
  guard let head else { return .NO }
  let isGood = head.assumingMemoryBound(to: RequestHead.self).pointee.add(
    UnsafeRawBufferPointer(start: name, count: nameBytes),
    UnsafeRawBufferPointer(start: value, count: valueBytes))
  return isGood ? .YES : .NO
}

/// Whether only blanks and at most so many marks lie between two parts of a head.
///
/// A mark is a colon or one byte of a line end, which libmicrohttpd overwrites with zero.
private func isGap(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer, marksMax: Int) -> Bool {
  guard start < end else { return false }
  var marks = 0
  for byte in UnsafeRawBufferPointer(start: start, count: end - start) {
    switch byte {
    case 0x20, 0x09: break
    case 0x00, 0x0A, 0x0D, 0x3A: marks += 1
    default: return false
    }
  }
  return marks <= marksMax
}

private func trimmed(_ value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
  var count = value.count
  while count > 0, value[count - 1] == 0x20 || value[count - 1] == 0x09 { count -= 1 }
  return UnsafeRawBufferPointer(rebasing: value[..<count])
}

private func isFieldText(_ value: UnsafeRawBufferPointer) -> Bool {
  for byte in value where byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
  return true
}

/// Whether the bytes are a `token` of RFC 9110, 5.6.2.
func isToken(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard !bytes.isEmpty else { return false }
  for byte in bytes {
    guard byte < 0x80 else { return false }
    let bit: UInt64 = 1 << UInt64(byte & 0x3F)
    guard (byte < 0x40 ? tokenDigits : tokenLetters) & bit != 0 else { return false }
  }
  return true
}

/// The token characters below 0x40: digits and `!#$%&'*+-.`.
private let tokenDigits: UInt64 = 0x03FF_6CFA_0000_0000
/// The token characters from 0x40: letters and ``^_`|~``.
private let tokenLetters: UInt64 = 0x57FF_FFFF_C7FF_FFFE

extension UnsafeRawBufferPointer {
  fileprivate func isEqual(_ text: StaticString) -> Bool {
    equalIgnoringCase(
      self, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
