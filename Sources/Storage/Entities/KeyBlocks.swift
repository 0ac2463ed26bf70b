package import Postgres
import Synchronization

/// Hands out numbers of a sequence that counts in blocks, so that most need no round trip.
///
/// One for all loops of a process. Callers get theirs in the order in which they ask: what is
/// created first has the lesser key.
package final class KeyBlocks: Sendable {
  private struct State {
    var next: Int64 = 0
    var left = 0
    var isFetching = false
    var waiting: [UnsafeContinuation<Void, Never>] = []

    mutating func take(_ count: Int) -> Int64? {
      guard left >= count else { return nil }
      left -= count
      defer { next += Int64(count) }
      return next
    }
  }

  private let statement: SQL
  private let blockSize: Int
  private let state = Mutex(State())

  /// - Parameter statement: Yields the first number of a new block of `blockSize`.
  package init(of statement: SQL, blockSize: Int) {
    self.statement = statement
    self.blockSize = blockSize
  }

  /// The first of `count` numbers in a row.
  package func take(_ count: Int, from pool: Pool) async throws(PostgresError) -> Int64 {
    precondition(count <= blockSize, "More numbers are asked for than a block has")
    while true {
      if let first = state.withLock({ $0.take(count) }) { return first }
      try await fetch(from: pool)
    }
  }

  private func fetch(from pool: Pool) async throws(PostgresError) {
    let isOtherFetching = state.withLock { state in
      defer { state.isFetching = true }
      return state.isFetching
    }
    guard !isOtherFetching else { return await endOfFetch() }
    defer { endFetch() }
    // Blocks need not be adjacent: what is left of the old one is given up.
    let first = try await pool.query(statement)[0][0].int64
    state.withLock { state in
      state.next = first
      state.left = blockSize
    }
  }

  /// Waits for whoever fetches.
  private func endOfFetch() async {
    await withUnsafeContinuation { continuation in
      let isOver = state.withLock { state in
        // It may have ended before this closure runs.
        if state.isFetching { state.waiting.append(continuation) }
        return !state.isFetching
      }
      if isOver { continuation.resume() }
    }
  }

  private func endFetch() {
    let waiting = state.withLock { state in
      state.isFetching = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
