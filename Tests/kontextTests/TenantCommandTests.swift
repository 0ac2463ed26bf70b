import Testing

@testable import kontext

@Suite("kontext tenant")
struct TenantCommandTests {
  private func command(_ line: String) throws -> TenantCommand {
    let arguments = line.split(separator: " ").map(String.init)
    return try TenantCommand(arguments, databaseURL: "postgresql:///x")
  }

  @Test(
    "reads what is to be done", arguments: [("remove north", false), ("remove --yes north", true)])
  func actions(line: String, isConfirmed: Bool) throws {
    guard case .remove(let name, isConfirmed) = try command(line).action else {
      Issue.record("\(try command(line).action)")
      return
    }
    #expect(name.text == "north")
    #expect(try command("list --database-url postgresql:///y").databaseURL == "postgresql:///y")
  }

  @Test(
    "says what is wrong",
    arguments: [
      ("", "is expected"), ("list north", "is expected"), ("list --yes", "is expected"),
      ("remove", "is expected"), ("remove north south", "is expected"),
      ("remove \u{7}", "without control characters"),
      ("list --port 1", "'--port' is no option of 'kontext tenant'"),
    ])
  func refusals(line: String, sentence: String) {
    let error = #expect(throws: ConfigurationError.self) { try command(line) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test("removes no tenant whose name differs in its Unicode normal form")
  func normalForms() async throws {
    try await withBrokerOfItsOwn { _, url, database in
      try await database.query("INSERT INTO tenant (name) VALUES (\("\u{e9}"))")
      let arguments = ["tenant", "remove", "e\u{301}", "--yes", "--database-url", url]
      let outcome = try await CommandProcess.run(arguments)
      #expect(outcome.text.contains("There is no tenant"), "\(outcome.text)")
    }
  }
}
