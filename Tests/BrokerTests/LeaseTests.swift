import Broker
import EventLoop
import Postgres
import TestSupport
import Testing

@Suite("The lease of a process", .serialized)
struct LeaseTests {
  private static let rooms = (1...2).map { "urn:ngsi-ld:Room:\($0)" }

  @Test("it is renewed whatever a look at the database waits for")
  func renewal() async throws {
    try await withDatabase { loop, database in
      let process = try await BareBroker.start(on: loop, database) {
        $0.lease = .milliseconds(300)
        $0.sweepInterval = .seconds(3600)
      }
      let first = try await process.lease()
      try await until("it is renewed") { try await process.lease() > first }
      await process.shutDown()
    }
  }

  @Test("without it nothing is sent, and what others have delivered since is not sent again")
  func lapse() async throws {
    try await withDatabase { loop, database in
      let receiver = try Receiver(on: loop)
      let process = try await BareBroker.start(on: loop, database) {
        $0.lease = .milliseconds(300)
        $0.sweepInterval = .seconds(3600)
      }
      try await process.subscribe(to: receiver)
      try await process.pool.withConnection { connection throws(PostgresError) in
        try await connection.query("BEGIN")
        try await connection.query("SELECT FROM broker_process FOR UPDATE")
        do {
          try await until("the lease has run out") { !process.service.delivery.hasLease }
          try await process.write(Self.rooms, times: 1)
          #expect(process.service.delivery.waitingCount == 2)
        } catch { Issue.record(error) }
        // As a taker does that delivers one of them.
        try await connection.query("DELETE FROM notification WHERE body LIKE '%Room:1%'")
        try await connection.query("UPDATE broker_process SET lease = '-infinity', taker = 0")
        try await connection.query("COMMIT")
      }
      try await process.outboxIsEmpty()
      #expect(receiver.received.map(\.entityID) == [Self.rooms[1]])
      await process.shutDown()
      await receiver.close()
    }
  }
}

extension BareBroker {
  fileprivate func lease() async throws -> Int64 {
    try await pool.query("SELECT lease FROM broker_process")[0][0].timestamp.microseconds
  }
}
