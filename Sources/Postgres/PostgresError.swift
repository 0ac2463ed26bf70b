/// What a statement, a connection or a pool answers when it cannot do what was asked.
package struct PostgresError: Error, Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// The server refused a statement; `sqlState` says why.
    case statement
    /// The connection could not be made, or broke. Whether a flight under way was committed is
    /// unknown.
    case connectionLost
    /// The server took longer than the time allowed to accept a connection.
    case connectTimeout
    /// All connections stayed in use, and the pool's queue or patience ended.
    case poolExhausted
    /// The database was migrated by a newer program that says that this one cannot use it.
    case incompatibleSchema
  }

  package let kind: Kind
  /// The server's code; nil if the server did not speak.
  package let sqlState: SQLState?
  package let message: String
  package let detail: String?
  /// The name of the constraint that was violated.
  package let constraint: String?

  package init(
    _ kind: Kind, _ message: String, sqlState: SQLState? = nil, detail: String? = nil,
    constraint: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.detail = detail
    self.constraint = constraint
  }
}

extension PostgresError {
  static let closed = PostgresError(.connectionLost, "The connection is closed")

  package var isUniqueViolation: Bool { sqlState == .uniqueViolation }

  /// Another transaction stood in the way; the same transaction, run again, may pass.
  package var isSerializationFailure: Bool {
    sqlState == .serializationFailure || sqlState == .deadlockDetected
  }

  /// The connection is gone, or was never there.
  package var isConnectionLoss: Bool { kind == .connectionLost || kind == .connectTimeout }

  /// Whether a lock was not granted within `lock_timeout`.
  package var isLockTimeout: Bool { sqlState?.code == "55P03" }

  /// The task that waited was cancelled, or `statement_timeout` passed.
  package var isQueryCanceled: Bool { sqlState == .queryCanceled }

  /// A result is larger than its type holds, as the sum of the largest numbers is.
  package var isOutOfRange: Bool { sqlState == .numericValueOutOfRange }
}

extension PostgresError: CustomStringConvertible {
  package var description: String {
    var text = message
    if let sqlState { text += " (SQLSTATE \(sqlState.code))" }
    if let constraint { text += ", constraint \(constraint)" }
    if let detail { text += ": \(detail)" }
    return text
  }
}

/// A five-character error code of PostgreSQL.
///
/// Standard: PostgreSQL documentation, appendix A.
package struct SQLState: Sendable, Hashable {
  package let code: String

  package init(_ code: String) { self.code = code }

  package static let invalidRegularExpression = SQLState("2201B")
  package static let numericValueOutOfRange = SQLState("22003")
  package static let uniqueViolation = SQLState("23505")
  package static let serializationFailure = SQLState("40001")
  package static let deadlockDetected = SQLState("40P01")
  package static let syntaxError = SQLState("42601")
  package static let undefinedTable = SQLState("42P01")
  package static let programLimitExceeded = SQLState("54000")
  package static let queryCanceled = SQLState("57014")
}
