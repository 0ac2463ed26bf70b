package import NGSILD
package import Postgres

extension NGSILDError {
  /// What a failure of the database means to the user of the API.
  ///
  /// The cause is for the log and never part of the answer: it could hold data or SQL.
  ///
  /// - Parameter reference: under which the log has the cause; empty without one.
  package init(_ error: PostgresError, reference: String = "") {
    let reference = reference.isEmpty ? "" : " (reference \(reference))"
    if error.isConnectionLoss || error.kind == .poolExhausted {
      self.init(.overloaded, "The database is not available at present; try again\(reference)")
    } else if error.isLockTimeout {
      self.init(
        .overloaded, "Another writer is at it for too long; try again in a moment\(reference)")
    } else if error.isQueryCanceled {
      self.init(
        .overloaded,
        "The operation took too long and was cancelled; narrow it or try again\(reference)")
    } else if error.isOutOfRange {
      self.init(
        .tooComplexQuery, "The values are too large: what is computed of them is no number any more"
      )
    } else if error.sqlState == .invalidRegularExpression {
      self.init(.badRequestData, "A pattern is no regular expression of the kind expected here")
    } else {
      self.init(.internalError, "The database refused the operation\(reference)")
    }
  }
}

extension Pool {
  /// Runs one statement on its own.
  func rows(_ sql: SQL) async throws(NGSILDError) -> Rows {
    do throws(PostgresError) {
      return try await query(sql)
    } catch {
      throw NGSILDError(error)
    }
  }
}
