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

  /// - Throws: 400 for ambiguous or malformed fields, 501 for an unknown transfer coding.
  init(
    of connection: OpaquePointer, bytes: Int, isVersion11: Bool
  ) throws(RequestFault) {
    headers.reserve(bytes: bytes + 64)
    withUnsafeMutablePointer(to: &self) { head in
      _ = MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { head, _, name, nameSize, value, valueSize in
          let head = head!.assumingMemoryBound(to: RequestHead.self)
          head.pointee.add(
            UnsafeRawBufferPointer(start: name, count: nameSize),
            UnsafeRawBufferPointer(start: value, count: valueSize))
          return head.pointee.fault == nil ? .YES : .NO
        }, head)
    }
    if let fault { throw fault }
    if let fault = ambiguity(isVersion11: isVersion11) { throw fault }
  }

  private mutating func add(_ name: UnsafeRawBufferPointer, _ rawValue: UnsafeRawBufferPointer) {
    let value = trimmed(rawValue)
    guard isToken(name), !isFolded(name, rawValue) else {
      fault = .badRequest("A header field name contains white space or other forbidden characters")
      return
    }
    guard isFieldText(value) else {
      fault = .badRequest("A header field value contains control characters")
      return
    }
    classify(name, value)
    headers.append(name: name, value: value)
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

/// libmicrohttpd glues a folded line to the field's *name*, in other memory than its value.
private func isFolded(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
  guard let name = name.baseAddress.map({ $0 + name.count }), let value = value.baseAddress
  else { return false }
  return value <= name
    || UnsafeRawBufferPointer(start: name + 1, count: value - name - 1)
      .contains { $0 != 0x20 && $0 != 0x09 }
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
