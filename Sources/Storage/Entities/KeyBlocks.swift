package import Postgres

/// Hands out numbers of a sequence that counts in blocks, so that most need no round trip.
///
/// Callers get theirs in the order in which they ask: what is created first has the lesser key.
///
/// `@unchecked Sendable`: used on one loop's thread only.
package final class KeyBlocks: @unchecked Sendable {
  private let statement: SQL
  private let blockSize: Int
  private var next: Int64 = 0
  private var left = 0
  private var isFetching = false
  private var waiting: [UnsafeContinuation<Void, Never>] = []

  /// - Parameter statement: Yields the first number of a new block of `blockSize`.
  package init(of statement: SQL, blockSize: Int) {
    self.statement = statement
    self.blockSize = blockSize
  }

  /// The first of `count` numbers in a row.
  package func take(_ count: Int, from pool: Pool) async throws(PostgresError) -> Int64 {
    precondition(count <= blockSize, "More numbers are asked for than a block has")
    while left < count { try await fetch(from: pool) }
    left -= count
    defer { next += Int64(count) }
    return next
  }

  private func fetch(from pool: Pool) async throws(PostgresError) {
    guard !isFetching else {
      await withUnsafeContinuation { continuation in
        // Other tasks may run before this closure does, among them the one that fetches.
        if isFetching { waiting.append(continuation) } else { continuation.resume() }
      }
      return
    }
    isFetching = true
    defer {
      isFetching = false
      let waiting = waiting
      self.waiting = []
      for continuation in waiting { continuation.resume() }
    }
    // Blocks need not be adjacent: what is left of the old one is given up.
    next = try await pool.query(statement)[0][0].int64
    left = blockSize
  }
}
