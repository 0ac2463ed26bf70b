import CLibPQ

extension Connection {
  /// Runs a text of several statements without parameters: a migration.
  ///
  /// It leaves pipeline mode for that time, so no other flight may be under way.
  package func script(_ text: String) async throws(PostgresError) {
    precondition(loop.isOnLoop && flights.isEmpty, "A script runs alone, on the connection's loop")
    let answer = await withUnsafeContinuation { continuation in
      startScript(text, waiter: .task(continuation))
    }
    _ = try answer.get()
  }

  private func startScript(_ text: String, waiter: Flight.Waiter) {
    guard let handle else { return deliver(waiter, .failure(.closed)) }
    flights.append(Flight(number: nextFlightNumber(), kind: .script, waiter: waiter))
    if PQexitPipelineMode(handle) == 1 && PQsendQuery(handle, text) == 1 {
      flush()
    } else {
      end(PostgresError(connection: handle))
    }
  }

  func takeScriptResult(_ result: OpaquePointer) {
    let status = PQresultStatus(result)
    if status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY {
      flights.first.error = flights.first.error ?? PostgresError(result: result)
    }
    PQclear(result)
  }

  func endScript(over handle: OpaquePointer) {
    guard PQenterPipelineMode(handle) == 1 else { return end(PostgresError(connection: handle)) }
    complete()
  }
}
