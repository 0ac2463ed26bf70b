import DistributedOperations
import JSON
import NGSILD
import Testing

@Suite("Credentials for sources")
struct SourceCredentialTests {
  private static let endpoint = "https://login.example/token"

  private static func credentials(
    _ sources: String..., members: String = ""
  ) throws -> SourceCredentials {
    let clients = sources.map { url in
      """
      {"tokenEndpoint": "\(endpoint)", "sources": "\(url)", "clientId": "of \(url)",
       "clientSecret": "hidden"\(members)}
      """
    }
    return try SourceCredentials(parsing: Array("[\(clients.joined(separator: ","))]".utf8))
  }

  @Test(
    "a token is for sources at or below a place of the operator's, whatever a registration says",
    arguments: [
      ("https://a.example", "https://a.example", true),
      ("https://a.example", "https://A.example:443/", true),
      ("https://a.example/", "https://a.example/any/ngsi-ld/v1", true),
      ("https://a.example/city", "https://a.example/city/ngsi-ld/v1/", true),
      ("http://[::1]:1026/", "http://[::1]:1026/x", true),
      ("https://a.example/city", "https://a.example/", false),
      ("https://a.example/city", "https://a.example/citylife", false),
      ("https://a.example/city", "https://a.example/city/../other", false),
      ("https://a.example/city", "https://a.example/city/%2e%2e/other", false),
      ("https://a.example/city", "https://a.example//city", false),
      ("https://a.example", "http://a.example", false),
      ("https://a.example", "https://a.example:8443", false),
      ("https://a.example", "https://a.example.evil.example", false),
      ("https://a.example", "https://a.example@evil.example", false),
      ("https://a.example", "https://evil.example/https://a.example", false),
      ("https://a.example", "https://a.example\\.evil.example", false),
      ("https://a.example", "https://a.example?@evil.example", false),
      ("https://a.example", "https://a.example#@evil.example", false),
      ("https://a.example", "https://[a.example]", false),
      ("https://a.example", "https://a.example:99999", false),
    ])
  func places(of operator: String, source: String, isGranted: Bool) throws {
    let grant = SourceGrant(tokenEndpoint: Self.endpoint, endpoint: source, tenantName: "")
    let credentials = try Self.credentials(`operator`)
    #expect((credentials.credential(for: grant) != nil) == isGranted)
    if !isGranted {
      let error = #expect(throws: NGSILDError.self) { try credentials.require(for: grant) }
      #expect(error?.kind == .badRequestData)
      #expect(error?.detail.contains(source) == true)
    }
  }

  @Test("the token endpoint has to be the same")
  func otherEndpoint() throws {
    let grant = SourceGrant(
      tokenEndpoint: "https://login.example/token/", endpoint: "https://a.example", tenantName: "")
    #expect(try Self.credentials("https://a.example").credential(for: grant) == nil)
  }

  @Test("of several, the one whose place says most counts")
  func closest() throws {
    let credentials = try Self.credentials(
      "https://a.example", "https://a.example/x/y", "https://a.example/x")
    let grant = SourceGrant(
      tokenEndpoint: Self.endpoint, endpoint: "https://a.example/x/y/z", tenantName: "")
    let body = try String(
      decoding: #require(credentials.credential(for: grant)).sent(as: "Authorization").utf8,
      as: UTF8.self)
    #expect(body == "Basic " + "of%20https%3A%2F%2Fa.example%2Fx%2Fy:hidden".base64)
  }

  @Test(
    "credentials may be for some tenants only",
    arguments: [
      ("", false), ("north", true), ("south", false), ("\u{e9}st", true), ("e\u{301}st", false),
    ])
  func tenants(name: String, isGranted: Bool) throws {
    let credentials = try Self.credentials(
      "https://a.example", members: ", \"tenants\": [\"north\", \"\u{e9}st\"]")
    let grant = SourceGrant(
      tokenEndpoint: Self.endpoint, endpoint: "https://a.example", tenantName: name)
    #expect((credentials.credential(for: grant) != nil) == isGranted)
  }

