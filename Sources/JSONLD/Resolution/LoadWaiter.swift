import Synchronization

/// One who waits for a document that another one loads; cancelled, it waits no longer.
final class LoadWaiter: Sendable {
  private enum State {
    case new
    case waiting(CheckedContinuation<ContextCache.LoadOutcome, Never>)
    case over(ContextCache.LoadOutcome)
  }

  private let state = Mutex(State.new)

  /// What becomes of the load.
  var outcome: ContextCache.LoadOutcome {
    get async {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let known = state.withLock { state -> ContextCache.LoadOutcome? in
            if case .over(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
          }
          if let known { continuation.resume(returning: known) }
        }
      } onCancel: {
        let error = JSONLDError(.loadingDocumentFailed, "nobody waits for it any longer")
        resume(with: .finished(.failure(error)))
      }
    }
  }

  /// Only the first call counts.
  func resume(with outcome: ContextCache.LoadOutcome) {
    let last = state.withLock { state in
      defer { if case .over = state {} else { state = .over(outcome) } }
      return state
    }
    if case .waiting(let continuation) = last { continuation.resume(returning: outcome) }
  }
}
