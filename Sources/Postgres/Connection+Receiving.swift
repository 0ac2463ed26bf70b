import CLibPQ
package import EventLoop

extension Connection: FileDescriptorHandler {
  package func ready(_ events: ReadyEvents) {
    if isWaitingToWrite { flush() }
    guard let handle else { return }
    let isAlive = PQconsumeInput(handle) == 1
    // Even if not: what came before the end is in libpq's buffer.
    receive()
    if !isAlive { lose() }
  }

  /// Takes the answers that have come.
  func receive() {
    while let handle, !flights.isEmpty, !isHeld, PQisBusy(handle) == 0 {
      guard let result = PQgetResult(handle) else {
        // The end of one statement's results; libpq goes on to the next, if it can.
        if PQstatus(handle) == CONNECTION_BAD { return lose() }
        if flights.first.kind == .script { endScript(over: handle) }
        continue
      }
      switch flights.first.kind {
      case .pipeline: take(result)
      case .script: takeScriptResult(result)
      }
    }
    tell()
  }

  private func take(_ result: OpaquePointer) {
    if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
      PQclear(result)
      complete()
      return
    }
    let preparation = flights.first.preparations.first { $0.answer == flights.first.answers }
    flights.first.answers += 1
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
      if let preparation {
        PQclear(result)
        statements.preparationSucceeded(preparation.key)
      } else {
        flights.first.rows.append(Rows(taking: result))
      }
    default:
      // PGRES_PIPELINE_ABORTED follows an error, and has none of its own.
      if flights.first.error == nil { flights.first.error = PostgresError(result: result) }
      PQclear(result)
      if let preparation { statements.preparationFailed(preparation.key) }
    }
  }

  /// Ends the first flight, whose Sync was answered.
  func complete() {
    let flight = flights.removeFirst()
    cancelled.remove(flight.number)
    if !flights.isEmpty, cancelled.contains(flights.first.number) { cancelFirst() }
    if let error = flight.error, flights.isEmpty, isInTransaction,
      case .task(let continuation) = flight.waiter
    {
      launch(CollectionOfOne("ROLLBACK"), waiter: .failedTask(continuation, error))
    } else {
      deliver(flight.waiter, flight.outcome)
    }
    // A cancel request was seen to hit a later flight, although it had ended before.
    if mayBeHit, flights.isEmpty { end(nil) }
  }

  func deliver(_ waiter: Flight.Waiter, _ answer: Flight.Answer) {
    switch waiter {
    case .task(let continuation): continuation.resume(returning: answer)
    case .failedTask(let continuation, let error): continuation.resume(returning: .failure(error))
    case .deallocation(let names): if case .failure = answer { statements.putBack(names) }
    case .nobody: break
    }
  }

  private func lose() {
    guard let handle else { return }
    // The server's last words, if it had any, say more than libpq about the closed socket.
    let lastWords = flights.isEmpty ? nil : flights.first.error
    end(lastWords?.kind == .connectionLost ? lastWords : PostgresError(connection: handle))
  }

  // MARK: Notices and notifications

  /// Keeps notices until `tell`, since libpq calls back in the middle of its work.
  func receiveNotices() {
    PQsetNoticeReceiver(
      handle,
      { context, result in
        guard let context, let result else { return }
        let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
        connection.notices.append(PostgresError(result: result))
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Passes on the notices and notifications that have come.
  private func tell() {
    let arrived = notices
    notices = []
    for notice in arrived { onNotice?(notice) }
    while let handle, let notification = PQnotifies(handle) {
      let channel = String(cString: notification.pointee.relname)
      let payload = String(cString: notification.pointee.extra)
      PQfreemem(notification)
      onNotification?(channel, payload)
    }
  }
}
