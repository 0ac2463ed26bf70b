import Log
import NGSILD
import Postgres
import Storage

extension Log {
  /// Logs why the database failed at `work`, and makes what the user of the API is told.
  ///
  /// Both name a reference, so that who is asked by a user finds the cause.
  func failure(_ error: PostgresError, at work: String) -> NGSILDError {
    let reference = String(UInt32.random(in: .min ... .max), radix: 36)
    let fields: KeyValuePairs = ["work": work, "reference": reference, "error": "\(error)"]
    if error.isQueryCanceled {
      warning("query cancelled", fields)
    } else if error.isOutOfRange {
      warning("values too large", fields)
    } else {
      self.error("database failed", fields)
    }
    return NGSILDError(error, reference: reference)
  }
}
