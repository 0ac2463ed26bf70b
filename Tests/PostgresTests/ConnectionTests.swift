import EventLoop
import Postgres
import TestSupport
import Testing

@Suite("Connection")
struct ConnectionTests {
  @Test("calls under way at once are answered each with its own rows")
  func pipeline() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let square = Statement("SELECT $1 * $1")
      try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for number in 0..<500 {
          group.addTask { (number, try await connection.query(square(number))[0][0].int) }
        }
        for try await (number, answer) in group { #expect(answer == number * number) }
      }
    }
  }

  @Test("an error in one call leaves its neighbours alone")
  func errorsKeepApart() async throws {
    let configuration = try TestDatabase.configuration()
    try await TestDatabase.withConnection(configuration) { connection, loop async throws in
      let before = loop.task { try await connection.query("SELECT \(1)") }
      let failing = loop.task { try await connection.query("SELECT \(1) / \(0)") }
      let after = loop.task { try await connection.query("SELECT \(2)") }
      #expect(try await before.value[0][0].int == 1)
      let error = await #expect(throws: PostgresError.self) { try await failing.value }
      #expect(error?.sqlState == SQLState("22012"))
      #expect(try await after.value[0][0].int == 2)
      #expect(connection.flightCount == 0)
    }
  }

  @Test("an error names SQLSTATE, constraint and detail")
  func errorFields() async throws {
    try await TestDatabase.withConnection { connection async throws in
      try await connection.query("CREATE TEMP TABLE t (a int8 CONSTRAINT only_one PRIMARY KEY)")
      try await connection.query("INSERT INTO t VALUES (\(1))")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("INSERT INTO t VALUES (\(1))")
      }
      #expect(error?.isUniqueViolation == true)
      #expect(error?.constraint == "only_one")
      #expect(error?.detail == "Key (a)=(1) already exists.")
      #expect(error?.isConnectionLoss == false)
    }
  }

  @Test("a statement that cannot be prepared fails each time, and spoils no other")
  func brokenStatement() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let broken = Statement("SELEC $1")
      for _ in 0..<3 {
        let error = await #expect(throws: PostgresError.self) {
          try await connection.query(broken(1))
        }
        #expect(error?.sqlState == .syntaxError)
      }
      #expect(try await connection.query("SELECT 1")[0][0].int == 1)
    }
  }

  @Test("one text with parameters of several types is several statements")
  func types() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let same = Statement("SELECT $1")
      for _ in 0..<3 {
        #expect(try await connection.query(same(1))[0][0].int == 1)
        #expect(try await connection.query(same("a"))[0][0].string == "a")
        #expect(try await connection.query(same(nil as String?))[0][0].isNull)
      }
    }
  }

  @Test("statements that the cache drops are deallocated")
  func eviction() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.statementsMax = 3
    try await TestDatabase.withConnection(configuration) { connection, _ async throws in
      let texts: [StaticString] = ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5"]
      let statements = texts.map { Statement($0) }
      for _ in 0..<3 {
        for (index, statement) in statements.enumerated() {
          #expect(try await connection.query(statement())[0][0].int == index + 1)
        }
      }
      let prepared = try await connection.query("SELECT count(*) FROM pg_prepared_statements")
      #expect(prepared[0][0].int <= 3)
    }
  }

  @Test("settings hold for the session and add to those of the URL")
  func settings() async throws {
    var configuration = try TestDatabase.configuration(
      settings: ["statement_timeout": "61s", "kontext.test": "a b,\\c"])
    configuration.url += configuration.url.contains("?") ? "&" : "?"
    configuration.url += "options=-c%20lock_timeout%3D62s"
    configuration.applicationName = "settings test"
    try await TestDatabase.withConnection(configuration) { connection, _ async throws in
      let names = ["statement_timeout", "lock_timeout", "kontext.test", "application_name"]
      let rows = try await connection.query(
        "SELECT current_setting(name) FROM unnest(\(names)) WITH ORDINALITY t(name, n) ORDER BY n")
      #expect(rows.map(\.[0].string) == ["61s", "62s", "a b,\\c", "settings test"])
    }
  }

  @Test("more flights than the bound are refused")
  func bound() async throws {
    var configuration = try TestDatabase.configuration()
    configuration.flightsMax = 1
    try await TestDatabase.withConnection(configuration) { connection, loop async throws in
      let first = loop.task { try await connection.query("SELECT 1") }
      let second = loop.task { try await connection.query("SELECT 2") }
      #expect(try await first.value[0][0].int == 1)
      let error = await #expect(throws: PostgresError.self) { try await second.value }
      #expect(error?.kind == .poolExhausted)
    }
  }

  @Test("more parameters than the protocol carries are refused")
  func tooManyParameters() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let list = SQL.joined((0..<65_536).map { "\($0)" }, by: ", ")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT \(list)")
      }
      #expect(error?.sqlState == .programLimitExceeded)
    }
  }

  @Test("a notice reaches its closure")
  func notice() async throws {
    try await TestDatabase.withConnection { connection async throws in
      nonisolated(unsafe) var messages: [String] = []
      connection.onNotice = { messages.append($0.message) }
      try await connection.query("DO $$ BEGIN RAISE NOTICE 'from the server'; END $$")
      #expect(messages == ["from the server"])
    }
  }

  @Test("a notification reaches those who listen")
  func notification() async throws {
    let configuration = try TestDatabase.configuration()
    try await TestDatabase.withConnection(configuration) { listener, loop async throws in
      let (notifications, continuation) = AsyncStream.makeStream(of: [String].self)
      listener.onNotification = { continuation.yield([$0, $1]) }
      try await listener.query("LISTEN kontext_test")
      let sender = try await Connection.open(configuration, on: loop)
      defer { sender.close() }
      try await sender.query("SELECT pg_notify('kontext_test', 'Grüße')")
      let notification = await notifications.first { _ in true }
      #expect(notification == ["kontext_test", "Grüße"])
    }
  }
}
