import EventLoop
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Keys of Entities")
struct KeyBlocksTests {
  @Test("what is created first has the lesser key, on whichever loop")
  func order() async throws {
    try await withDatabase { loop, database in
      try await onEventLoop { other in
        let keys = EntityStore.newKeys()
        var last: Int64 = 0
        for turn in 0..<50 {
          let key = try await take(
            90, of: keys, on: turn.isMultiple(of: 2) ? loop : other, database)
          #expect(key > last)
          last = key + 89
        }
      }
    }
  }

  @Test("nobody gets a key twice")
  func uniqueness() async throws {
    try await withDatabase { loop, database in
      try await onEventLoop { other in
        let keys = EntityStore.newKeys()
        let firsts = try await withThrowingTaskGroup(of: Int64.self) { group in
          for turn in 0..<60 {
            let loop = turn.isMultiple(of: 2) ? loop : other
            group.addTask { try await take(70, of: keys, on: loop, database) }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        let taken = firsts.flatMap { $0..<($0 + 70) }
        #expect(Set(taken).count == taken.count)
      }
    }
  }

  private func take(
    _ count: Int, of keys: KeyBlocks, on loop: EventLoop, _ database: Connection.Configuration
  ) async throws -> Int64 {
    try await loop.task {
      let pool = Pool(Pool.Configuration(database, connectionsMax: 1), on: loop)
      defer { pool.close() }
      return try await keys.take(count, from: pool)
    }.value
  }
}
