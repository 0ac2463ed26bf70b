/// Statements that are sent together and end with one Sync, until they are answered.
struct Flight {
  typealias Answer = Result<[Rows], PostgresError>

  enum Waiter {
    case task(UnsafeContinuation<Answer, Never>)
    /// The ROLLBACK after a flight that failed with this error.
    case failedTask(UnsafeContinuation<Answer, Never>, PostgresError)
    /// DEALLOCATE of statements that were prepared under these names.
    case deallocation([Int])
    case nobody

    /// Such a text never comes back, so it is not worth a place among the prepared statements.
    var isDeallocation: Bool { if case .deallocation = self { true } else { false } }
  }

  enum Kind {
    case pipeline
    /// Several statements in one text, by the simple protocol, outside pipeline mode.
    case script
  }

  let number: Int
  let kind: Kind
  let waiter: Waiter
  /// Which answers belong to a preparation, and the statement's key in the cache.
  var preparations: [(answer: Int, key: Int)] = []
  /// Answers received, those to preparations included.
  var answers = 0
  var rows: [Rows] = []
  /// The first one; what follows it in the flight is not run.
  var error: PostgresError?

  var outcome: Answer { error.map { .failure($0) } ?? .success(rows) }
}
