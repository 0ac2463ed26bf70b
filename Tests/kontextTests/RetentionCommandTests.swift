import JSONLD
import Testing

@testable import kontext

@Suite("kontext retention")
struct RetentionCommandTests {
  private func command(_ line: String) throws -> RetentionCommand {
    let arguments = line.split(separator: " ").map(String.init)
    return try RetentionCommand(arguments, databaseURL: "postgresql:///x")
  }

  @Test(
    "reads how long history is kept",
    arguments: [("1h", 1), ("90d", 2160), ("2w", 336), ("1y", 8760), ("1000y", 8_760_000)])
  func times(text: String, hours: Int32) throws {
    let command = try command("set --type urn:x:A --keep=\(text) --rollup --tenant north")
    #expect(command.action == .set(type: IRI("urn:x:A"), hours: hours, rollsUp: true))
    #expect(command.tenant?.text == "north")
  }

  @Test(
    "says what is wrong",
    arguments: [
      ("set --type A --keep 90", "'90' is no time"), ("set --type A --keep d", "'d' is no time"),
      ("set --type A --keep 0d", "'0d' is no time"),
      ("set --type A --keep -1d", "'-1d' is no time"),
      ("set --type A --keep 1001y", "'1001y' is no time"), ("set --type A", "is expected"),
      ("set --keep 1d", "is expected"), ("list --type A", "is expected"), ("", "is expected"),
      ("remove --type A --keep 1d", "is expected"), ("simulate --type A", "is expected"),
      ("simulate --type A --keep 1d --rollup", "is expected"), ("list --keep", "needs a value"),
      ("list --all", "'--all' is no option of 'kontext retention'"),
      ("enforce --type A", "is expected"), ("enforce --rollup", "is expected"),
      ("enforce --tenant north", "'enforce' is about all tenants"),
    ])
  func refusals(line: String, sentence: String) {
    let error = #expect(throws: ConfigurationError.self) { try command(line) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }
}
