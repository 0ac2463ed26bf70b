package import JSON
package import NGSILD

/// What a Context Source takes for a proof that this broker may ask it.
///
/// Standard: RFC 6749, 5.1, and RFC 6750.
package struct AccessToken: Hashable, Sendable {
  /// Visible ASCII characters.
  package let text: String
  /// How long it is good for.
  package let lifetime: Duration

  /// Choice: as long as a token is taken for good of which nobody says how long it is.
  static let unknownLifetime = Duration.seconds(300)
  private static let secondsMax = 86_400.0
  private static let bytesMax = 16 << 10

  package init(_ text: String, lifetime: Duration) {
    self.text = text
    self.lifetime = lifetime
  }

  /// Reads what a token endpoint answers.
  ///
  /// - Throws: `badRequestData`, without secrets.
  package init(answer: JSONValue) throws(NGSILDError) {
    guard answer["token_type"]?.string?.lowercased() == "bearer" else {
      throw .badRequestData("its 'token_type' is not 'Bearer'")
    }
    guard let text = answer["access_token"]?.string, 1...Self.bytesMax ~= text.utf8.count,
      text.utf8.allSatisfy({ 0x21...0x7e ~= $0 })
    else { throw .badRequestData("it has no usable 'access_token'") }
    self.text = text
    guard let expires = answer["expires_in"] else {
      lifetime = Self.unknownLifetime
      return
    }
    guard let seconds = expires.double, seconds > 0 else {
      throw .badRequestData("its 'expires_in' is no number of seconds")
    }
    lifetime = .milliseconds(Int(min(seconds, Self.secondsMax) * 1000))
  }
}

extension SourceCredential {
  /// Asks for a token (RFC 6749, 4.4.2).
  package var tokenRequest: SourceRequest {
    var headers = [
      SourceRequest.Header(name: "Accept", value: "application/json"),
      SourceRequest.Header(name: "Content-Type", value: "application/x-www-form-urlencoded"),
    ]
    var fields = [("grant_type", "client_credentials")]
    if let scope { fields.append(("scope", scope)) }
    switch authentication {
    case .basic:
      let pair = "\(formEncoded(clientID)):\(formEncoded(clientSecret))"
      headers.append(
        SourceRequest.Header(name: "Authorization", value: "Basic \(base64(Array(pair.utf8)))"))
    case .post: fields += [("client_id", clientID), ("client_secret", clientSecret)]
    }
    let body = fields.map { "\($0.0)=\(formEncoded($0.1))" }.joined(separator: "&")
    return SourceRequest(
      method: "POST", url: tokenEndpoint, headers: headers, body: Array(body.utf8), grant: nil)
  }
}

/// RFC 4648, 4.
private func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  var text = ""
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    var bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    var quartet: [Character] = []
    for place in 0..<4 {
      quartet.append(3 - place > group.count ? "=" : digits[bits & 63])
      bits >>= 6
    }
    text += quartet.reversed()
  }
  return text
}
