import EventLoop
import Glibc
import Postgres
import TestSupport
import Testing

@Suite("Connection loss")
struct ConnectionLossTests {
  @Test("everyone who waits gets the error, and so does who comes later")
  func termination() async throws {
    let configuration = try TestDatabase.configuration()
    try await TestDatabase.withConnection(configuration) { killer, loop async throws in
      let connection = try await Connection.open(configuration, on: loop)
      nonisolated(unsafe) var reasons: [PostgresError?] = []
      connection.onClose = { reasons.append($0) }
      let lock = try await BlockingLock(held: killer)
      let pid = try await connection.query("SELECT pg_backend_pid()")[0][0].int
      let blocked = loop.task { try await connection.query(lock.wait) }
      let behind = loop.task { try await connection.flight(["BEGIN", "SELECT 1", "COMMIT"]) }
      try await killer.query("SELECT pg_terminate_backend(\(Int32(pid)))")
      let first = await #expect(throws: PostgresError.self) { try await blocked.value }
      #expect(first?.isConnectionLoss == true)
      let second = await #expect(throws: PostgresError.self) { try await behind.value }
      #expect(second?.isConnectionLoss == true)
      let late = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT 1")
      }
      #expect(late?.isConnectionLoss == true)
      #expect(reasons.count == 1)
      #expect(!connection.isOpen)
    }
  }

  @Test("an idle connection notices that it ended")
  func idle() async throws {
    let configuration = try TestDatabase.configuration()
    try await TestDatabase.withConnection(configuration) { killer, loop async throws in
      let connection = try await Connection.open(configuration, on: loop)
      let pid = try await connection.query("SELECT pg_backend_pid()")[0][0].int
      let (reasons, continuation) = AsyncStream.makeStream(of: PostgresError?.self)
      connection.onClose = { continuation.yield($0) }
      try await killer.query("SELECT pg_terminate_backend(\(Int32(pid)))")
      let reason = await reasons.first { _ in true }
      #expect(reason??.isConnectionLoss == true)
    }
  }

  @Test("closing fails the calls under way")
  func closing() async throws {
    let configuration = try TestDatabase.configuration()
    try await TestDatabase.withConnection(configuration) { other, loop async throws in
      let connection = try await Connection.open(configuration, on: loop)
      let lock = try await BlockingLock(held: other)
      let blocked = loop.task { try await connection.query(lock.wait) }
      while connection.flightCount == 0 { await Task.yield() }
      connection.close()
      let error = await #expect(throws: PostgresError.self) { try await blocked.value }
      #expect(error?.isConnectionLoss == true)
    }
  }

  private func failure(toOpen configuration: Connection.Configuration) async -> PostgresError? {
    await #expect(throws: PostgresError.self) {
      try await onEventLoop { loop in _ = try await Connection.open(configuration, on: loop) }
    }
  }

  @Test(
    "a server that is not there is a connection loss",
    arguments: [
      "postgresql:///kontext?host=/nonexistent", "postgresql://127.0.0.1:1/kontext", "no=such",
      "postgresql://[",
    ])
  func noServer(url: String) async throws {
    let error = await failure(toOpen: Connection.Configuration(url: url))
    #expect(error?.isConnectionLoss == true)
    #expect(error?.message.isEmpty == false)
  }

  @Test("a server that does not answer is given up")
  func silentServer() async throws {
    let server = try ListeningSocket()
    defer { server.close() }
    var configuration = Connection.Configuration(url: "host=127.0.0.1 port=\(server.port)")
    configuration.connectTimeout = .milliseconds(1)
    let error = await failure(toOpen: configuration)
    #expect(error?.kind == .connectTimeout)
  }
}
