package import EventLoop
import Log
package import NGSILD
import Postgres
package import Storage

/// The write path: operations that arrive in one tick of the loop are planned together and
/// committed in one transaction, and answered after the commit.
///
/// A batch holds one operation per Entity; a second one on the same Entity waits for the next. A
/// batch that fails is run again one by one, so that one bad row hurts only itself.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class WriteBatcher: @unchecked Sendable {
  package struct Limits: Sendable {
    package var rowsMax = 64
    package var flightsMax = 2
    /// Operations that may wait; one more is answered with `overloaded`.
    package var waitingMax = 20_000

    package init() {}
  }

  package typealias Outcome = Result<OperationResult, NGSILDError>

  /// A class, since it moves from list to list.
  private final class Request {
    let operation: WriteTransaction.Operation
    let answer: (Outcome) -> Void

    init(
      _ operation: EntityOperation, on reference: EntityReference, at now: DateTime,
      by request: RequestHeaders?, answer: @escaping (Outcome) -> Void
    ) {
      self.operation = WriteTransaction.Operation(
        reference: reference, operation: operation, at: now, request: request)
      self.answer = answer
    }

    var reference: EntityReference { operation.reference }
  }

  private let loop: EventLoop
  private let transaction: WriteTransaction
  private let limits: Limits
  private var waiting: [Request] = []
  private var busy: Set<EntityReference> = []
  private var flights = 0

  /// Called with the number of operations of each batch that was committed.
  package var batchCommitted: (Int) -> Void = { _ in }

  package init(loop: EventLoop, transaction: WriteTransaction, limits: Limits = Limits()) {
    self.loop = loop
    self.transaction = transaction
    self.limits = limits
    loop.beforeSleep(.flush) { [unowned self] in
      flush()
      return nil
    }
  }

  /// Carries out one operation; returns once it is committed.
  package func perform(
    _ operation: EntityOperation, on reference: EntityReference, at now: DateTime,
    by request: RequestHeaders? = nil
  ) async throws(NGSILDError) -> OperationResult {
    guard waiting.count < limits.waitingMax else { throw overloaded }
    return try await withUnsafeContinuation { continuation in
      waiting.append(
        Request(operation, on: reference, at: now, by: request) {
          continuation.resume(returning: $0)
        })
    }.get()
  }

  /// Carries out operations in order for each Entity; returns once all are committed or refused.
  package func perform(
    _ operations: [(reference: EntityReference, operation: EntityOperation)], at now: DateTime,
    by request: RequestHeaders? = nil
  ) async -> [Outcome] {
    guard waiting.count < limits.waitingMax else {
      return operations.map { _ in .failure(overloaded) }
    }
    guard !operations.isEmpty else { return [] }
    let collected = OutcomeCollection(count: operations.count)
    return await withUnsafeContinuation { continuation in
      for (index, (reference, operation)) in operations.enumerated() {
        waiting.append(
          Request(operation, on: reference, at: now, by: request) { outcome in
            if let all = collected.add(outcome, at: index) { continuation.resume(returning: all) }
          })
      }
    }
  }

  private var overloaded: NGSILDError {
    NGSILDError(.overloaded, "Too many writes are waiting; try again in a moment")
  }

  /// Starts flights with what waits, as far as bounds and busy Entities allow.
  private func flush() {
    while flights < limits.flightsMax {
      let batch = takeBatch()
      guard !batch.isEmpty else { return }
      flights += 1
      Task(executorPreference: loop) { [self] in
        await run(batch)
        flights -= 1
        for request in batch { busy.remove(request.reference) }
      }
    }
  }

  private func takeBatch() -> [Request] {
    guard !waiting.isEmpty else { return [] }
    var batch: [Request] = []
    var rest: [Request] = []
    batch.reserveCapacity(min(waiting.count, limits.rowsMax))
    for request in waiting {
      if batch.count < limits.rowsMax && busy.insert(request.reference).inserted {
        batch.append(request)
      } else {
        rest.append(request)
      }
    }
    waiting = rest
    return batch
  }

  private func run(_ batch: [Request]) async {
    let operations = batch.map(\.operation)
    if let results = await transaction.run(operations) {
      batchCommitted(batch.count)
      for (request, result) in zip(batch, results) {
        request.answer(result)
      }
      return
    }
    for (request, operation) in zip(batch, operations) {
      request.answer(await transaction.runAlone(operation))
    }
  }
}

/// The outcomes of several operations, which arrive one by one in any order.
private final class OutcomeCollection {
  private var outcomes: [WriteBatcher.Outcome?]
  private var missing: Int

  init(count: Int) {
    outcomes = [WriteBatcher.Outcome?](repeating: nil, count: count)
    missing = count
  }

  /// Returns all outcomes with the last one that was missing.
  func add(_ outcome: WriteBatcher.Outcome, at index: Int) -> [WriteBatcher.Outcome]? {
    outcomes[index] = outcome
    missing -= 1
    return missing == 0 ? outcomes.compactMap(\.self) : nil
  }
}
