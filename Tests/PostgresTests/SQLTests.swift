import Postgres
import Testing

@Suite("SQL")
struct SQLTests {
  @Test("values become parameters, never text")
  func values() {
    let sql: SQL =
      "SELECT \(1) WHERE name = \("'; DROP TABLE entity") AND \(nil as Double?) IS NULL"
    #expect(sql.text == "SELECT $1 WHERE name = $2 AND $3 IS NULL")
    #expect(sql.parameters == Parameters(1, "'; DROP TABLE entity", nil as Double?))
  }

  @Test("a spliced part brings its parameters, numbered anew")
  func splicing() {
    let filter: SQL = "a = \(1) OR b = \("$1")"
    let sql: SQL = "SELECT '$9' WHERE c = \(true) AND (\(filter)) LIMIT \(10)"
    #expect(sql.text == "SELECT '$9' WHERE c = $1 AND (a = $2 OR b = $3) LIMIT $4")
    #expect(sql.parameters == Parameters(true, 1, "$1", 10))
  }

  @Test("parts are joined in their order")
  func joining() {
    let parts: [SQL] = ["a = \(1)", "b", "c = \(2)"]
    #expect(SQL.joined(parts, by: " AND ") == "a = \(1) AND b AND c = \(2)")
    #expect(SQL.joined([], by: " AND ").text == "")
    #expect(("a = \(1)" as SQL) + " OR b = \(2)" == "a = \(1) OR b = \(2)")
  }

  @Test(
    "an identifier is quoted",
    arguments: [("entity", "\"entity\""), ("a\"; --", "\"a\"\"; --\""), ("\"", "\"\"\"\"")])
  func identifier(name: String, quoted: String) {
    let sql: SQL = "SELECT \(identifier: name)"
    #expect(sql.text == "SELECT \(quoted)")
  }

  @Test("a batch's column is one array")
  func columns() {
    let rows = [(key: 1, name: "a"), (key: 2, name: "b")]
    let sql: SQL = "SELECT * FROM unnest(\(rows.map(\.key)), \(rows.map(\.name)))"
    #expect(sql.text == "SELECT * FROM unnest($1, $2)")
    #expect(sql.parameters == Parameters([1, 2], ["a", "b"]))
  }

  @Test("a statement keeps its text and takes parameters")
  func statement() {
    let byKey = Statement("SELECT body FROM entity WHERE key = $1 AND type = $2")
    let sql = byKey(7, "Room")
    #expect(sql.text == byKey.text)
    #expect(sql == "SELECT body FROM entity WHERE key = \(7) AND type = \("Room")")
  }
}
