package import EventLoop

/// Runs `body` on an event loop with a thread of its own, which ends with it.
package func onEventLoop<Result: Sendable>(
  _ body: @Sendable @escaping (EventLoop) async throws -> Result
) async throws -> Result {
  let loop = EventLoop()
  let thread = loop.start()
  defer {
    loop.stop()
    thread.join()
  }
  // Not `withTaskExecutorPreference`: it calls its body on the thread where it is.
  return try await loop.task { try await body(loop) }.value
}

extension EventLoop {
  /// Starts a task on this loop, beside the test that goes on.
  @discardableResult
  package func task<Result: Sendable>(
    _ body: @Sendable @escaping () async throws -> Result
  ) -> Task<Result, any Error> {
    Task(executorPreference: self) { try await body() }
  }
}
