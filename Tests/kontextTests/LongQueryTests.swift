import Glibc
import Postgres
import TestSupport
import Testing

/// Queries that take long, over a real socket: here they wait for a table that the test has locked.
@Suite("Long queries", .serialized, .timeLimit(.minutes(15)))
struct LongQueryTests {
  private static let query =
    "GET /ngsi-ld/v1/entities?q=a%3E1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

  private func withBroker(
    _ options: [String], _ body: @Sendable @escaping (UInt16, Connection) async throws -> Void
  ) async throws {
    let cluster = try await onThread { try PrivateCluster() }
    let broker = try BrokerProcess(databaseURL: cluster.url, options: options)
    do {
      try await broker.start()
      let port = broker.port
      let database = Connection.Configuration(url: cluster.url)
      try await TestDatabase.withConnection(database) { connection, _ in
        try await connection.flight(["BEGIN", "LOCK TABLE entity_value"])
        try await body(port, connection)
      }
    } catch {
      Issue.record(error)
    }
    broker.kill()
    try await onThread { try cluster.remove() }
  }

  /// How many statements wait for the table.
  private func waiting(_ connection: Connection) async throws -> Int {
    try await connection.flight([
      // Within a transaction, the view stays as it was.
      "SELECT pg_stat_clear_snapshot()",
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE application_name = 'kontext' AND state = 'active' AND wait_event_type = 'Lock'
        AND query LIKE '%entity_value%'
      """,
    ])[1][0][0].int
  }

  @Test("end after --query-timeout, answered with 503 and when to try again")
  func timeout() async throws {
    try await withBroker(["--query-timeout", "1"]) { port, connection in
      let answer = try await onThread {
        let socket = try #require(connected(to: port))
        defer { close(socket) }
        sendAll(Self.query, to: socket)
        return receiveAll(from: socket)
      }
      #expect(answer.hasPrefix("HTTP/1.1 503 "))
      #expect(answer.contains("\r\nRetry-After: 1\r\n"))
      #expect(answer.contains("took too long and was cancelled"))
      #expect(try await waiting(connection) == 0)
    }
  }

  @Test("end after --query-timeout also within a transaction that writes")
  func timeoutWithinTransaction() async throws {
    try await withBroker(["--query-timeout", "1"]) { port, connection in
      let answer = try await onThread {
        var client = BlockingClient(port: port)
        return client.send(
          "POST", "/ngsi-ld/v1/csourceRegistrations",
          """
          {"type": "ContextSourceRegistration", "mode": "redirect", "endpoint": "http://source",
           "information": [{"entities": [{"type": "Room"}], "propertyNames": ["size"]}]}
          """)
      }
      #expect(answer?.0 == 503)
      #expect(try await waiting(connection) == 0)
    }
  }

  @Test("end when their client leaves")
  func disconnect() async throws {
    try await withBroker([]) { port, connection in
      for resets in [false, true] {
        let socket = try #require(connected(to: port))
        sendAll(Self.query, to: socket)
        while try await waiting(connection) == 0 { await Task.yield() }
        let left = ContinuousClock.now
        if resets {
          var reset = linger(l_onoff: 1, l_linger: 0)
          setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        }
        close(socket)
        while try await waiting(connection) > 0 { await Task.yield() }
        // Well before any timeout.
        #expect(.now - left < .seconds(20))
      }
      try await connection.query("ROLLBACK")
      var client = BlockingClient(port: port)
      let answer = client.send("GET", "/ngsi-ld/v1/entities?q=a%3E1")
      #expect(answer?.0 == 200)
    }
  }
}
