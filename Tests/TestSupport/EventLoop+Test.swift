package import EventLoop

/// Runs `body` on an event loop with a thread of its own, which ends with it.
package func onEventLoop<Result: Sendable>(
  _ body: @Sendable (EventLoop) async throws -> Result
) async throws -> Result {
  let loop = EventLoop()
  let thread = loop.start()
  defer {
    loop.stop()
    thread.join()
  }
  return try await withTaskExecutorPreference(loop) { try await body(loop) }
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
