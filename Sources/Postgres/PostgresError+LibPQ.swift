import CLibPQ

extension PostgresError {
  /// The error that a result carries; the caller still frees the result.
  init(result: OpaquePointer) {
    func field(_ code: UInt8) -> String? {
      PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }
    let severity = field(UInt8(ascii: "V"))
    let message = field(UInt8(ascii: "M")) ?? String(cString: PQresultErrorMessage(result))
    self.init(
      // After these the server closes the connection.
      severity == "FATAL" || severity == "PANIC" ? .connectionLost : .statement,
      message, sqlState: field(UInt8(ascii: "C")).map { SQLState($0) },
      detail: field(UInt8(ascii: "D")), constraint: field(UInt8(ascii: "n")))
  }

  /// What libpq says about a connection that is broken or could not be made.
  init(connection: OpaquePointer) {
    let lines = String(cString: PQerrorMessage(connection)).split(separator: "\n")
    self.init(.connectionLost, lines.joined(separator: "; "))
  }
}