  @Test(
    "the client tells who it is",
    arguments: [
      ("", "Basic " + "a%3A%C3%A9:s%2B%20%25".base64, "grant_type=client_credentials"),
      (
        #", "authentication": "client_secret_basic", "scope": "read write""#,
        "Basic " + "a%3A%C3%A9:s%2B%20%25".base64,
        "grant_type=client_credentials&scope=read%20write"
      ),
      (
        #", "authentication": "client_secret_post""#, nil,
        "grant_type=client_credentials&client_id=a%3A%C3%A9&client_secret=s%2B%20%25"
      ),
    ])
  func request(members: String, header: String?, body: String) throws {
    let credentials = try SourceCredentials(
      parsing: Array(
        """
        [{"tokenEndpoint": "\(Self.endpoint)", "sources": "http://h", "clientId": "a:é",
          "clientSecret": "s+ %"\(members)}]
        """.utf8))
    let request = try #require(credentials.all.first).tokenRequest
    #expect(request.method == "POST")
    #expect(request.url == Self.endpoint)
    #expect(request.headers.first { $0.name == "Authorization" }?.value == header)
    #expect(String(decoding: request.body, as: UTF8.self) == body)
  }

  @Test(
    "a file with a mistake is refused, without its secrets",
    arguments: [
      ("", "empty"),
      ("{}", "array"),
      ("[5]", "In object 1: an object"),
      ("[{}]", "In object 1: 'tokenEndpoint' is missing"),
      (file(#""tokenEndpoint": "login""#), "'login'"),
      (file(#""sources": "https://a.example?x""#), "'https://a.example?x'"),
      (file(#""sources": 5"#), "'sources'"),
      (file(#""clientSecret": 12345"#), "'clientSecret'"),
      (file(#""clientSecret": """#), "'clientSecret'"),
      (file(#""secret": "hidden""#), "secret"),
      (file(#""tenants": "north""#), "'tenants'"),
      (file(#""tenants": []"#), "'tenants'"),
      (file(#""authentication": "none""#), "client_secret_basic or client_secret_post"),
    ])
  func refusals(file: String, part: String) throws {
    let error = #expect(throws: NGSILDError.self) {
      try SourceCredentials(parsing: Array(file.utf8))
    }
    #expect(error?.detail.contains(part) == true, "\(error?.detail ?? "")")
    #expect(error?.detail.contains("hidden") == false)
    #expect(error?.detail.contains("12345") == false)
  }

  private static func file(_ member: String) -> String {
    let name = member.split(separator: ":")[0]
    let members = [
      #""tokenEndpoint": "https://login.example/token""#, #""sources": "https://a.example""#,
      #""clientId": "me""#, #""clientSecret": "hidden""#,
    ]
    let others = members.filter { !$0.hasPrefix(name) }
    return "[{\((others + [member]).joined(separator: ", "))}]"
  }
}

extension SourceCredential {
  fileprivate func sent(as header: String) -> String {
    tokenRequest.headers.first { $0.name == header }?.value ?? ""
  }
}

@Suite("Tokens for sources")
struct AccessTokenTests {
  private static let start = ContinuousClock.now
  private static let token = AccessToken("one", lifetime: .seconds(100))
  private static let other = AccessToken("two", lifetime: .seconds(100))

  /// One that has `token` since `start`.
  private var state: AccessTokenState {
    var state = AccessTokenState()
    #expect(state.next(at: Self.start) == (.wait, true))
    state.fetched(Self.token, since: Self.start)
    return state
  }

  @Test("a token is asked for once, however many want one")
  func once() {
    var state = AccessTokenState()
    #expect(state.next(at: Self.start) == (.wait, true))
    #expect(state.next(at: Self.start) == (.wait, false))
    state.fetched(Self.token, since: Self.start)
    #expect(state.next(at: Self.start) == (.use(Self.token), false))
  }

  @Test(
    "a token is replaced while it is good, and not used when it is about to end",
    arguments: [
      (0, AccessTokenState.Step.use(token), false), (74, .use(token), false),
      (76, .use(token), true), (94, .use(token), true), (96, .wait, true), (1000, .wait, true),
    ])
  func ages(seconds: Int, step: AccessTokenState.Step, fetches: Bool) {
    var state = state
    #expect(state.next(at: Self.start + .seconds(seconds)) == (step, fetches))
    #expect(state.next(at: Self.start + .seconds(seconds)) == (step, false))
  }

  @Test("one that cannot be replaced is used to its end")
  func notReplaced() {
    var state = state
    #expect(state.next(at: Self.start + .seconds(80)) == (.use(Self.token), true))
    state.failed("away", at: Self.start + .seconds(81))
    #expect(state.next(at: Self.start + .seconds(82)) == (.use(Self.token), false))
    #expect(state.next(at: Self.start + .seconds(90)) == (.use(Self.token), true))
  }

  @Test("after a failure the endpoint is left alone for a while")
  func failure() {
    var state = AccessTokenState()
    #expect(state.next(at: Self.start) == (.wait, true))
    state.failed("away", at: Self.start)
    #expect(state.next(at: Self.start + .seconds(4)) == (.giveUp("away"), false))
    #expect(state.next(at: Self.start + .seconds(5)) == (.wait, true))
  }

  @Test("a refused token is replaced, but not again and again")
  func refusal() {
    var state = state
    #expect(state.next(refusing: Self.token, at: Self.start) == (.wait, true))
    state.fetched(Self.other, since: Self.start)
    // Somebody else had the old one refused.
    #expect(state.next(refusing: Self.token, at: Self.start) == (.use(Self.other), false))
    let soon = Self.start + .seconds(9)
    #expect(state.next(refusing: Self.other, at: soon) == (.use(Self.other), false))
    let later = Self.start + .seconds(10)
    #expect(state.next(refusing: Self.other, at: later) == (.wait, true))
  }

  @Test(
    "what an endpoint answers is a token, or is refused without showing it",
    arguments: [
      (#"{"access_token": "abc", "token_type": "Bearer", "expires_in": 60}"#, 60),
      (#"{"access_token": "abc", "token_type": "bearer", "expires_in": 1e12}"#, 86_400),
      (#"{"access_token": "abc", "token_type": "bearer"}"#, 300),
      (#"{"access_token": "abc", "token_type": "bearer", "expires_in": 0}"#, nil),
      (#"{"access_token": "abc", "token_type": "bearer", "expires_in": "soon"}"#, nil),
      (#"{"access_token": "abc", "token_type": "mac", "expires_in": 60}"#, nil),
      (#"{"access_token": "abc", "expires_in": 60}"#, nil),
      (#"{"access_token": "", "token_type": "bearer"}"#, nil),
      (#"{"access_token": "abc\r\nHost: x", "token_type": "bearer"}"#, nil),
      (#"{"access_token": ["abc"], "token_type": "bearer"}"#, nil),
      (#"["abc"]"#, nil),
    ])
  func answers(text: String, seconds: Int?) throws {
    let answer = try JSONValue(parsing: text)
    guard let seconds else {
      let error = #expect(throws: NGSILDError.self) { try AccessToken(answer: answer) }
      #expect(error?.detail.contains("abc") == false)
      return
    }
    #expect(try AccessToken(answer: answer) == AccessToken("abc", lifetime: .seconds(seconds)))
  }
}

extension String {
  /// By another way than the broker's: bit by bit.
  fileprivate var base64: String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var bits = utf8.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0)) & 1 } }
    while !bits.count.isMultiple(of: 6) { bits.append(0) }
    var text = ""
    for start in stride(from: 0, to: bits.count, by: 6) {
      text.append(digits[bits[start..<start + 6].reduce(0) { $0 << 1 | $1 }])
    }
    while !text.count.isMultiple(of: 4) { text.append("=") }
    return text
  }
}
