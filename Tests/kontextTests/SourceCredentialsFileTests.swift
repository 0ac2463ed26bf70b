import Glibc
import Testing

@testable import kontext

@Suite("kontext serve --source-credentials")
struct SourceCredentialsFileTests {
  private func configuration(_ path: String) throws -> Configuration {
    try Configuration(
      environment: ["KONTEXT_DATABASE_URL": "postgresql:///x"],
      options: ["--source-credentials", path])
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    var path = Array("/tmp/kontext-credentials-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    try #require(descriptor >= 0)
    let bytes = Array(text.utf8)
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    defer { unlink(path) }
    try body(String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  @Test("a file is read at start")
  func file() throws {
    let text = """
      [{"tokenEndpoint": "https://login.example/token", "sources": "https://a.example",
        "clientId": "me", "clientSecret": "hidden"}]
      """
    try withFile(text) { path in
      let credentials = try configuration(path).broker.sourceCredentials
      #expect(credentials.all.map(\.tokenEndpoint) == ["https://login.example/token"])
    }
  }

  @Test(
    "what is no such file is refused by its name, without secrets",
    arguments: [
      (#"[{"clientSecret": "hidden"}]"#, "'tokenEndpoint' is missing"), ("hidden", "At byte 0"),
      (String(repeating: " ", count: 1 << 20 + 1), "at most 1 MB"),
    ])
  func refusals(text: String, part: String) throws {
    try withFile(text) { path in
      let error = #expect(throws: ConfigurationError.self) { try configuration(path) }
      let description = error?.description ?? ""
      #expect(description.contains(path) && description.contains(part), "\(description)")
      #expect(!description.contains("hidden"))
    }
  }

  @Test("a file that is not there is named")
  func missing() {
    let error = #expect(throws: ConfigurationError.self) { try configuration("/nowhere/at/all") }
    #expect(error?.description.contains("/nowhere/at/all") == true)
  }
}
