import EventLoop

extension Pool {
  /// Waits in line for a connection, with the bounds of the configuration.
  func wait(for use: Use) async throws(PostgresError) -> Connection {
    guard waiters.count < configuration.waitersMax else {
      refused += 1
      throw PostgresError(.poolExhausted, "\(waiters.count) callers wait for a connection")
    }
    lastWaiter += 1
    let number = lastWaiter
    let outcome = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        waiters.append(
          Waiter(
            number: number, use: use, deadline: .now + configuration.waitTimeout,
            continuation: continuation))
        armTimeout()
        // Between the caller's look and this line other tasks ran: one may have become free.
        serveFree()
      }
    } onCancel: {
      Task(executorPreference: loop) { [self] in cancelWaiter(number) }
    }
    return try outcome.get()
  }

  func failWaiters(_ error: PostgresError) {
    while !waiters.isEmpty { waiters.removeFirst().continuation.resume(returning: .failure(error)) }
  }

  private func cancelWaiter(_ number: Int) {
    let error = PostgresError(
      .statement, "Cancelled before there was a connection", sqlState: .queryCanceled)
    waiters.removeFirst { $0.number == number }?.continuation.resume(returning: .failure(error))
  }

  /// One timer is enough: who came first is the first whose time ends.
  private func armTimeout() {
    guard timeout == nil, !waiters.isEmpty else { return }
    timeout = loop.after(waiters.first.deadline - .now) { [self] in
      timeout = nil
      refuseOverdue()
      armTimeout()
    }
  }

  private func refuseOverdue() {
    let error = PostgresError(
      .poolExhausted, "No connection became free within \(configuration.waitTimeout)")
    while !waiters.isEmpty, waiters.first.deadline <= .now {
      refused += 1
      waiters.removeFirst().continuation.resume(returning: .failure(error))
    }
  }
}
